-- The catalog's rows as they are now. What may change later of a delivery (what became of it) is not in its digest.
CREATE OR REPLACE VIEW catalog_digests AS
SELECT 'snapshot' AS subject, s.id AS subject_id, row_sha256(s.kind, s.business_date::text, s.fingerprint, s.name,
    s.rows::text, c.sha256, c.size_bytes::text) AS sha256
FROM snapshots s LEFT JOIN snapshot_contents c ON c.snapshot_id = s.id
UNION ALL
SELECT 'delivery', d.id, row_sha256(d.department, d.extract, d.business_date::text, d.region_code, d.sequence::text,
    d.file_name, d.file_format, d.sha256, d.size_bytes::text, extract(epoch FROM d.received_at)::text)
FROM deliveries d
UNION ALL
SELECT 'validation', v.id, row_sha256(v.business_date::text, v.extract, v.fingerprint, v.quarantine_snapshot_id::text,
    (SELECT string_agg(row_sha256(o.delivery_id::text, o.region_code, o.received::text, o.accepted::text,
        o.quarantined::text, o.held_rule), '' ORDER BY o.delivery_id, o.region_code)
    FROM delivery_outcomes o WHERE o.validation_id = v.id))
FROM validations v;

GRANT SELECT ON catalog_digests TO stable_jobs_app;
