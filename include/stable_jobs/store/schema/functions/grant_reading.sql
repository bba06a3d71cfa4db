-- The role of the pages reads everything but account numbers, and writes nothing. Called after every migration.
CREATE OR REPLACE PROCEDURE grant_reading() LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    name text;
    columns text;
BEGIN
    FOR name, columns IN
        SELECT c.relname, CASE WHEN bool_or(a.attname LIKE '%account_no%')
            THEN '(' || string_agg(quote_ident(a.attname), ', ') FILTER (WHERE a.attname NOT LIKE '%account_no%') || ')'
            ELSE '' END
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace IN ('ledger'::regnamespace, 'public'::regnamespace) AND c.relkind IN ('r', 'v', 'm')
            AND pg_get_userbyid(c.relowner) = current_user
        GROUP BY 1
    LOOP
        EXECUTE format('REVOKE ALL ON %I FROM stable_jobs_reader', name);
        EXECUTE format('GRANT SELECT %s ON %I TO stable_jobs_reader', columns, name);
    END LOOP;
END $$;

REVOKE EXECUTE ON PROCEDURE grant_reading FROM PUBLIC;
