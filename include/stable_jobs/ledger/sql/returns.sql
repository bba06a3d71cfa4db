-- The bank's answers: each row applied, known, not final, or refused with its reason. None is lost.
-- Reads: account_corrections, answer_rows, bank_answer_rows, bank_results, contradictions, failed_lines,
--   instructions, judged, line_results, open_contradictions, payments, settlements, surplus_payments.
-- Writes: account_corrections, balancing, bank_answer_rows, bank_answers, bank_results, contradictions,
--   judged, payments.

-- name: answer
INSERT INTO bank_answers (sha256, file_name, format, rows, problem)
SELECT :sha256, :name, :format, (SELECT count(*) FROM answer_rows), :problem RETURNING id;

-- name: judged
-- is_said: the bank said the same before, and it is a case, or two people settled it otherwise.
CREATE TEMPORARY TABLE judged ON COMMIT DROP AS
SELECT w.*, CASE
        WHEN read_rule IS NOT NULL THEN read_rule
        WHEN line_id IS NULL THEN 'answer.unknown_id'
        WHEN amount IS NOT NULL AND amount <> instructed THEN 'answer.wrong_amount'
        WHEN outcome = 'pending' THEN NULL
        WHEN outcome = 'duplicate' THEN CASE WHEN known IS NULL THEN 'answer.duplicate' END
        WHEN coalesce(known, first_here) = outcome OR is_said THEN NULL
        ELSE 'answer.contradiction' END AS rule
FROM (
    SELECT a.row_no, a.end_to_end_id, a.outcome, a.amount, a.reason_code, a.reason_text, a.booked_on,
        CASE WHEN a.outcome = 'returned' THEN a.fault END AS fault,
        a.rule AS read_rule, a.expected AS read_expected, a.found AS read_found,
        i.line_id, i.amount AS instructed, r.outcome AS known,
        first_value(a.outcome) OVER same AS first_here, row_number() OVER same AS place_here,
        r.outcome <> a.outcome AND a.outcome IN ('paid', 'returned') AND (
            EXISTS (SELECT FROM open_contradictions c
                    WHERE c.line_id = i.line_id AND c.outcome = a.outcome)
            OR EXISTS (SELECT FROM contradictions c WHERE c.line_id = i.line_id
                AND (c.outcome, c.reason_code, c.reason_text, c.booked_on)
                    IS NOT DISTINCT FROM (a.outcome, a.reason_code, a.reason_text, a.booked_on))
            OR EXISTS (SELECT FROM bank_results o WHERE o.line_id = i.line_id
                AND (o.outcome, o.reason_code, o.reason_text, o.booked_on)
                    IS NOT DISTINCT FROM (a.outcome, a.reason_code, a.reason_text, a.booked_on))
        ) AS is_said
    FROM answer_rows a
    LEFT JOIN instructions i ON i.end_to_end_id = a.end_to_end_id
    LEFT JOIN line_results r ON r.line_id = i.line_id
    WINDOW same AS (PARTITION BY i.line_id, a.rule IS NULL AND a.outcome IN ('paid', 'returned')
        AND (a.amount IS NULL OR a.amount = i.amount) ORDER BY a.row_no)
) w;

-- name: kept
INSERT INTO bank_answer_rows (answer_id, row_no, end_to_end_id, outcome, amount, standing, rule,
    expected, found)
SELECT :answer, row_no, end_to_end_id, outcome, amount,
       CASE WHEN read_rule IS NULL AND rule = 'answer.duplicate' THEN 'duplicate'
            WHEN read_rule IS NULL AND rule = 'answer.contradiction' THEN 'contradiction'
            WHEN rule IS NOT NULL THEN 'refused'
            WHEN outcome = 'pending' THEN 'pending'
            WHEN outcome = 'duplicate' OR known IS NOT NULL OR place_here > 1 THEN 'repeated'
            ELSE 'applied' END,
       rule,
       CASE WHEN rule IS NULL THEN NULL WHEN read_rule IS NOT NULL THEN read_expected
            WHEN line_id IS NULL THEN 'an id that was instructed'
            WHEN rule = 'answer.wrong_amount' THEN instructed::text
            WHEN rule = 'answer.duplicate' THEN 'what became of the payment that the bank has'
            ELSE coalesce(known, first_here) END,
       CASE WHEN rule IS NULL THEN NULL WHEN read_rule IS NOT NULL THEN read_found
            WHEN line_id IS NULL THEN left(end_to_end_id, 40)
            WHEN rule = 'answer.wrong_amount' THEN amount::text
            WHEN rule = 'answer.duplicate'
            THEN concat_ws(' ', 'reject', reason_code, left(reason_text, 60))
            ELSE outcome END
FROM judged ORDER BY row_no;

-- name: results
INSERT INTO bank_results (line_id, answer_id, row_no, outcome, reason_code, reason_text, amount,
    booked_on, fault)
SELECT j.line_id, k.answer_id, k.row_no, j.outcome, j.reason_code, j.reason_text, j.instructed,
    j.booked_on, j.fault
FROM bank_answer_rows k JOIN judged j ON j.row_no = k.row_no
WHERE k.answer_id = :answer AND k.standing = 'applied' ORDER BY k.row_no;

-- name: cases
INSERT INTO contradictions (line_id, answer_id, row_no, outcome, reason_code, reason_text, fault,
    booked_on)
SELECT DISTINCT ON (j.line_id, j.outcome) j.line_id, k.answer_id, k.row_no, j.outcome, j.reason_code,
    j.reason_text, j.fault, j.booked_on
FROM bank_answer_rows k JOIN judged j ON j.row_no = k.row_no
WHERE k.answer_id = :answer AND k.standing = 'contradiction' ORDER BY j.line_id, j.outcome, k.row_no;

-- name: moved
-- A line that came back after an earlier one of its payment had arrived leaves the payment paid. What came
-- back by no fault of the payee is free for the next batch, to the same account.
UPDATE payments p SET changed_on = ledger_date(),
    state = CASE WHEN r.outcome = 'returned' AND EXISTS (
        SELECT FROM settlements s JOIN instructions o ON o.line_id = s.line_id
        JOIN line_results v ON v.line_id = o.line_id
        WHERE o.payment_id = p.id AND v.outcome = 'paid') THEN 'paid' ELSE r.outcome END,
    reason = coalesce(nullif(concat_ws(' ', r.reason_code, r.reason_text), ''), 'bank')
FROM bank_results r JOIN instructions i ON i.line_id = r.line_id
WHERE r.answer_id = :answer AND i.payment_id = p.id AND p.state = 'instructed';
UPDATE payments p SET state = 'corrected', changed_on = ledger_date(),
    reason = 'same account: ' || r.fault
FROM bank_results r JOIN instructions i ON i.line_id = r.line_id
WHERE r.answer_id = :answer AND i.payment_id = p.id AND p.state = 'returned'
  AND NOT is_payees_fault(r.fault);
CREATE TEMPORARY TABLE balancing ON COMMIT DROP AS
SELECT DISTINCT p.entitlement_id FROM bank_results r JOIN instructions i ON i.line_id = r.line_id
JOIN payments p ON p.id = i.payment_id JOIN surplus_payments x ON x.entitlement_id = p.entitlement_id
WHERE r.answer_id = :answer;

-- name: counted
SELECT standing, count(*)::integer AS rows FROM bank_answer_rows
WHERE answer_id = :answer GROUP BY standing;

-- name: enter_account
SELECT p.id, i.attempt FROM instructions i JOIN payments p ON p.id = i.payment_id
WHERE i.end_to_end_id = :id AND p.state = 'returned'
  AND i.attempt = (SELECT max(attempt) FROM instructions WHERE payment_id = p.id)
UNION ALL
SELECT q.id, 0 FROM instructions i JOIN failed_lines f ON f.line_id = i.line_id
JOIN payments q ON q.entitlement_id = f.entitlement_id AND q.id <> f.payment_id
    AND q.state IN ('on_notice', 'objected', 'cleared')
WHERE i.end_to_end_id = :id;

-- name: insert_account_corrections
INSERT INTO account_corrections (payment_id, after_attempt, source, account_name,
    account_no, bank_code,
    bank_name, entered_by)
VALUES (:payment, :attempt, 'person', :name, :number, :bank, :bank_name, :person) RETURNING id;

-- name: confirm_account
SELECT p.id FROM account_corrections k JOIN payments p ON p.id = k.payment_id
WHERE k.id = :id AND k.source = 'person' AND (p.state = 'returned'
    OR k.after_attempt = 0 AND p.state IN ('on_notice', 'objected', 'cleared'));

-- name: update_payments
UPDATE payments SET state = 'corrected', reason = 'account entered',
    changed_on = coalesce(ledger_date(), changed_on) WHERE id = :payment AND state = 'returned';
