-- What counts as the result of a line: the bank's first word, or what two people settled.
CREATE OR REPLACE VIEW line_results AS
SELECT r.line_id, r.answer_id, r.row_no, coalesce(s.outcome, r.outcome) AS outcome,
       CASE WHEN coalesce(s.outcome, r.outcome) = r.outcome THEN r.reason_code ELSE s.reason_code END AS reason_code,
       CASE WHEN coalesce(s.outcome, r.outcome) = r.outcome THEN r.reason_text ELSE s.reason_text END AS reason_text,
       r.amount,
       CASE WHEN coalesce(s.outcome, r.outcome) = r.outcome THEN r.booked_on ELSE s.booked_on END AS booked_on,
       greatest(r.event_id, s.event_id) AS event_id,
       CASE WHEN coalesce(s.outcome, r.outcome) = r.outcome THEN r.fault ELSE s.fault END AS fault,
       s.settled_on
FROM bank_results r LEFT JOIN newest_settlements s ON s.line_id = r.line_id;

GRANT SELECT ON line_results TO stable_jobs_app;
