-- How far the money is, region by region: every payment of a policy year by its state.
-- Reads: entitlements, payments.

-- name: payments_by_state
SELECT e.region_code, p.state, count(*), sum(p.amount)
FROM payments p JOIN entitlements e ON e.id = p.entitlement_id WHERE e.policy_year = :year
GROUP BY e.region_code, p.state ORDER BY 1, 2;
