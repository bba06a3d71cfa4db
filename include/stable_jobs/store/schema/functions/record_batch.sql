-- Each new or changed batch leaves its state, written by the owner.
CREATE OR REPLACE FUNCTION record_batch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, public, pg_temp AS $$
BEGIN
    INSERT INTO batch_changes (batch_id, from_state, to_state, reason, changed_on)
    VALUES (NEW.id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state, NEW.reason,
            coalesce(ledger_date(), NEW.business_date));
    RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION record_batch FROM PUBLIC;
