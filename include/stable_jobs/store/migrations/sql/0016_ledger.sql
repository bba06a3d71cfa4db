-- The ledger has a schema of its own: its tables, and every function and view. The catalog stays in `public`.
CREATE SCHEMA ledger;
GRANT USAGE ON SCHEMA ledger TO stable_jobs_app, stable_jobs_reader;

DO $$
DECLARE
    moved text;
BEGIN
    FOR moved IN
        SELECT format('TABLE public.%I', c.relname) FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND (
            c.relname IN ('audit_events', 'entitlements', 'installation', 'later_columns', 'life_cycle',
                          'snapshot_contents')
            OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'event_id'))
        UNION ALL
        SELECT format('VIEW public.%I', relname) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'v' AND relowner = current_user::regrole
        UNION ALL
        SELECT format('ROUTINE public.%I(%s)', proname, pg_get_function_identity_arguments(oid)) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proowner = current_user::regrole
    LOOP
        EXECUTE format('ALTER %s SET SCHEMA ledger', moved);
    END LOOP;
END $$;
