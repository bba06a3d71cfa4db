-- Entitlements whose payments a doubt, a ruling or a disagreement stops.
CREATE OR REPLACE VIEW doubt_stops AS
SELECT e.id AS entitlement_id, 'doubt'::text AS cause,
       'doubt ' || d.id || ' (' || d.kind || '): ' || o.region_code || ' ' || o.uscc || ' ' || o.unit_name AS detail
FROM (
    SELECT id, kind, units, entitlement_id AS mine, other_entitlement_id AS theirs FROM open_doubts
    UNION ALL SELECT id, kind, units, other_entitlement_id, entitlement_id FROM open_doubts
) d
JOIN entitlements e ON e.id = d.mine
JOIN entitlements o ON o.id = d.theirs
LEFT JOIN LATERAL (
    SELECT t.stopping, t.shared_account_units FROM doubt_terms t WHERE t.region_code = e.region_code
    ORDER BY t.id DESC LIMIT 1) terms ON true
WHERE d.kind = 'one_unit_twice'
   OR d.kind = ANY (string_to_array(coalesce(terms.stopping, 'new_code;two_regions;shared_account'), ';'))
      AND (d.kind <> 'shared_account' OR d.units >= coalesce(terms.shared_account_units, 2))
UNION ALL
SELECT d.entitlement_id, 'doubt', 'doubt ' || d.id || ' (' || d.kind || ') is ruled the same as '
       || o.region_code || ' ' || o.uscc || ' ' || o.unit_name
FROM doubts d JOIN doubt_rulings k ON k.doubt_id = d.id AND k.outcome = 'same'
JOIN entitlements o ON o.id = d.other_entitlement_id
UNION ALL
SELECT entitlement_id, 'disagreement', detail FROM open_disagreements WHERE entitlement_id IS NOT NULL;

GRANT SELECT ON doubt_stops TO stable_jobs_app;
