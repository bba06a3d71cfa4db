-- The triggers that keep the history of every table of the ledger, whichever migration made it.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT relname FROM pg_class
        WHERE relnamespace = 'ledger'::regnamespace AND relkind = 'r' ORDER BY 1
    LOOP
        CALL guard_history(name);
    END LOOP;
END $$;
