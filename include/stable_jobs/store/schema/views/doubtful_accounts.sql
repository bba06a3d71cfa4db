-- Units whose money came back and has not arrived since: another account of an extract is a doubt for a person.
CREATE OR REPLACE VIEW doubtful_accounts AS
SELECT f.entitlement_id, max(f.line_id) AS line_id FROM failed_lines f
WHERE NOT EXISTS (
    SELECT FROM payments p JOIN instructions i ON i.payment_id = p.id JOIN line_results r ON r.line_id = i.line_id
    WHERE p.entitlement_id = f.entitlement_id AND r.outcome = 'paid' AND r.event_id > f.event_id)
GROUP BY f.entitlement_id;

GRANT SELECT ON doubtful_accounts TO stable_jobs_app;
