-- Entitlements whose payments stop because the bank contradicted itself.
CREATE OR REPLACE VIEW contradiction_stops AS
SELECT entitlement_id, 'contradiction' AS cause,
       end_to_end_id || ': 银行先报 the bank first said ' || coalesce(known, '?') || ', 后报 then ' || outcome AS detail
FROM open_contradictions;

GRANT SELECT ON contradiction_stops TO stable_jobs_app;
