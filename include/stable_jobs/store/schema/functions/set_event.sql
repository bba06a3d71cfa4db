-- A row belongs to the event of its transaction, whatever the statement says.
CREATE OR REPLACE FUNCTION set_event() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
BEGIN
    NEW.event_id := ledger_event();
    IF NEW.event_id IS NULL THEN
        RAISE EXCEPTION 'a row of % needs an audit event', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
