-- Units of a region's newest night of which decision and ledger say different amounts.
CREATE OR REPLACE VIEW open_disagreements AS
SELECT d.*, concat_ws(', ', d.cause, 'decision: payable ' || d.payable, 'already paid ' || d.already_paid,
           'ledger: to pay ' || d.difference, 'counted as paid ' || d.counted) AS detail
FROM disagreements d
JOIN newest_nights n ON n.region_code = d.region_code AND n.event_id = d.event_id;

GRANT SELECT ON open_disagreements TO stable_jobs_app;
