-- Rows belong to the event of their transaction, and the event knows which tables it wrote: `event_tables` refers to the
-- audit event once where each of a city's rows would have.
CREATE OR REPLACE FUNCTION check_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, public, pg_temp AS $$
DECLARE
    own bigint := ledger_event();
BEGIN
    IF EXISTS (SELECT FROM new_rows WHERE event_id IS DISTINCT FROM own) THEN
        RAISE EXCEPTION 'a row of % cannot be of another event than its transaction''s', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (SELECT FROM new_rows) THEN
        INSERT INTO event_tables VALUES (own, TG_TABLE_NAME) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION check_event FROM PUBLIC;
