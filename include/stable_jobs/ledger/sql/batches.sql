-- Batches: what may be paid, one per region and review level, in priority order, while the budget lasts.
-- Reads: accepted_accounts, account_confirmations, account_corrections, batches, budget_commitments, budget_entries,
--   candidates, chosen, deliveries, delivery_releases, doubt_rulings, doubtful_accounts, doubtful_refunds,
--   doubts, entitlements, failed_lines, instructions, line_results, newest_nights, night_regions,
--   night_units, notices, objection_decisions, objections, payment_lines, payments, proposal_decisions,
--   proposals, recovery_cases, recovery_closings, refund_rulings, payment_stop_ends, payment_stops,
--   region_nights, region_stops, region_totals, reported_refunds, settlements, total_rulings, unit_stops.
-- Writes: batch_preparers, batches, candidates, chosen, payment_lines, payments.

-- name: drop_candidates
DROP TABLE candidates;

-- name: candidates
-- Every payment that the night bears out, with the account it would go to; those in a formed batch too.
--
-- What the bank answered or a person ruled after the night was applied waits for the next one, which weighs it.
-- Nothing goes again to an account that failed for the unit, by the payee's fault, unless two people say so;
-- after a return an account that only the extract knows waits until a person has accepted it.
CREATE TEMPORARY TABLE candidates ON COMMIT DROP AS
WITH failed AS MATERIALIZED (SELECT * FROM failed_lines),
     doubtful AS MATERIALIZED (SELECT * FROM doubtful_accounts)
SELECT p.id AS payment_id, p.state, p.scheme, p.amount, p.ordinal, e.region_code, e.uscc, e.policy_year,
       n.unit_name, n.size_class, n.headcount, n.priority, n.review_level,
       r.pooling_region, coalesce(
           (SELECT b.amount FROM budget_entries b WHERE b.pooling_region = r.pooling_region
            AND b.policy_year = e.policy_year ORDER BY b.id DESC LIMIT 1), r.refund_budget) AS budget,
       1 + (SELECT count(*) FROM instructions i WHERE i.payment_id = p.id) AS attempt,
       coalesce(c.account_name, n.account_name) AS account_name,
       coalesce(c.account_no, n.account_no) AS account_no,
       coalesce(c.bank_code, n.bank_code) AS bank_code,
       CASE WHEN c.account_no IS NULL THEN n.bank_name ELSE c.bank_name END AS bank_name,
       CASE WHEN c.account_no IS NULL THEN n.account_source ELSE 'person' END AS account_source
FROM payments p
JOIN entitlements e ON e.id = p.entitlement_id AND e.policy_year = extract(year FROM ledger_date())
JOIN night_units n ON n.region_code = e.region_code AND n.uscc = e.uscc
JOIN night_regions r ON r.region_code = e.region_code AND NOT r.is_suspended
JOIN newest_nights w ON w.region_code = e.region_code AND w.decision_id = r.decision_id
    AND w.business_date = ledger_date() AND NOT w.is_suspended
LEFT JOIN LATERAL (
    SELECT k.* FROM account_corrections k JOIN account_confirmations f ON f.correction_id = k.id
    WHERE k.payment_id = p.id AND k.source = 'person'
      AND k.after_attempt = coalesce((
        SELECT max(i.attempt) FROM instructions i LEFT JOIN line_results r ON r.line_id = i.line_id
        WHERE i.payment_id = p.id
          AND (r.outcome IS DISTINCT FROM 'returned' OR is_payees_fault(r.fault))), 0)
    ORDER BY k.id DESC LIMIT 1) c ON true
LEFT JOIN (SELECT DISTINCT entitlement_id FROM failed) had ON had.entitlement_id = e.id
LEFT JOIN doubtful ON doubtful.entitlement_id = e.id
LEFT JOIN LATERAL (
    SELECT i.line_id FROM instructions i
    WHERE i.payment_id = p.id ORDER BY i.attempt DESC LIMIT 1) sent ON true
WHERE p.state IN ('cleared', 'corrected', 'batched')
  AND (SELECT count(*) FROM instructions i WHERE i.payment_id = p.id) < 99
  AND n.review_level IS NOT NULL AND n.is_paid_known
  AND (n.decision = 'eligible' OR n.reasons = 'account_known_unknown' AND c.account_no IS NOT NULL)
  AND coalesce(c.account_no, n.account_no) IS NOT NULL
  AND n.name_fault IS NULL
  AND (c.account_no IS NOT NULL OR had.entitlement_id IS NULL OR NOT EXISTS (
    SELECT FROM failed f WHERE f.entitlement_id = e.id AND f.account = account_key(n.account_no)
      AND is_same_failure(f.fault, f.name, f.bank_code, n.account_name, n.bank_code)))
  AND (c.account_no IS NOT NULL OR doubtful.entitlement_id IS NULL OR EXISTS (
    SELECT FROM accepted_accounts a WHERE a.entitlement_id = e.id
      AND (a.account, a.name, a.bank_code)
          IS NOT DISTINCT FROM (account_key(n.account_no), name_key(n.account_name), n.bank_code)))
  AND NOT EXISTS (SELECT FROM line_results b WHERE b.line_id = sent.line_id AND b.event_id > w.event_id)
  AND NOT EXISTS (
    SELECT FROM reported_refunds f JOIN refund_rulings k ON k.refund_id = f.id AND k.event_id > w.event_id
    WHERE (f.region_code, f.uscc, f.policy_year) = (e.region_code, e.uscc, e.policy_year))
  AND NOT EXISTS (SELECT FROM doubtful_refunds d WHERE d.region_code = e.region_code AND d.uscc = e.uscc
                  AND d.policy_year = e.policy_year)
  AND NOT EXISTS (SELECT FROM unit_stops s WHERE s.entitlement_id = e.id);

-- name: stale
UPDATE batches b SET state = 'voided', reason = 'an account or a unit changed'
FROM night_regions r
JOIN newest_nights w ON w.region_code = r.region_code AND w.decision_id = r.decision_id
WHERE b.state = 'formed' AND r.region_code = b.region_code
  AND w.business_date = ledger_date() AND NOT w.is_suspended
  AND EXISTS (
    SELECT FROM payment_lines l LEFT JOIN candidates c ON c.payment_id = l.payment_id
    WHERE l.batch_id = b.id AND (c.payment_id IS NULL OR c.review_level <> b.review_level
      OR (c.account_name, c.account_no, c.bank_code)
         IS DISTINCT FROM (l.account_name, l.account_no, l.bank_code)));

-- name: unbatched
UPDATE payments p SET state = CASE WHEN l.attempt > 1 THEN 'corrected' ELSE 'cleared' END,
    reason = 'batch voided', changed_on = coalesce(ledger_date(), changed_on)
FROM payment_lines l JOIN batches b ON b.id = l.batch_id
WHERE l.payment_id = p.id AND p.state = 'batched' AND b.state <> 'formed'
  AND l.id = (SELECT max(id) FROM payment_lines WHERE payment_id = p.id);

-- name: chosen
-- In priority order, then by code, while what is left of the pooling region's budget lasts. A later attempt
-- was counted with the first.
CREATE TEMPORARY TABLE chosen ON COMMIT DROP AS
SELECT counted.*, row_number() OVER (
    PARTITION BY region_code, review_level ORDER BY priority, uscc) AS line_no
FROM (
    SELECT c.*, sum(CASE WHEN attempt = 1 THEN amount ELSE 0 END) OVER (
        PARTITION BY pooling_region ORDER BY priority, uscc, region_code) AS running
    FROM candidates c WHERE state IN ('cleared', 'corrected')
      AND NOT EXISTS (SELECT FROM region_stops s WHERE s.region_code = c.region_code
                      OR s.reaches_below AND is_within(c.region_code, s.region_code))
) counted
LEFT JOIN budget_commitments spent USING (pooling_region, policy_year)
WHERE attempt > 1 OR running <= budget - coalesce(committed, 0);

-- name: batches
INSERT INTO batches (batch_no, region_code, policy_year, review_level, ordinal, count, total, hash)
SELECT region_code || '-' || to_char(ledger_date(), 'YYYYMMDD') || '-L' || review_level || '-' || ordinal,
       region_code, policy_year, review_level, ordinal, count, total, hash
FROM (
    SELECT c.region_code, c.policy_year, c.review_level, count(*) AS count, sum(c.amount) AS total,
           encode(sha256(convert_to(string_agg(
               jsonb_build_array(c.line_no, end_to_end_id(c.policy_year, c.region_code, c.uscc, c.ordinal,
                   c.attempt), c.payment_id, c.attempt, c.unit_name, c.scheme, c.amount, c.account_name,
                   c.account_no, c.bank_code, c.bank_name, c.account_source)::text,
               E'\n' ORDER BY c.line_no), 'UTF8')), 'hex') AS hash,
           1 + (SELECT count(*) FROM batches b WHERE b.region_code = c.region_code
                AND b.business_date = ledger_date() AND b.review_level = c.review_level) AS ordinal
    FROM chosen c GROUP BY c.region_code, c.policy_year, c.review_level
) made ORDER BY region_code, review_level;

-- name: lines
INSERT INTO payment_lines (batch_id, line_no, payment_id, attempt, end_to_end_id, pooling_region,
    unit_name,
    scheme, size_class, headcount, priority, amount, account_name, account_no, bank_code, bank_name,
    account_source)
SELECT b.id, c.line_no, c.payment_id, c.attempt,
       end_to_end_id(c.policy_year, c.region_code, c.uscc, c.ordinal, c.attempt), c.pooling_region,
           c.unit_name,
       c.scheme, c.size_class, c.headcount, c.priority, c.amount, c.account_name, c.account_no,
           c.bank_code,
       c.bank_name, c.account_source
FROM chosen c JOIN batches b ON b.region_code = c.region_code AND b.review_level = c.review_level
    AND b.event_id = ledger_event()
ORDER BY b.id, c.line_no;

-- name: preparers
-- Whoever had a hand in a line: they may not approve the batch. Extracts about enterprises reach
-- every region. Whoever released a hold had a hand in what the region is paid, for a year.
INSERT INTO batch_preparers (batch_id, person, deed)
SELECT DISTINCT l.batch_id, k.decided_by, 'objection'
FROM payment_lines l JOIN objections o ON o.payment_id = l.payment_id
JOIN objection_decisions k ON k.objection_id = o.id WHERE l.event_id = ledger_event();
INSERT INTO batch_preparers (batch_id, person, deed)
SELECT DISTINCT l.batch_id, who, 'account'
FROM payment_lines l JOIN account_corrections k ON k.payment_id = l.payment_id AND k.source = 'person'
JOIN account_confirmations f ON f.correction_id = k.id
CROSS JOIN LATERAL (VALUES (k.entered_by), (f.confirmed_by)) AS people (who)
WHERE l.event_id = ledger_event() AND l.account_source = 'person';
INSERT INTO batch_preparers (batch_id, person, deed)
SELECT DISTINCT l.batch_id, k.entered_by, 'budget'
FROM payment_lines l JOIN batches b ON b.id = l.batch_id
JOIN budget_entries k ON k.pooling_region = l.pooling_region AND k.policy_year = b.policy_year
WHERE l.event_id = ledger_event();
INSERT INTO batch_preparers (batch_id, person, deed)
SELECT DISTINCT b.id, d.released_by, 'delivery'
FROM batches b JOIN newest_nights n ON n.region_code = b.region_code
JOIN deliveries v ON v.business_date <= n.business_date AND (is_within(b.region_code, v.region_code)
    OR v.extract IN ('enterprise_sizes', 'exclusion_list', 'priority_list'))
JOIN delivery_releases d ON d.sha256 = v.sha256
WHERE b.event_id = ledger_event()
  AND v.business_date > b.business_date - 366;
INSERT INTO batch_preparers (batch_id, person, deed)
SELECT DISTINCT l.batch_id, k.ruled_by, 'refund'
FROM payment_lines l JOIN payments p ON p.id = l.payment_id JOIN entitlements e ON e.id = p.entitlement_id
JOIN reported_refunds f ON f.region_code = e.region_code AND f.uscc = e.uscc
    AND f.policy_year = e.policy_year
JOIN refund_rulings k ON k.refund_id = f.id
WHERE l.event_id = ledger_event();
INSERT INTO batch_preparers (batch_id, person, deed)
SELECT DISTINCT l.batch_id, who, 'recovery'
FROM payment_lines l JOIN payments p ON p.id = l.payment_id
JOIN recovery_cases c ON c.entitlement_id = p.entitlement_id
JOIN recovery_closings k ON k.case_id = c.id AND k.outcome <> 'superseded'
LEFT JOIN (proposals q JOIN proposal_decisions d ON d.proposal_id = q.id AND d.outcome = 'confirmed')
    ON q.kind = 'recovery_closing' AND q.subject = 'case ' || c.id
CROSS JOIN LATERAL (VALUES (k.closed_by), (q.proposed_by)) AS people (who)
WHERE l.event_id = ledger_event() AND who IS NOT NULL;
INSERT INTO batch_preparers (batch_id, person, deed)
SELECT DISTINCT b.id, r.released_by, 'release'
FROM batches b JOIN payment_stops h ON is_within(b.region_code, h.region_code)
JOIN payment_stop_ends r ON r.stop_id = h.id
WHERE b.event_id = ledger_event() AND r.event_id > coalesce((
    SELECT max(n.event_id) FROM region_nights n
    WHERE n.region_code = b.region_code AND n.business_date < b.business_date - 366), 0);
INSERT INTO batch_preparers (batch_id, person, deed)
SELECT DISTINCT l.batch_id, a.accepted_by, 'new account'
FROM payment_lines l JOIN payments p ON p.id = l.payment_id
JOIN accepted_accounts a ON a.entitlement_id = p.entitlement_id AND a.account = account_key(l.account_no)
WHERE l.event_id = ledger_event() AND l.account_source <> 'person';
INSERT INTO batch_preparers (batch_id, person, deed)
SELECT DISTINCT l.batch_id, who, 'contradiction'
FROM settlements s JOIN instructions i ON i.line_id = s.line_id JOIN payments q ON q.id = i.payment_id
JOIN payments p ON p.entitlement_id = q.entitlement_id JOIN payment_lines l ON l.payment_id = p.id
JOIN proposals o ON o.id = s.proposal_id JOIN proposal_decisions d ON d.proposal_id = o.id
CROSS JOIN LATERAL (VALUES (o.proposed_by), (d.decided_by)) AS people (who)
WHERE l.event_id = ledger_event();
INSERT INTO batch_preparers (batch_id, person, deed)
SELECT DISTINCT l.batch_id, k.ruled_by, 'doubt'
FROM payment_lines l JOIN payments p ON p.id = l.payment_id
JOIN (SELECT id, entitlement_id FROM doubts UNION ALL SELECT id, other_entitlement_id FROM doubts) d
    ON d.entitlement_id = p.entitlement_id
JOIN doubt_rulings k ON k.doubt_id = d.id AND k.outcome IN ('cleared', 'same')
WHERE l.event_id = ledger_event();
INSERT INTO batch_preparers (batch_id, person, deed)
SELECT DISTINCT l.batch_id, k.ruled_by, 'total'
FROM payment_lines l JOIN payments p ON p.id = l.payment_id JOIN notices n ON n.id = p.notice_id
JOIN region_totals t ON t.region_code = n.region_code JOIN total_rulings k ON k.total_id = t.id
WHERE l.event_id = ledger_event() AND n.opened_on = (
    SELECT min(o.opened_on) FROM notices o
    WHERE o.region_code = t.region_code AND o.opened_on >= t.business_date);

-- name: batched
UPDATE payments p SET state = 'batched', reason = b.batch_no, changed_on = ledger_date()
FROM payment_lines l JOIN batches b ON b.id = l.batch_id
WHERE l.payment_id = p.id AND l.event_id = ledger_event();
