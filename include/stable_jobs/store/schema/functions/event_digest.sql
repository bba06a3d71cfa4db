-- What an event wrote: per table its rows and the SHA-256 over the SHA-256 of each, in their order. Only the tables that
-- hold rows of the event are read.
CREATE OR REPLACE FUNCTION event_digest(event bigint) RETURNS jsonb LANGUAGE plpgsql STABLE
SET search_path = ledger, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    name text;
    later text[];
    found jsonb;
    result jsonb := '{}';
BEGIN
    FOR name IN SELECT t.name FROM tables_of_event(event) AS t (name) LOOP
        SELECT array_agg(column_name) INTO later FROM later_columns WHERE table_name = name;
        EXECUTE format($q$
            SELECT jsonb_build_object('rows', count(*), 'sha256',
                encode(sha256(string_agg(h, ''::bytea ORDER BY h)), 'hex'))
            FROM (SELECT sha256(convert_to((to_jsonb(t) %s %s)::text, 'UTF8')) AS h FROM %I t WHERE t.event_id = $1) r $q$,
            CASE WHEN later IS NOT NULL THEN format(
                '- ARRAY(SELECT k FROM unnest(%L::text[]) k WHERE to_jsonb(t) -> k = ''null''::jsonb)', later)
                ELSE '' END,
            CASE WHEN name IN ('payments', 'batches') THEN $s$- '{state,reason,changed_on}'::text[]$s$
                WHEN name = 'entitlement_revisions' THEN $s$|| (
                    SELECT jsonb_build_object('unit', e.region_code || e.uscc || e.policy_year || e.scheme_pair)
                    FROM entitlements e WHERE e.id = t.entitlement_id)$s$
                WHEN name = 'release_events' THEN $s$|| (
                    SELECT to_jsonb(d) FROM delivery_releases d WHERE d.id = t.release_id)$s$ ELSE '' END,
            name) INTO found USING event;
        result := result || jsonb_build_object(name, found);
    END LOOP;
    RETURN result;
END $$;
