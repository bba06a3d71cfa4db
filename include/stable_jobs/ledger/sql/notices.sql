-- Public notice: closed when its days are over, and objections that hold one unit only.
-- Reads: entitlement_excess, entitlements, newest_nights, notice_closings, notices, objection_decisions,
--   objections, payments.
-- Writes: entitlements, notice_closings, objection_decisions, objections, payments.

-- name: closed
INSERT INTO notice_closings (notice_id)
SELECT n.id FROM notices n
JOIN newest_nights w ON w.region_code = n.region_code AND w.business_date = ledger_date()
    AND NOT w.is_suspended AND w.decision_id = coalesce(decision_in_force(ledger_date()), w.decision_id)
LEFT JOIN notice_closings c ON c.notice_id = n.id
WHERE c.notice_id IS NULL AND n.notice_ends_on <= ledger_date() ORDER BY n.id;

-- name: cleared
UPDATE payments p SET state = 'cleared', reason = 'notice ended', changed_on = ledger_date()
FROM notice_closings c WHERE c.notice_id = p.notice_id AND p.state = 'on_notice'
  AND c.event_id = ledger_event();

-- name: add_objection
SELECT p.id FROM payments p JOIN entitlements e ON e.id = p.entitlement_id
WHERE e.region_code = :region AND e.uscc IN (SELECT unit_codes(:region, :uscc))
      AND p.state IN ('on_notice', 'objected')
ORDER BY e.policy_year DESC LIMIT 1;

-- name: insert_objections
INSERT INTO objections (payment_id, reason, entered_by) VALUES (:payment, :reason, :person)
RETURNING id;

-- name: update_payments
UPDATE payments SET state = 'objected', reason = 'objection',
    changed_on = coalesce(ledger_date(), changed_on)
WHERE id = :payment AND state = 'on_notice';

-- name: decide_objection
SELECT b.payment_id, p.state, k.outcome FROM objections b JOIN payments p ON p.id = b.payment_id
LEFT JOIN objection_decisions k ON k.objection_id = b.id WHERE b.id = :id;

-- name: insert_objection_decisions
INSERT INTO objection_decisions (objection_id, outcome, reason, decided_by)
VALUES (:id, :outcome, :reason, :person);

-- name: upheld
UPDATE payments SET state = 'withdrawn', reason = 'objection_upheld',
    changed_on = coalesce(ledger_date(), changed_on) WHERE id = :payment;

-- name: dismissed
UPDATE payments p SET reason = 'objection dismissed', changed_on = coalesce(ledger_date(), changed_on),
    state = CASE WHEN EXISTS (SELECT FROM notice_closings c WHERE c.notice_id = p.notice_id)
                 THEN 'cleared' ELSE 'on_notice' END
WHERE id = :payment AND NOT EXISTS (
    SELECT FROM objections b LEFT JOIN objection_decisions k ON k.objection_id = b.id
    WHERE b.payment_id = p.id AND k.objection_id IS NULL);

-- name: recognised
-- What was withdrawn is no longer recognised as entitled.
UPDATE entitlements e SET entitled_amount = e.entitled_amount + x.excess, event_id = ledger_event()
FROM entitlement_excess x JOIN payments p ON p.entitlement_id = x.entitlement_id
WHERE p.id = :payment AND e.id = x.entitlement_id AND x.excess <> 0;
