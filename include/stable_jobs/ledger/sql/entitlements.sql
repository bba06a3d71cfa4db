-- A night's decisions become entitlements and payments on notice; what changed falls out, with its reason.
-- Reads: corrected, disagreeing, doubtful_accounts, due, entitlements, failed_lines, falling,
--   individual_businesses, instructions, matched, new_accounts, night_regions, night_units, notices,
--   objection_decisions, objections, payment_lines, payments, recovery_cases, recovery_closings,
--   superseded_entitlements, unit_conflicts, unit_heads, unit_outside, unit_positions, unit_balances.
-- Writes: account_corrections, batches, corrected, disagreeing, disagreements, due, entitlements, falling,
--   new_accounts, notice_lines, notices, payments, recovery_cases, recovery_closings, region_nights,
--   unit_forms, unit_balances.

-- name: nights
INSERT INTO region_nights (region_code, business_date, decision_id, is_suspended, is_silent)
SELECT region_code, ledger_date(), decision_id, is_suspended, nullif(is_silent, false)
FROM night_regions ORDER BY region_code;

-- name: standing
-- Every entitlement of the night's regions and year, with what the night says of its unit.
CREATE TEMPORARY TABLE unit_balances ON COMMIT DROP AS
SELECT s.entitlement_id, s.open_payment_id, s.paid, s.open, s.waived, s.to_recover, s.dropped, s.settled,
       s.is_instructed, s.is_doubtful, s.region_code, s.uscc,
       coalesce(o.outside, 0) AS outside, n.decision, n.reasons, n.scheme, n.unit_name,
       n.is_paid_known, n.is_revoked,
       CASE WHEN n.decision = 'eligible' THEN n.entitlement END AS entitlement
FROM unit_positions s
JOIN night_regions r ON r.region_code = s.region_code AND NOT r.is_suspended
LEFT JOIN night_units n ON n.region_code = s.region_code AND n.uscc = s.uscc
LEFT JOIN unit_outside o ON o.region_code = s.region_code AND o.uscc = s.uscc
WHERE s.policy_year = extract(year FROM ledger_date());

-- name: falling
-- Open payments that the night no longer bears out. A returned one waits for an account, not a night.
CREATE TEMPORARY TABLE falling ON COMMIT DROP AS
SELECT p.id AS payment_id, u.entitlement_id, CASE
    WHEN EXISTS (SELECT FROM superseded_entitlements s WHERE s.entitlement_id = u.entitlement_id)
        THEN 'same_unit'
    WHEN u.decision IS NULL THEN 'unit_gone'
    WHEN u.decision = 'ineligible' THEN 'ineligible:' || u.reasons
    WHEN u.decision = 'undecided' THEN 'undecided:' || u.reasons
    WHEN u.scheme <> p.scheme THEN 'scheme_changed'
    ELSE 'amount_changed' END AS reason
FROM unit_balances u JOIN payments p ON p.id = u.open_payment_id
WHERE p.state <> 'instructed' AND CASE
    WHEN u.decision IS NULL OR u.decision = 'ineligible' THEN true
    WHEN u.decision = 'undecided' THEN p.state NOT IN ('returned', 'corrected') AND NOT EXISTS (
        SELECT FROM payment_lines l WHERE l.payment_id = p.id AND l.attempt > 1)
    WHEN NOT u.is_paid_known OR u.is_doubtful THEN false
    ELSE u.scheme <> p.scheme
         OR p.amount <> u.entitlement - u.outside - u.paid - u.waived + u.to_recover - u.dropped END;

-- name: voided
UPDATE batches SET state = 'voided', reason = 'a line fell out'
WHERE state = 'formed' AND id IN (
    SELECT l.batch_id FROM payment_lines l JOIN falling f ON f.payment_id = l.payment_id);

-- name: withdrawn
UPDATE payments p SET state = 'withdrawn', reason = f.reason, changed_on = ledger_date()
FROM falling f WHERE p.id = f.payment_id;

-- name: superseded
-- A case nobody has closed is weighed again with the new amount.
INSERT INTO recovery_closings (case_id, outcome, reason, closed_by)
SELECT c.id, 'superseded', 'decided again', 'stable-jobs'
FROM recovery_cases c
JOIN unit_balances u ON u.entitlement_id = c.entitlement_id
JOIN entitlements e ON e.id = c.entitlement_id
LEFT JOIN recovery_closings k ON k.case_id = c.id
WHERE k.case_id IS NULL AND (u.decision = 'eligible' OR u.decision = 'ineligible' AND u.is_revoked)
  AND u.is_paid_known AND NOT u.is_doubtful AND NOT u.is_instructed
  AND (coalesce(u.entitlement, 0), u.outside) IS DISTINCT FROM (e.entitled_amount, e.outside_amount)
ORDER BY c.id;

-- name: standing_again
-- As `standing`, once payments that fell out are withdrawn and old recovery cases are superseded.
DROP TABLE unit_balances;

-- name: due
-- What each unit is still due, or got too much.
CREATE TEMPORARY TABLE due ON COMMIT DROP AS
WITH known AS (
    -- Units of which the night says an amount and nothing in the ledger leaves it open.
    SELECT n.region_code, n.uscc, n.decision, u.entitlement_id, n.unit_name, n.scheme,
           coalesce(u.outside, o.outside, 0) AS outside, coalesce(u.settled, 0) AS settled,
           coalesce(u.open, 0) AS open, coalesce(u.dropped, 0) AS dropped,
           CASE WHEN n.decision = 'eligible' THEN n.entitlement ELSE 0 END AS entitlement
    FROM night_units n
    JOIN night_regions r ON r.region_code = n.region_code AND NOT r.is_suspended
    LEFT JOIN unit_balances u ON u.region_code = n.region_code AND u.uscc = n.uscc
    LEFT JOIN unit_outside o ON o.region_code = n.region_code AND o.uscc = n.uscc
    WHERE n.is_paid_known AND NOT coalesce(u.is_instructed OR u.is_doubtful, false)
      AND (n.decision = 'eligible' AND (n.entitlement > 0 OR u.entitlement_id IS NOT NULL)
           OR n.decision = 'ineligible' AND n.is_revoked AND u.entitlement_id IS NOT NULL)
),
compared AS (
    SELECT k.*, k.entitlement - k.outside - k.settled - k.open AS owed FROM known k
),
left_over AS (
    -- What a dropped recovery case left the unit, it has had already.
    SELECT c.*, CASE WHEN c.owed > 0 AND c.dropped > 0 THEN greatest(c.owed - c.dropped, 0) ELSE c.owed END AS rest
    FROM compared c
),
judged AS (
    -- More waits until the open payment has ended; an upheld objection bars the same amount of the same scheme.
    SELECT l.*, coalesce(l.rest > 0 AND (l.open > 0 OR l.decision <> 'eligible' OR EXISTS (
        SELECT FROM payments p JOIN objections b ON b.payment_id = p.id
        JOIN objection_decisions k ON k.objection_id = b.id AND k.outcome = 'upheld'
        WHERE p.entitlement_id = l.entitlement_id AND p.amount = l.rest AND p.scheme = l.scheme)), false) AS waits
    FROM left_over l
),
weighed AS (
    SELECT j.*, CASE WHEN j.waits THEN 0 ELSE j.rest END AS difference FROM judged j
)
SELECT region_code, uscc, decision, entitlement_id, unit_name, scheme, outside, settled, open, dropped,
       outside + settled + open + difference AS entitlement, difference, waits AND open = 0 AS is_barred
FROM weighed;

-- name: disagreements
-- The decision and the ledger count what a unit was paid each by its own: where they differ, the unit stops.
--
-- Compared are what each counts as paid, without money that came back, and what each says is left to pay. What
-- the ledger knows a reason for (a recovery case, a waived payment, an upheld objection, money instructed or
-- withdrawn on this very date) may differ in what is left; what was paid must be the same. To the decision a row
-- of finance's about a payment of this very date is money beside ours, so it counts as such here. A unit that
-- waits for the bank's answer or for a ruling on a refund gets nothing new that night anyway, and is compared
-- again when that is over.
--
-- Nothing becomes due to a unit that disagrees: what was settled and what is open stands.
CREATE TEMPORARY TABLE disagreeing ON COMMIT DROP AS
SELECT * FROM (
    SELECT d.region_code, d.uscc, d.entitlement_id, n.unit_name, n.payable, n.already_paid,
           d.outside + coalesce(p.counted, 0) + coalesce(t.amount, 0) AS counted,
           coalesce(p.fresh, 0) + greatest(d.difference, 0) AS difference,
           coalesce(p.is_moved, false) OR coalesce(u.waived > 0 OR u.to_recover > 0, false)
               OR d.is_barred AS is_explained
    FROM due d
    JOIN night_units n ON n.region_code = d.region_code AND n.uscc = d.uscc
    LEFT JOIN unit_balances u ON u.entitlement_id = d.entitlement_id
    LEFT JOIN (
        SELECT p.entitlement_id,
               sum(p.amount) FILTER (WHERE i.first_on < ledger_date() AND NOT i.came_back AND NOT (
                   p.state IN ('withdrawn', 'waived') AND p.changed_on < ledger_date())) AS counted,
               sum(p.amount) FILTER (WHERE (i.first_on IS NULL OR i.came_back)
                   AND p.is_open) AS fresh,
               bool_or(i.last_on >= ledger_date()
                   OR p.state = 'withdrawn' AND p.changed_on >= ledger_date()
                      AND i.first_on IS NOT NULL) AS is_moved
        FROM payments p LEFT JOIN payments_sent(ledger_date()) i ON i.payment_id = p.id
        GROUP BY p.entitlement_id
    ) p ON p.entitlement_id = d.entitlement_id
    LEFT JOIN (
        SELECT m.region_code, m.uscc, sum(m.amount) AS amount
        FROM matched m JOIN instructions i ON i.end_to_end_id = m.payment_reference
        WHERE m.standing = 'ours' AND i.instructed_on >= ledger_date() GROUP BY m.region_code, m.uscc
    ) t ON t.region_code = d.region_code AND t.uscc = d.uscc
    WHERE d.decision = 'eligible' AND n.already_paid IS NOT NULL
) compared
WHERE counted <> already_paid OR difference <> payable AND NOT is_explained;
DELETE FROM due d USING disagreeing g WHERE g.region_code = d.region_code AND g.uscc = d.uscc;
INSERT INTO disagreements (region_code, uscc, unit_name, policy_year, entitlement_id, cause, payable,
    already_paid, difference, counted)
SELECT region_code, uscc, unit_name, extract(year FROM ledger_date()), entitlement_id, 'amounts', payable,
       already_paid, difference, counted
FROM disagreeing ORDER BY region_code, uscc;
INSERT INTO disagreements (region_code, uscc, unit_name, policy_year, entitlement_id, cause, payable,
    already_paid)
SELECT k.region_code, k.uscc, k.unit_name, k.policy_year, h.entitlement_id, k.cause, k.payable,
       k.already_paid
FROM unit_conflicts k
LEFT JOIN unit_heads h ON h.region_code = k.region_code AND h.unit = k.unit
ORDER BY k.region_code, k.uscc, h.entitlement_id;

-- name: new_entitlements
INSERT INTO entitlements
    (region_code, uscc, policy_year, unit_name, scheme, entitled_amount, outside_amount, decided_on)
SELECT region_code, uscc, extract(year FROM ledger_date()), unit_name, scheme, entitlement, outside,
       ledger_date()
FROM due WHERE entitlement_id IS NULL ORDER BY region_code, uscc;

-- name: revised
-- Where the night leaves it open what the unit is due, what was settled and what is open stands.
UPDATE entitlements e SET entitled_amount = v.entitled, outside_amount = v.outside, scheme = v.scheme,
    unit_name = v.unit_name, decided_on = ledger_date(), event_id = ledger_event()
FROM (
    SELECT u.entitlement_id, coalesce(d.scheme, e.scheme) AS scheme,
           coalesce(d.unit_name, e.unit_name) AS unit_name,
           coalesce(d.outside, e.outside_amount) AS outside,
           coalesce(d.entitlement,
               e.outside_amount + u.paid + u.open + u.waived - u.to_recover) AS entitled
    FROM unit_balances u JOIN entitlements e ON e.id = u.entitlement_id
    LEFT JOIN due d ON d.entitlement_id = u.entitlement_id
    WHERE NOT u.is_instructed
) v
WHERE e.id = v.entitlement_id
  AND (e.entitled_amount, e.outside_amount, e.scheme, e.unit_name)
      IS DISTINCT FROM (v.entitled, v.outside, v.scheme, v.unit_name);

-- name: notices
INSERT INTO notices (region_code, opened_on, ordinal, working_days, notice_ends_on)
SELECT r.region_code, ledger_date(),
       1 + (SELECT count(*) FROM notices o
            WHERE o.region_code = r.region_code AND o.opened_on = ledger_date()),
       r.working_days, r.notice_ends_on
FROM night_regions r
WHERE r.region_code IN (SELECT region_code FROM due WHERE difference > 0) ORDER BY r.region_code;

-- name: payments
INSERT INTO payments (entitlement_id, ordinal, notice_id, scheme, amount)
SELECT e.id, 1 + coalesce(p.earlier, 0), n.id, d.scheme, d.difference
FROM due d
JOIN entitlements e ON e.region_code = d.region_code AND e.uscc = d.uscc
    AND e.policy_year = extract(year FROM ledger_date())
JOIN notices n ON n.region_code = d.region_code AND n.event_id = ledger_event()
LEFT JOIN (SELECT entitlement_id, count(*) AS earlier FROM payments GROUP BY entitlement_id) p
    ON p.entitlement_id = e.id
WHERE d.difference > 0 ORDER BY d.region_code, d.uscc;

-- name: notice_lines
INSERT INTO notice_lines
    (payment_id, notice_id, unit_name, headcount, claimants, layoff_rate, premium_base, amount)
SELECT p.id, p.notice_id, n.unit_name, n.headcount, n.claimants, n.layoff_rate, n.premium_base, p.amount
FROM payments p JOIN entitlements e ON e.id = p.entitlement_id
JOIN night_units n ON n.region_code = e.region_code AND n.uscc = e.uscc
WHERE p.event_id = ledger_event() ORDER BY p.id;

-- name: recovery
INSERT INTO recovery_cases (entitlement_id, amount, reason)
SELECT e.id, -d.difference, CASE WHEN d.entitlement = 0 THEN 'revoked' ELSE 'lowered' END
FROM due d
JOIN entitlements e ON e.region_code = d.region_code AND e.uscc = d.uscc
    AND e.policy_year = extract(year FROM ledger_date())
WHERE d.difference < 0 ORDER BY e.id;

-- name: forms
-- Which units' accounts may bear another name than theirs; a night that does not know it changes nothing.
INSERT INTO unit_forms (entitlement_id, is_individual)
SELECT e.id, n.legal_form = 'individual_business'
FROM entitlements e JOIN night_units n ON n.region_code = e.region_code AND n.uscc = e.uscc
JOIN night_regions r ON r.region_code = e.region_code AND NOT r.is_suspended
LEFT JOIN individual_businesses i ON i.entitlement_id = e.id
WHERE e.policy_year = extract(year FROM ledger_date())
  AND (n.legal_form = 'individual_business') <> (i.entitlement_id IS NOT NULL) ORDER BY e.id;

-- name: corrected
-- A returned payment whose unit has another account now than those that failed.
CREATE TEMPORARY TABLE corrected ON COMMIT DROP AS
SELECT p.id AS payment_id, i.attempt
FROM unit_balances u JOIN payments p ON p.id = u.open_payment_id AND p.state = 'returned'
JOIN night_units n ON n.region_code = u.region_code AND n.uscc = u.uscc AND n.decision = 'eligible'
JOIN instructions i ON i.payment_id = p.id
    AND i.attempt = (SELECT max(attempt) FROM instructions WHERE payment_id = p.id)
WHERE n.account_no IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM failed_lines f WHERE f.entitlement_id = p.entitlement_id
      AND f.account = account_key(n.account_no)
      AND is_same_failure(f.fault, f.name, f.bank_code, n.account_name, n.bank_code));
INSERT INTO account_corrections (payment_id, after_attempt, source)
SELECT payment_id, attempt, 'extract' FROM corrected ORDER BY payment_id;
UPDATE payments p SET state = 'corrected', reason = 'account in the extract', changed_on = ledger_date()
FROM corrected c WHERE p.id = c.payment_id;

-- name: new_accounts
-- Accounts that the extract brings after a return: a person accepts the newest one, or it is not used.
INSERT INTO new_accounts (entitlement_id, line_id, account_name, account_no, bank_code, bank_name)
SELECT e.id, d.line_id, n.account_name, n.account_no, n.bank_code, n.bank_name
FROM doubtful_accounts d
JOIN entitlements e ON e.id = d.entitlement_id AND e.policy_year = extract(year FROM ledger_date())
JOIN night_units n ON n.region_code = e.region_code AND n.uscc = e.uscc AND n.decision = 'eligible'
JOIN night_regions r ON r.region_code = e.region_code AND NOT r.is_suspended
WHERE n.account_no IS NOT NULL AND n.account_name IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM failed_lines f WHERE f.entitlement_id = e.id AND f.account = account_key(n.account_no)
      AND is_same_failure(f.fault, f.name, f.bank_code, n.account_name, n.bank_code))
  AND (account_key(n.account_no), name_key(n.account_name), n.bank_code) IS DISTINCT FROM (
    SELECT (account_key(k.account_no), name_key(k.account_name), k.bank_code) FROM new_accounts k
    WHERE k.entitlement_id = e.id ORDER BY k.id DESC LIMIT 1)
ORDER BY e.id;
