-- What an event wrote: for each of its tables what digested_rows says of it.
CREATE OR REPLACE FUNCTION event_digest(event bigint, version integer DEFAULT 2) RETURNS jsonb LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(jsonb_object_agg(d.hashed, d.digest), '{}')
    FROM event_tables t CROSS JOIN LATERAL digested_rows(t.table_name, event_digest.version, t.event, t.event) d
    WHERE t.event = event_digest.event;
END;
