-- The newest night of each region that the ledger took over and nobody withdrew.
CREATE OR REPLACE VIEW newest_nights AS
SELECT DISTINCT ON (region_code) region_code, business_date, decision_id, is_suspended, event_id
FROM standing_nights ORDER BY region_code, business_date DESC, id DESC;

GRANT SELECT ON newest_nights TO stable_jobs_app;
