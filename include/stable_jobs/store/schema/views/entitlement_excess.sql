-- What stands above what is written as entitled: 0 where the pieces of an entitlement add up.
CREATE OR REPLACE VIEW entitlement_excess AS
SELECT entitlement_id, region_code, outside + paid + open + waived - to_recover - entitled_amount AS excess
FROM entitlement_balances;

GRANT SELECT ON entitlement_excess TO stable_jobs_app;
