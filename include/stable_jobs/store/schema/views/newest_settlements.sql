-- What two people settled last of each line.
CREATE OR REPLACE VIEW newest_settlements AS
SELECT DISTINCT ON (s.line_id) s.line_id, s.outcome, s.settled_on, s.event_id, c.reason_code, c.reason_text, c.fault,
       c.booked_on
FROM settlements s LEFT JOIN contradictions c ON c.line_id = s.line_id AND c.outcome = s.outcome
ORDER BY s.line_id, s.id DESC, c.id DESC;

GRANT SELECT ON newest_settlements TO stable_jobs_app;
