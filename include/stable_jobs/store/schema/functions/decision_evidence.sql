-- What a decision stands on: its own files, those it was made from, their deliveries, and what was found of these.
CREATE OR REPLACE FUNCTION decision_evidence(decision bigint) RETURNS TABLE (subject text, subject_id bigint) LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH own AS (
        SELECT s.id, s.inputs FROM snapshots s
        WHERE s.fingerprint = (SELECT d.fingerprint FROM snapshots d WHERE d.id = decision)
    ), made_from AS (
        SELECT DISTINCT CASE WHEN x ->> 2 ~ '^[0-9]+$' THEN (x ->> 2)::bigint END AS delivery_id,
               x ->> 3 AS staged, x ->> 4 AS quarantine
        FROM own CROSS JOIN LATERAL jsonb_array_elements(
            CASE jsonb_typeof(own.inputs -> 'in_force') WHEN 'array' THEN own.inputs -> 'in_force' ELSE '[]' END) x
        WHERE own.id = decision AND jsonb_typeof(x) = 'array'
    ), files AS (
        SELECT id FROM own
        UNION SELECT s.id FROM snapshots s JOIN made_from m ON s.name IN (m.staged, m.quarantine)
        UNION SELECT s.id FROM snapshots s JOIN own ON own.id = decision
            WHERE s.kind = 'paid_by_us' AND s.fingerprint = own.inputs ->> 'paid_by_us'
    )
    SELECT 'snapshot'::text, id FROM files
    UNION ALL SELECT 'delivery', d.id FROM deliveries d JOIN made_from m ON m.delivery_id = d.id
    UNION ALL SELECT 'validation', v.id FROM validations v WHERE v.quarantine_snapshot_id IN (SELECT id FROM files);
END;
