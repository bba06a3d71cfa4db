-- The newest total of each region, or of the event's date, and what a person said to it.
CREATE OR REPLACE VIEW totals_in_force AS
SELECT DISTINCT ON (t.region_code) t.id, t.region_code, t.business_date, t.units, t.total, t.factor, t.is_beyond,
       l.business_date AS last_date, l.total AS last_total, r.ruled_by, r.reason
FROM region_totals t LEFT JOIN region_totals l ON l.id = t.last_id LEFT JOIN total_rulings r ON r.total_id = t.id
WHERE ledger_date() IS NULL OR t.business_date = ledger_date()
ORDER BY t.region_code, t.business_date DESC, t.id DESC;

GRANT SELECT ON totals_in_force TO stable_jobs_app;
