-- Each changed payment leaves its new state, written by the owner.
CREATE OR REPLACE FUNCTION record_changed_payments() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, public, pg_temp AS $$
BEGIN
    EXECUTE $q$
    INSERT INTO state_changes (payment_id, from_state, to_state, reason, changed_on)
    SELECT n.id, o.state, n.state, n.reason, n.changed_on
    FROM new_rows n JOIN old_rows o ON o.id = n.id ORDER BY n.id
    $q$;
    RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION record_changed_payments FROM PUBLIC;
