-- The triggers that keep the history of every table of the ledger, whichever migration made it.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND (
            c.relname IN ('audit_events', 'entitlements', 'installation', 'later_columns', 'life_cycle', 'snapshot_contents')
            OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'event_id'))
        ORDER BY 1
    LOOP
        CALL guard_history(name);
    END LOOP;
    CALL know_event_tables();
END $$;
