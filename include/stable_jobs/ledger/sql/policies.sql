-- The values that a region's money rests on: found by every night, confirmed by two people, or nothing moves.
-- Reads: bank_values, night_regions, night_units, night_values, own_values, policy_confirmations,
--   policies_in_force, policy_stops, policy_values, proposals, region_totals, total_rulings, totals_in_force,
--   total_stops.
-- Writes: night_regions, night_values, policy_confirmations, policy_nights, policy_values, region_totals.

-- name: with_banks
INSERT INTO night_values (region_code, content, hash)
SELECT region_code, content, policy_hash(content) FROM (
    SELECT s.region_code, coalesce((
        SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(v.content) e
        WHERE NOT starts_with(e.key, 'bank.')), '{}') || b.content AS content
    FROM policies_in_force s JOIN policy_values v ON (v.region_code, v.hash) = (s.region_code, s.hash)
    JOIN bank_values b ON b.region_code = s.region_code WHERE s.business_date = ledger_date()
) merged;

-- name: noted
SELECT s.region_code, CASE WHEN s.is_confirmed
    THEN CAST(v.content -> 'general.deadline' ->> 'value' AS date) END AS deadline
FROM policies_in_force s JOIN policy_values v ON (v.region_code, v.hash) = (s.region_code, s.hash)
WHERE s.business_date = ledger_date();

-- name: values
INSERT INTO policy_values (region_code, hash, content)
SELECT region_code, hash, content FROM night_values n
WHERE NOT EXISTS (
    SELECT FROM policy_values v WHERE (v.region_code, v.hash) = (n.region_code, n.hash))
ORDER BY region_code;

-- name: nights
INSERT INTO policy_nights (region_code, hash)
SELECT n.region_code, n.hash FROM night_values n
LEFT JOIN policies_in_force s ON s.region_code = n.region_code AND s.business_date = ledger_date()
WHERE s.hash IS DISTINCT FROM n.hash ORDER BY n.region_code;

-- name: demonstration
INSERT INTO policy_confirmations (region_code, effective_on, hash, files)
SELECT s.region_code, ledger_date(), s.hash, :files
FROM policies_in_force s JOIN own_values o ON (o.region_code, o.hash) = (s.region_code, s.hash)
WHERE NOT s.is_confirmed AND NOT o.content ?| ARRAY['fault', 'bank.fault']
  AND NOT EXISTS (SELECT FROM policy_confirmations k WHERE k.files <> :files)
ORDER BY s.region_code;

-- name: totals
-- What the night's units add up to; for a night whose units are those of the last one, that one's total.
INSERT INTO region_totals (region_code, units, total, factor, floor)
SELECT * FROM (
    SELECT r.region_code, c.units, c.total,
           (v.content -> 'general.total_factor' ->> 'value')::numeric AS factor,
           (v.content -> 'general.total_floor' ->> 'value')::numeric AS floor
    FROM night_regions r JOIN policies_in_force s ON s.region_code = r.region_code
    JOIN policy_values v ON (v.region_code, v.hash) = (s.region_code, s.hash)
    JOIN (
        SELECT n.region_code, count(u.uscc) AS units,
               least(coalesce(sum(u.entitlement), 0), 9999999999999999.99) AS total
        FROM night_regions n
        LEFT JOIN night_units u ON u.region_code = n.region_code AND u.decision = 'eligible'
        WHERE NOT CAST(:is_again AS boolean) GROUP BY n.region_code
        UNION ALL
        (SELECT DISTINCT ON (o.region_code) o.region_code, o.units, o.total FROM region_totals o
         WHERE CAST(:is_again AS boolean) ORDER BY o.region_code, o.business_date DESC, o.id DESC)
    ) c ON c.region_code = r.region_code
    WHERE NOT r.is_suspended
) t
WHERE NOT EXISTS (
    SELECT FROM totals_in_force s
    WHERE s.region_code = t.region_code AND s.business_date = ledger_date()
      AND (s.units, s.total) = (t.units, t.total) AND s.factor IS NOT DISTINCT FROM t.factor)
ORDER BY region_code;

-- name: hold_for_values
UPDATE night_regions r SET is_suspended = true FROM policy_stops s
WHERE s.region_code = r.region_code AND NOT r.is_suspended;

-- name: hold_for_total
UPDATE night_regions r SET is_suspended = true FROM total_stops s
WHERE s.region_code = r.region_code AND NOT r.is_suspended;

-- name: asked
SELECT n.region_code, n.hash FROM night_values n
LEFT JOIN LATERAL (
    SELECT k.hash FROM policy_confirmations k
    WHERE k.region_code = n.region_code AND k.effective_on <= :on
    ORDER BY k.effective_on DESC, k.id DESC LIMIT 1) c ON true
WHERE c.hash IS DISTINCT FROM n.hash ORDER BY 1;

-- name: insert_policy_confirmations
INSERT INTO policy_confirmations (region_code, effective_on, hash, proposal_id)
SELECT r.key, CAST(p.content ->> 'from' AS date), r.value, p.id
FROM proposals p, jsonb_each_text(p.content -> 'regions') r WHERE p.id = :id ORDER BY r.key;

-- name: accept_total
SELECT t.id, t.is_beyond, t.total, r.ruled_by FROM region_totals t
LEFT JOIN total_rulings r ON r.total_id = t.id
WHERE t.region_code = :region AND t.business_date = :on ORDER BY t.id DESC LIMIT 1;
