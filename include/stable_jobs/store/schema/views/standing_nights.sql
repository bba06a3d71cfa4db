-- The nights that the ledger took over and nobody withdrew.
CREATE OR REPLACE VIEW standing_nights AS
SELECT n.id, n.region_code, n.business_date, n.decision_id, n.is_suspended, n.event_id FROM region_nights n
WHERE n.is_silent IS NOT TRUE AND NOT EXISTS (
    SELECT FROM night_withdrawals w
    WHERE w.region_code = n.region_code AND w.business_date = n.business_date AND w.night_id >= n.id);

GRANT SELECT ON standing_nights TO stable_jobs_app;
