-- What people decide beside approvals: holding a region, a budget, the waived.
-- Reads: entitlements, night_deadlines, payment_stops_in_force.
-- Writes: budget_entries, payments, payment_stop_ends.

-- name: insert_payment_stop_ends
INSERT INTO payment_stop_ends (stop_id, reason, released_by)
SELECT id, :reason, :by FROM payment_stops_in_force WHERE region_code = :region;

-- name: insert_budget_entries
INSERT INTO budget_entries (pooling_region, policy_year, amount, reason, entered_by)
VALUES (:region, :year, :amount, :reason, :by);

-- name: update_payments
UPDATE payments p SET state = 'waived', reason = 'deadline', changed_on = ledger_date()
FROM entitlements e LEFT JOIN night_deadlines d ON d.region_code = e.region_code
WHERE p.entitlement_id = e.id AND p.state IN ('returned', 'objected')
  AND (ledger_date() > d.deadline OR e.policy_year < extract(year FROM ledger_date()));
