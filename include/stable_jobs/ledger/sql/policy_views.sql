-- What people are shown of the values that money rests on, and of regions' totals. Reads only.
-- Reads: policy_confirmations, policy_nights, policies_in_force, policy_stops, policy_values,
--   proposal_decisions, proposals, region_nights, totals_in_force, total_stops.

-- name: changes
SELECT s.region_code, d.name, coalesce(d.old ->> 'value', '') AS old,
       coalesce(d.new ->> 'value', '') AS new,
       coalesce(d.old ->> 'reference', '') AS old_reference,
       coalesce(d.new ->> 'reference', '') AS new_reference, s.first_night, s.is_confirmed,
       CASE WHEN s.is_confirmed THEN s.proposal_id END AS proposal_id,
       CASE WHEN NOT s.is_confirmed THEN '' WHEN s.files IS NOT NULL THEN 'stable-jobs'
            ELSE p.proposed_by END AS proposed_by,
       CASE WHEN NOT s.is_confirmed THEN '' WHEN s.files IS NOT NULL THEN 'stable-jobs'
            ELSE k.decided_by END AS confirmed_by
FROM policies_in_force s
LEFT JOIN proposals p ON p.id = s.proposal_id LEFT JOIN proposal_decisions k ON k.proposal_id = p.id
CROSS JOIN LATERAL (
    SELECT name, old, new FROM (
        SELECT name, old, new, bool_or(name = 'fault') OVER () AS is_unread,
               bool_or(name = 'bank.fault') OVER () AS is_bank_unread
        FROM policy_differences(s.region_code, s.before_hash, s.hash)
    ) c
    WHERE name IN ('fault', 'bank.fault') OR s.before_hash IS NOT NULL
        AND NOT is_unread AND NOT (is_bank_unread AND starts_with(name, 'bank.'))
    UNION ALL
    SELECT :first, NULL, jsonb_build_object('value', count(*)::text)
    FROM policy_differences(s.region_code, NULL, s.hash) WHERE s.before_hash IS NULL HAVING count(*) > 0
) d
WHERE (NOT s.is_confirmed OR CASE WHEN CAST(:since AS date) IS NULL THEN NOT EXISTS (
        SELECT FROM region_nights w WHERE w.region_code = s.region_code AND NOT w.is_suspended
            AND w.business_date >= s.first_night AND w.business_date < s.business_date)
        ELSE s.first_night > CAST(:since AS date) END)
  AND NOT (s.is_confirmed AND s.files IS NOT NULL AND s.before_hash IS NULL)
  AND (CAST(:region AS text) IS NULL OR s.region_code = :region)
ORDER BY s.is_confirmed, s.region_code, d.name;

-- name: beyond
SELECT region_code, business_date, units, total, factor, last_date, last_total,
       coalesce(ruled_by, '') AS ruled_by, coalesce(reason, '') AS reason
FROM totals_in_force WHERE is_beyond AND (CAST(:region AS text) IS NULL OR region_code = :region)
ORDER BY region_code;

-- name: stop_of
SELECT cause || ': ' || detail FROM (SELECT * FROM policy_stops UNION ALL SELECT * FROM total_stops) s
WHERE region_code = :region ORDER BY cause LIMIT 1;

-- name: asked
-- Either the values in `:values`, by region, or those that proposal `:id` asks to confirm.
WITH asked AS (
    SELECT v.key AS region_code, v.value AS content, policy_hash(v.value) AS hash
    FROM jsonb_each(CAST(:values AS jsonb)) v
    UNION ALL
    SELECT v.region_code, v.content, v.hash FROM proposals p
    CROSS JOIN LATERAL jsonb_each_text(p.content -> 'regions') r
    JOIN policy_values v ON (v.region_code, v.hash) = (r.key, r.value)
    WHERE p.kind = 'policy' AND p.id = :id
)
SELECT a.region_code AS region, d.name, d.old ->> 'value' AS old, d.new ->> 'value' AS new,
       d.old ->> 'reference' AS "old reference", d.new ->> 'reference' AS "new reference",
       d.new ->> 'from' AS "from",
       (SELECT min(f.business_date) FROM policy_nights f
        WHERE (f.region_code, f.hash) = (a.region_code, a.hash)) AS "first night",
       CASE WHEN c.hash IS NULL THEN 'nothing' WHEN c.files IS NOT NULL THEN 'demonstration'
            ELSE p.proposed_by || ', ' || k.decided_by END AS "old confirmed by"
FROM asked a
LEFT JOIN LATERAL (
    SELECT s.hash, s.files, s.proposal_id, v.content FROM policy_confirmations s
    JOIN policy_values v ON (v.region_code, v.hash) = (s.region_code, s.hash)
    WHERE s.region_code = a.region_code AND s.effective_on <= CAST(:on AS date)
    ORDER BY s.effective_on DESC, s.id DESC LIMIT 1) c ON true
LEFT JOIN proposals p ON p.id = c.proposal_id LEFT JOIN proposal_decisions k ON k.proposal_id = p.id
CROSS JOIN LATERAL (
    SELECT coalesce(n.key, o.key) AS name, o.value AS old, n.value AS new
    FROM jsonb_each(a.content) n FULL JOIN jsonb_each(coalesce(c.content, '{}')) o ON o.key = n.key
    WHERE n.value IS DISTINCT FROM o.value) d
WHERE c.hash IS DISTINCT FROM a.hash
ORDER BY 1, 2;

-- name: confirmations
SELECT c.region_code AS region, c.effective_on AS "from", c.proposal_id::text AS proposal,
       coalesce(p.proposed_by, 'stable-jobs (demonstration)') AS "proposed by",
       d.decided_by AS "confirmed by",
       p.reason, c.hash AS "values"
FROM policy_confirmations c LEFT JOIN proposals p ON p.id = c.proposal_id
LEFT JOIN proposal_decisions d ON d.proposal_id = p.id
WHERE (CAST(:region AS text) IS NULL OR is_within(c.region_code, :region))
ORDER BY c.region_code, c.effective_on, c.id;
