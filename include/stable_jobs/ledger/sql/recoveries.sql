-- Recovery cases (追回): what finance says came back, and the two people who end a case.
-- Reads: entitlements, instructions, night_refunds, night_regions, payments, recovery_cases,
--   recovery_closings, reported_recoveries.
-- Writes: recovery_closings, reported_recoveries.

-- name: left
-- By the attempt that was paid. Another unit's reference proves nothing.
INSERT INTO reported_recoveries (payment_reference, paid_amount, left_amount, vouchers)
SELECT f.payment_reference, i.amount, f.amount, f.vouchers
FROM (
    SELECT n.region_code, n.uscc, n.policy_year, n.payment_reference, sum(n.amount) AS amount,
           string_agg(n.voucher_no, ' ' ORDER BY n.voucher_no) AS vouchers
    FROM night_refunds n JOIN night_regions r ON r.region_code = n.region_code AND NOT r.is_suspended
    WHERE n.payment_reference IS NOT NULL AND n.policy_year = extract(year FROM ledger_date())
    GROUP BY n.region_code, n.uscc, n.policy_year, n.payment_reference
) f
JOIN instructions i ON i.end_to_end_id = f.payment_reference
    AND i.attempt = (SELECT max(attempt) FROM instructions WHERE payment_id = i.payment_id)
JOIN payments p ON p.id = i.payment_id AND p.state = 'paid'
JOIN entitlements e ON e.id = p.entitlement_id
    AND (e.region_code, e.uscc, e.policy_year) = (f.region_code, f.uscc, f.policy_year)
LEFT JOIN LATERAL (
    SELECT o.left_amount FROM reported_recoveries o WHERE o.payment_reference = f.payment_reference
    ORDER BY o.id DESC LIMIT 1) o ON true
WHERE f.amount <> coalesce(o.left_amount, i.amount) ORDER BY f.payment_reference;

-- name: insert_recovery_closings
INSERT INTO recovery_closings (case_id, outcome, reason, closed_by)
VALUES (:id, :outcome, :reason, :by);

-- name: region_of_open
SELECT e.region_code FROM recovery_cases c JOIN entitlements e ON e.id = c.entitlement_id
LEFT JOIN recovery_closings k ON k.case_id = c.id WHERE c.id = :id AND k.case_id IS NULL;
