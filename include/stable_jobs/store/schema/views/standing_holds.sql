-- Payment stops that a person set on a region and no second person has lifted.
CREATE OR REPLACE VIEW standing_holds AS
SELECT h.id, h.region_code, h.reason, h.held_by
FROM region_holds h LEFT JOIN region_hold_releases r ON r.hold_id = h.id WHERE r.hold_id IS NULL;

GRANT SELECT ON standing_holds TO stable_jobs_app;
