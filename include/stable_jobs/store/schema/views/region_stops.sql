-- Everything that stops the payments of a region. reaches_below: of the regions below it too.
CREATE OR REPLACE VIEW region_stops AS
SELECT region_code, true AS reaches_below, 'hold' AS cause, reason || ' (' || stopped_by || ')' AS detail FROM payment_stops_in_force
UNION ALL SELECT region_code, false, cause, detail FROM policy_stops
UNION ALL SELECT region_code, false, cause, detail FROM total_stops;

GRANT SELECT ON region_stops TO stable_jobs_app;
