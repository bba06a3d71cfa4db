-- What people decide beside approvals: holding a region, a budget, the waived.
-- Reads: entitlements, night_deadlines, standing_holds.
-- Writes: budget_entries, payments, region_hold_releases.

-- name: insert_region_hold_releases
INSERT INTO region_hold_releases (hold_id, reason, released_by)
SELECT id, :reason, :by FROM standing_holds WHERE region_code = :region;

-- name: insert_budget_entries
INSERT INTO budget_entries (pooling_region, policy_year, amount, reason, entered_by)
VALUES (:region, :year, :amount, :reason, :by);

-- name: update_payments
UPDATE payments p SET state = 'waived', reason = 'deadline', changed_on = ledger_date()
FROM entitlements e LEFT JOIN night_deadlines d ON d.region_code = e.region_code
WHERE p.entitlement_id = e.id AND p.state IN ('returned', 'objected')
  AND (ledger_date() > d.deadline OR e.policy_year < extract(year FROM ledger_date()));
