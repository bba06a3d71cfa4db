-- Lines of which the bank has the payment and has not said what became of it.
CREATE OR REPLACE VIEW duplicate_lines AS
SELECT DISTINCT ON (i.line_id) i.line_id, i.end_to_end_id, i.payment_id, i.attempt, k.answer_id, k.row_no, k.found,
       a.business_date AS answered_on
FROM bank_answer_rows k JOIN bank_answers a ON a.id = k.answer_id
JOIN instructions i ON i.end_to_end_id = k.end_to_end_id
LEFT JOIN bank_results r ON r.line_id = i.line_id
WHERE k.standing = 'duplicate' AND r.line_id IS NULL
ORDER BY i.line_id, k.answer_id, k.row_no;

GRANT SELECT ON duplicate_lines TO stable_jobs_app;
