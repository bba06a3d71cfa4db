-- Writers one after the other, whoever they are: the lock of the ledger's events, and only the event that comes
-- next. Nobody adds a row to an event that is in the chain.
CREATE OR REPLACE FUNCTION require_own_event() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    next bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(5700003);
    SELECT coalesce(max(id), 0) + 1 INTO next FROM audit_events;
    IF ledger_event() <> next THEN
        RAISE EXCEPTION 'a row of % cannot be of event %: the next one is %', TG_TABLE_NAME, ledger_event(), next
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
