-- What may go out tonight. A formed batch holds only that: what no longer may voids it.
-- Reads: accepted_accounts, account_confirmations, account_corrections, batches, budget_entries,
--   candidates, doubtful_accounts, doubtful_refunds, entitlements, failed_lines, instructions,
--   line_results, newest_nights, night_regions, night_units, payment_lines, payments, refund_rulings,
--   reported_refunds, unit_stops.
-- Writes: batches, candidates, payments.

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
JOIN night_regions r ON r.region_code = e.region_code AND NOT r.is_held
JOIN newest_nights w ON w.region_code = e.region_code AND w.decision_id = r.decision_id
    AND w.business_date = ledger_date() AND NOT w.is_held
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
  AND w.business_date = ledger_date() AND NOT w.is_held
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
