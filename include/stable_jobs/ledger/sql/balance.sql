-- Sums of entitlements after the bank's word changed: recovery of what arrived twice, the rest recognised.
-- Reads: balancing, entitlement_excess, recovery_cases, recovery_closings.
-- Writes: entitlements, recovery_cases, recovery_closings.

-- name: arrived
-- Of the entitlements in `balancing`, money above what a unit is entitled to is a recovery case. Where less
-- stands than before, what stands is recognised, and the next night decides what is due.
INSERT INTO recovery_closings (case_id, outcome, reason, closed_by)
SELECT c.id, 'superseded', 'the bank''s word was settled', 'stable-jobs'
FROM balancing b JOIN entitlement_excess x ON x.entitlement_id = b.entitlement_id AND x.excess < 0
JOIN recovery_cases c ON c.entitlement_id = b.entitlement_id
LEFT JOIN recovery_closings k ON k.case_id = c.id WHERE k.case_id IS NULL ORDER BY c.id;
INSERT INTO recovery_cases (entitlement_id, amount, reason, opened_on)
SELECT b.entitlement_id, x.excess, 'paid_twice', coalesce(ledger_date(), CAST(:on AS date))
FROM balancing b JOIN entitlement_excess x ON x.entitlement_id = b.entitlement_id
WHERE x.excess > 0 ORDER BY 1;

-- name: came_back
-- What the unit does not have cannot be recovered from it: the next night weighs all of it again.
INSERT INTO recovery_closings (case_id, outcome, reason, closed_by)
SELECT c.id, 'superseded', 'the bank''s word was settled', 'stable-jobs'
FROM balancing b JOIN recovery_cases c ON c.entitlement_id = b.entitlement_id
LEFT JOIN recovery_closings k ON k.case_id = c.id WHERE k.case_id IS NULL ORDER BY c.id;

-- name: recognised
-- Runs after either of the two: what now stands counts as entitled.
UPDATE entitlements e SET entitled_amount = e.entitled_amount + x.excess, event_id = ledger_event(),
    decided_on = coalesce(ledger_date(), CAST(:on AS date), decided_on)
FROM balancing b JOIN entitlement_excess x ON x.entitlement_id = b.entitlement_id
WHERE x.entitlement_id = e.id AND x.excess <> 0;
DROP TABLE balancing;
