-- Writers one after the other, whoever they are: the lock of the ledger's events, and only the event that comes
-- next. Nobody adds a row to an event that is in the chain.
CREATE OR REPLACE FUNCTION require_own_event() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    own bigint := ledger_event();
    next bigint;
BEGIN
    IF own IS NULL THEN
        RAISE EXCEPTION 'a row of % needs an audit event', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM pg_advisory_xact_lock(5700003);
    SELECT coalesce(max(id), 0) + 1 INTO next FROM audit_events;
    IF own <> next THEN
        RAISE EXCEPTION 'a row of % cannot be of event %: the next one is %', TG_TABLE_NAME, own, next
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
