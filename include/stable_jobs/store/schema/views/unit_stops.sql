-- Everything that stops the payments of one entitlement.
CREATE OR REPLACE VIEW unit_stops AS
SELECT entitlement_id, cause, detail FROM doubt_stops
UNION ALL SELECT entitlement_id, cause, detail FROM contradiction_stops;

GRANT SELECT ON unit_stops TO stable_jobs_app;
