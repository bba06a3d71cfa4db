-- What events of a range wrote into one table: how many rows, and the SHA-256 over them. A table bears the name of hashed_as.
-- Version 1 hashes the hashes of each row's JSON, in the order of the hashes. Version 2 hashes each 4,096 keys' rows as
-- PostgreSQL prints them, in the order of their keys, and then those hashes. Columns of later_columns count where they have
-- a value; those of a payment or a batch that change never do. An entitlement counts in each event that wrote it, with what
-- it was then.
CREATE OR REPLACE FUNCTION digested_rows(name text, version integer, first_event bigint, last_event bigint)
RETURNS TABLE (event bigint, hashed text, digest jsonb) LANGUAGE plpgsql STABLE
SET search_path = ledger, public, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
DECLARE
    hashed text;
    content text;
    later text[];
    keys text[];
    beside text := CASE name
        WHEN 'entitlement_revisions' THEN 'JOIN entitlements e ON e.id = t.entitlement_id'
        WHEN 'release_events' THEN 'JOIN public.delivery_releases e ON e.id = t.release_id' ELSE '' END;
    changing text[] := CASE WHEN name IN ('payments', 'batches') THEN '{state,reason,changed_on,is_open}'::text[]
        WHEN name = 'entitlement_revisions' THEN '{replaced_in}' ELSE '{}' END;
    source text := CASE name WHEN 'entitlements' THEN 'entitlement_versions'
        WHEN 'entitlement_revisions' THEN '(SELECT * FROM entitlement_revisions WHERE replaced_in IS NULL)'
        ELSE format('%I', name) END;
BEGIN
    SELECT coalesce(max(h.hashed_name) FILTER (WHERE h.column_name IS NULL), name),
           CASE WHEN count(h.column_name) = 0 THEN 'to_jsonb(t)'
               ELSE format('(to_jsonb(t) - %L::text[] || jsonb_build_object(%s))',
                   array_agg(h.column_name) FILTER (WHERE h.column_name IS NOT NULL),
                   string_agg(format('%L, to_jsonb(t.%I)', h.hashed_name, h.column_name), ', ')
                       FILTER (WHERE h.column_name IS NOT NULL)) END
    INTO hashed, content FROM hashed_as() h WHERE h.table_name = name;
    SELECT array_agg(column_name) INTO later FROM later_columns WHERE table_name = hashed;
    IF version = 1 THEN
        RETURN QUERY EXECUTE format($q$
            SELECT r.event_id, %L::text, jsonb_build_object('rows', count(*), 'sha256',
                encode(sha256(string_agg(h, ''::bytea ORDER BY h)), 'hex'))
            FROM (SELECT t.event_id, sha256(convert_to((%s %s - %L::text[] %s)::text, 'UTF8')) AS h FROM %s t %s
                  WHERE t.event_id BETWEEN $1 AND $2) r GROUP BY r.event_id $q$,
            hashed, content,
            CASE WHEN later IS NOT NULL THEN format(
                '- ARRAY(SELECT k FROM unnest(%L::text[]) k WHERE %s -> k = ''null''::jsonb)', later, content)
                ELSE '' END,
            changing,
            CASE name WHEN 'entitlement_revisions'
                THEN $s$|| jsonb_build_object('unit', e.region_code || e.uscc || e.policy_year || e.scheme_pair)$s$
                WHEN 'release_events' THEN '|| to_jsonb(e)' ELSE '' END,
            source, beside) USING first_event, last_event;
        RETURN;
    END IF;
    SELECT array_agg(format('t.%I', a.attname) ORDER BY k.place) INTO keys
    FROM pg_index i CROSS JOIN unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, place)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid = format('%I', name)::regclass AND i.indisprimary;
    SELECT format('ROW(%s)::text', string_agg(format('t.%I', a.attname), ', ' ORDER BY a.attnum)
               FILTER (WHERE a.attname <> ALL (coalesce(later, '{}'))))
        || coalesce(string_agg(format('|| coalesce(%L || to_jsonb(t.%I)::text, '''')', ' ' || a.attname || ' ', a.attname), ' '
               ORDER BY a.attname) FILTER (WHERE a.attname = ANY (later)), '')
    INTO content FROM pg_attribute a
    WHERE a.attrelid = format('%I', name)::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (changing);
    RETURN QUERY EXECUTE format($q$
        SELECT r.event_id, %L::text, jsonb_build_object('version', 2, 'rows', sum(r.rows), 'sha256',
            encode(sha256(string_agg(r.h, ''::bytea ORDER BY r.block)), 'hex'))
        FROM (SELECT t.event_id, %s AS block, count(*) AS rows,
                     sha256(convert_to(string_agg(%s %s, E'\n' ORDER BY %s), 'UTF8')) AS h
              FROM %s t %s WHERE t.event_id BETWEEN $1 AND $2 GROUP BY t.event_id, block) r GROUP BY r.event_id $q$,
        hashed,
        CASE WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = format('%I', name)::regclass
            AND format('t.%I', attname) = keys[1] AND atttypid = 'bigint'::regtype) THEN keys[1] || ' >> 12' ELSE '0' END,
        content,
        CASE name WHEN 'entitlement_revisions' THEN '|| ROW(e.region_code, e.uscc, e.policy_year, e.scheme_pair)::text'
            WHEN 'release_events' THEN '|| to_jsonb(e)::text' ELSE '' END,
        array_to_string(keys, ', '), source, beside) USING first_event, last_event;
END $$;
