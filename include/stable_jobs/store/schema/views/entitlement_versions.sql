-- Every version of an entitlement since 0020, in the columns of `entitlements`, with the event that wrote it: what is in force,
-- and what was before. Older versions are in `entitlement_revisions` alone.
CREATE OR REPLACE VIEW entitlement_versions AS
SELECT e.id, e.region_code, e.uscc, e.policy_year, e.scheme_pair, e.unit_name, e.scheme, e.entitled_amount, e.outside_amount,
       e.decided_on, e.event_id
FROM entitlements e WHERE e.event_id IS NOT NULL
UNION ALL
SELECT e.id, e.region_code, e.uscc, e.policy_year, e.scheme_pair, r.unit_name, r.scheme, r.entitled_amount, r.outside_amount,
       r.decided_on, r.event_id
FROM entitlement_revisions r JOIN entitlements e ON e.id = r.entitlement_id WHERE r.replaced_in IS NOT NULL;

GRANT SELECT ON entitlement_versions TO stable_jobs_app;
