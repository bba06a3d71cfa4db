-- Each new payment leaves its first state, written by the owner.
CREATE OR REPLACE FUNCTION record_new_payments() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, public, pg_temp AS $$
BEGIN
    INSERT INTO state_changes (payment_id, from_state, to_state, reason, changed_on)
    SELECT id, NULL, state, reason, changed_on FROM new_rows ORDER BY id;
    RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION record_new_payments FROM PUBLIC;
