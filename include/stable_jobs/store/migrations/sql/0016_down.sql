DO $$
DECLARE
    moved text;
BEGIN
    FOR moved IN
        SELECT format('TABLE ledger.%I', relname) FROM pg_class
        WHERE relnamespace = 'ledger'::regnamespace AND relkind = 'r'
        UNION ALL
        SELECT format('ROUTINE ledger.%I(%s)', proname, pg_get_function_identity_arguments(oid)) FROM pg_proc
        WHERE pronamespace = 'ledger'::regnamespace
    LOOP
        EXECUTE format('ALTER %s SET SCHEMA public', moved);
    END LOOP;
END $$;
DROP SCHEMA ledger;
