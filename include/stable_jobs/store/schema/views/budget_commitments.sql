-- Yuan of each pooling region's budget that payments hold: the newest line of each payment that is in a batch, sent, paid
-- or returned.
CREATE OR REPLACE VIEW budget_commitments AS
SELECT l.pooling_region, e.policy_year, sum(l.amount) AS committed
FROM payment_lines l JOIN payments p ON p.id = l.payment_id
JOIN entitlements e ON e.id = p.entitlement_id
WHERE l.id = (SELECT max(id) FROM payment_lines WHERE payment_id = p.id)
  AND p.state IN ('batched', 'instructed', 'paid', 'returned', 'corrected')
GROUP BY l.pooling_region, e.policy_year;

GRANT SELECT ON budget_commitments TO stable_jobs_app;
