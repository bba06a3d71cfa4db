-- A line about which the bank contradicts itself: its result is settled by two people, by the bank's letter.
-- Reads: account_acceptances, bank_answer_rows, bank_results, doubtful_accounts, duplicate_lines,
--   entitlements, instructions, line_results, new_accounts, open_contradictions, payment_lines, payments,
--   region_nights.
-- Writes: account_acceptances, balancing, bank_results, batches, payments, settlements.

-- name: line
-- on: the newest business date that the ledger knows of the region: the settlement belongs to it.
SELECT i.line_id, i.payment_id, p.entitlement_id, e.region_code, r.outcome AS known,
       coalesce(c.opened_on, d.answered_on) AS since,
       greatest(coalesce(c.opened_on, d.answered_on), (SELECT max(n.business_date) FROM region_nights n
           WHERE n.region_code = e.region_code)) AS "on"
FROM instructions i JOIN payments p ON p.id = i.payment_id JOIN entitlements e ON e.id = p.entitlement_id
LEFT JOIN line_results r ON r.line_id = i.line_id
LEFT JOIN (SELECT line_id, max(opened_on) AS opened_on FROM open_contradictions GROUP BY line_id) c
    ON c.line_id = i.line_id
LEFT JOIN duplicate_lines d ON d.line_id = i.line_id
WHERE i.end_to_end_id = :id AND (c.line_id IS NOT NULL OR d.line_id IS NOT NULL);

-- name: settled
INSERT INTO settlements (line_id, outcome, proposal_id, settled_on)
VALUES (:line, :outcome, :proposal, :on);

-- name: answered
-- A line that had no result gets its first one.
INSERT INTO bank_results (line_id, answer_id, row_no, outcome, amount, reason_text)
SELECT i.line_id, k.answer_id, k.row_no, :outcome, i.amount, 'settled by letter'
FROM instructions i
JOIN bank_answer_rows k ON k.end_to_end_id = i.end_to_end_id AND k.standing = 'duplicate'
WHERE i.line_id = :line AND NOT EXISTS (SELECT FROM bank_results r WHERE r.line_id = i.line_id)
ORDER BY k.answer_id, k.row_no LIMIT 1;

-- name: standing
SELECT p.state, newest.outcome AS newest, newest.fault, EXISTS (
    SELECT FROM instructions i JOIN line_results r ON r.line_id = i.line_id
    WHERE i.payment_id = p.id AND r.outcome = 'paid') AS has_arrived,
    other.id AS other, other.state AS other_state
FROM payments p
JOIN LATERAL (
    SELECT r.outcome, r.fault FROM instructions i LEFT JOIN line_results r ON r.line_id = i.line_id
    WHERE i.payment_id = p.id ORDER BY i.attempt DESC LIMIT 1) newest ON true
LEFT JOIN payments other ON other.entitlement_id = p.entitlement_id AND other.id <> p.id
    AND other.is_open
WHERE p.id = :payment;

-- name: voided
UPDATE batches SET state = 'voided', reason = 'the bank''s word was settled'
WHERE state = 'formed' AND id IN (
    SELECT batch_id FROM payment_lines WHERE payment_id = ANY(CAST(:payments AS bigint[])));

-- name: withdrawn
-- The next night decides anew what is due.
UPDATE payments SET state = 'withdrawn', reason = :reason, changed_on = greatest(changed_on, :on)
WHERE id = ANY(CAST(:payments AS bigint[]));

-- name: moved
UPDATE payments SET state = :state, reason = :reason, changed_on = greatest(changed_on, :on)
WHERE id = :payment;

-- name: same_account
UPDATE payments p SET state = 'corrected', reason = 'same account: ' || r.fault
FROM instructions i JOIN line_results r ON r.line_id = i.line_id
WHERE p.id = :payment AND i.payment_id = p.id AND p.state = 'returned' AND NOT is_payees_fault(r.fault)
  AND i.attempt = (SELECT max(attempt) FROM instructions WHERE payment_id = p.id);

-- name: balancing
CREATE TEMPORARY TABLE balancing ON COMMIT DROP AS SELECT CAST(:entitlement AS bigint) AS entitlement_id;

-- name: insert_account_acceptances
INSERT INTO account_acceptances (new_account_id, reason, accepted_by)
VALUES (:account, :reason, :person);

-- name: new_account
-- The newest one only: what an extract brought before it no longer stands.
SELECT n.id, CASE WHEN length(n.account_no) >= 8 THEN '****' || right(n.account_no, 4)
                  ELSE '****' END AS account
FROM new_accounts n JOIN doubtful_accounts d ON d.entitlement_id = n.entitlement_id
JOIN payments p ON p.entitlement_id = n.entitlement_id
JOIN instructions i ON i.payment_id = p.id AND i.end_to_end_id = :id
LEFT JOIN account_acceptances a ON a.new_account_id = n.id
WHERE a.new_account_id IS NULL
  AND n.id = (SELECT max(id) FROM new_accounts WHERE entitlement_id = n.entitlement_id);
