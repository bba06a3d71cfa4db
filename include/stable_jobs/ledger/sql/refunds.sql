-- What finance reports as paid, laid beside what we paid: each payment is counted once.
-- Reads: entitlements, instructions, ledger_codes, matched, night_refunds, night_regions, paid_elsewhere,
--   payments, refund_rulings, reported_refunds, unit_aliases.
-- Writes: matched, refund_rulings, reported_refunds, unit_outside.

-- name: matched
-- Another unit's reference proves nothing: such a row counts for the unit it names.
CREATE TEMPORARY TABLE matched ON COMMIT DROP AS
SELECT f.*, CASE
    WHEN i.amount = f.amount THEN 'ours'
    WHEN i.amount IS NOT NULL THEN 'differs'
    WHEN f.payment_reference IS NULL AND EXISTS (
        SELECT FROM payments p JOIN entitlements e ON e.id = p.entitlement_id
        LEFT JOIN ledger_codes c ON c.region_code = e.region_code AND c.code = e.uscc
        WHERE e.region_code = f.region_code AND coalesce(c.ledger_code, e.uscc) = f.uscc
          AND e.policy_year = f.policy_year
          AND p.scheme = f.scheme AND p.amount = f.amount AND p.state IN ('instructed', 'paid'))
    THEN 'doubtful' END AS standing
FROM night_refunds f
JOIN night_regions r ON r.region_code = f.region_code AND NOT r.is_suspended
LEFT JOIN (
    SELECT i.end_to_end_id, i.amount, e.region_code, coalesce(c.ledger_code, e.uscc) AS uscc,
           e.policy_year
    FROM instructions i JOIN payments p ON p.id = i.payment_id
    JOIN entitlements e ON e.id = p.entitlement_id
    LEFT JOIN ledger_codes c ON c.region_code = e.region_code AND c.code = e.uscc
) i ON (i.end_to_end_id, i.region_code, i.uscc, i.policy_year)
    = (f.payment_reference, f.region_code, f.uscc, f.policy_year)
WHERE f.policy_year = extract(year FROM ledger_date());

-- name: noted
INSERT INTO reported_refunds
    (region_code, voucher_no, uscc, policy_year, scheme, amount, paid_date, payment_reference, standing)
SELECT region_code, voucher_no, uscc, policy_year, scheme, amount, paid_date, payment_reference, standing
FROM matched WHERE standing IS NOT NULL ORDER BY region_code, voucher_no
ON CONFLICT (region_code, policy_year, voucher_no) DO NOTHING;

-- name: outside
-- With what the unit got under an entitlement that a person ruled to be the same unit's.
CREATE TEMPORARY TABLE unit_outside ON COMMIT DROP AS
SELECT region_code, uscc, sum(amount) AS outside FROM (
    SELECT m.region_code, m.uscc, m.amount
    FROM matched m
    LEFT JOIN (
        SELECT f.*, coalesce(c.ledger_code, f.uscc) AS ledger_code FROM reported_refunds f
        LEFT JOIN ledger_codes c ON c.region_code = f.region_code AND c.code = f.uscc
    ) f ON (f.region_code, f.ledger_code, f.policy_year, f.voucher_no)
        = (m.region_code, m.uscc, m.policy_year, m.voucher_no)
    LEFT JOIN refund_rulings k ON k.refund_id = f.id
    WHERE coalesce(f.standing, '') NOT IN ('ours', 'differs')
      AND (f.standing IS DISTINCT FROM 'doubtful' OR k.ruling = 'outside')
    UNION ALL SELECT region_code, uscc, amount FROM paid_elsewhere WHERE amount > 0
) beside GROUP BY region_code, uscc;

-- name: insert_refund_rulings
INSERT INTO refund_rulings (refund_id, ruling, reason, ruled_by)
VALUES (:id, :ruling, :reason, :person);

-- name: paid_by_us
-- What a night on `:on` counts as paid by us: each payment once under every code of its unit, with every
-- reference finance may name. Money that came back is not already paid.
WITH ours AS (
    SELECT e.region_code, e.uscc, e.policy_year,
           CASE WHEN i.attempt = f.attempt AND NOT f.came_back THEN i.amount ELSE 0 END AS amount,
           i.end_to_end_id AS payment_reference, NULL AS voucher_no
    FROM instructions i
    JOIN payments p ON p.id = i.payment_id
    JOIN entitlements e ON e.id = p.entitlement_id
    JOIN payments_sent(CAST(:on AS date)) f ON f.payment_id = i.payment_id
    WHERE i.instructed_on < CAST(:on AS date)
      AND NOT (p.state IN ('withdrawn', 'waived') AND p.changed_on < CAST(:on AS date))
    UNION ALL
    SELECT f.region_code, f.uscc, f.policy_year, 0, NULL, f.voucher_no
    FROM reported_refunds f JOIN refund_rulings k ON k.refund_id = f.id AND k.ruling = 'same'
)
SELECT region_code, uscc, policy_year, amount, payment_reference, voucher_no FROM ours
UNION ALL
SELECT o.region_code, a.alias, o.policy_year, o.amount, o.payment_reference, o.voucher_no
FROM ours o JOIN unit_aliases a ON a.region_code = o.region_code AND a.code = o.uscc
ORDER BY 1, 2, 3, 5, 6;
