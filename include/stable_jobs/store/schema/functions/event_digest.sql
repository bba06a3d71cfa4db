-- What an event wrote: per table its rows and the SHA-256 over the SHA-256 of each, in their order. Only the tables that
-- hold rows of the event are read. Tables and columns go into the hash under the names of hashed_as, where it has them;
-- later_columns knows them by those names too.
CREATE OR REPLACE FUNCTION event_digest(event bigint) RETURNS jsonb LANGUAGE plpgsql STABLE
SET search_path = ledger, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    name text;
    hashed text;
    content text;
    later text[];
    found jsonb;
    result jsonb := '{}';
BEGIN
    FOR name IN SELECT t.name FROM tables_of_event(event) AS t (name) LOOP
        SELECT coalesce(max(h.hashed_name) FILTER (WHERE h.column_name IS NULL), name),
               CASE WHEN count(h.column_name) = 0 THEN 'to_jsonb(t)'
                   ELSE format('(to_jsonb(t) - %L::text[] || jsonb_build_object(%s))',
                       array_agg(h.column_name) FILTER (WHERE h.column_name IS NOT NULL),
                       string_agg(format('%L, to_jsonb(t.%I)', h.hashed_name, h.column_name), ', ')
                           FILTER (WHERE h.column_name IS NOT NULL)) END
        INTO hashed, content FROM hashed_as() h WHERE h.table_name = name;
        SELECT array_agg(column_name) INTO later FROM later_columns WHERE table_name = hashed;
        EXECUTE format($q$
            SELECT jsonb_build_object('rows', count(*), 'sha256',
                encode(sha256(string_agg(h, ''::bytea ORDER BY h)), 'hex'))
            FROM (SELECT sha256(convert_to((%s %s %s)::text, 'UTF8')) AS h FROM %I t WHERE t.event_id = $1) r $q$,
            content,
            CASE WHEN later IS NOT NULL THEN format(
                '- ARRAY(SELECT k FROM unnest(%L::text[]) k WHERE %s -> k = ''null''::jsonb)', later, content)
                ELSE '' END,
            CASE WHEN name IN ('payments', 'batches') THEN $s$- '{state,reason,changed_on}'::text[]$s$
                WHEN name = 'entitlement_revisions' THEN $s$|| (
                    SELECT jsonb_build_object('unit', e.region_code || e.uscc || e.policy_year || e.scheme_pair)
                    FROM entitlements e WHERE e.id = t.entitlement_id)$s$
                WHEN name = 'release_events' THEN $s$|| (
                    SELECT to_jsonb(d) FROM delivery_releases d WHERE d.id = t.release_id)$s$ ELSE '' END,
            name) INTO found USING event;
        result := result || jsonb_build_object(hashed, found);
    END LOOP;
    RETURN result;
END $$;
