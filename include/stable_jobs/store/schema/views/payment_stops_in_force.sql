-- Payment stops that a person set on a region and no second person has lifted.
CREATE OR REPLACE VIEW payment_stops_in_force AS
SELECT h.id, h.region_code, h.reason, h.stopped_by
FROM payment_stops h LEFT JOIN payment_stop_ends r ON r.stop_id = h.id WHERE r.stop_id IS NULL;

GRANT SELECT ON payment_stops_in_force TO stable_jobs_app;
