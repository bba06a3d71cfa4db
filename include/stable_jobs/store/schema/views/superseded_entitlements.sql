-- Entitlements of a unit that has another one, because a person ruled that both are one unit's.
CREATE OR REPLACE VIEW superseded_entitlements AS
SELECT DISTINCT d.entitlement_id
FROM doubts d JOIN doubt_rulings k ON k.doubt_id = d.id AND k.outcome = 'same'
JOIN entitlements e ON e.id = d.entitlement_id
JOIN entitlements o ON o.id = d.other_entitlement_id AND o.region_code = e.region_code
    AND o.policy_year = e.policy_year;

GRANT SELECT ON superseded_entitlements TO stable_jobs_app;
