-- Writes `tables_of_event` anew from the catalog: which tables hold rows of an event is asked of all in one prepared
-- statement. Called whenever a table becomes the ledger's.
CREATE OR REPLACE PROCEDURE know_event_tables() LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    asked text;
BEGIN
    SELECT string_agg(format('SELECT %L::text WHERE EXISTS (SELECT FROM %I WHERE event_id = event)', c.relname, c.relname),
                      E'\n    UNION ALL ' ORDER BY c.relname) INTO asked
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind = 'r' AND a.attname = 'event_id';
    -- Every one of the tables has an index on event_id: no plan may read a table of millions of rows for one event.
    EXECUTE format('CREATE OR REPLACE FUNCTION tables_of_event(event bigint) RETURNS SETOF text LANGUAGE plpgsql STABLE'
        ' SET search_path = ledger, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS %L',
        E'BEGIN\n    RETURN QUERY ' || asked || E';\nEND ');
END $$;
