-- Lines of one payment that arrived beside the one that counts: money paid twice, whatever the payment's state.
CREATE OR REPLACE VIEW surplus_payments AS
SELECT p.entitlement_id, sum(p.amount * (x.paid - CASE WHEN p.state = 'paid' THEN 1 ELSE 0 END)) AS amount
FROM (SELECT DISTINCT i.payment_id FROM settlements s JOIN instructions i ON i.line_id = s.line_id) q
JOIN payments p ON p.id = q.payment_id
JOIN LATERAL (
    SELECT count(*) AS paid FROM instructions i JOIN line_results r ON r.line_id = i.line_id
    WHERE i.payment_id = p.id AND r.outcome = 'paid') x ON true
GROUP BY p.entitlement_id;

GRANT SELECT ON surplus_payments TO stable_jobs_app;
