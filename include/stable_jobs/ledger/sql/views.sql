-- What people are shown of the ledger: lists to work through, one unit's history, the sums. Reads only.
-- Reads: approval_hands, approvals, approver_changes, assigned_approvers, audit_events, batch_changes,
--   batch_preparers, batches, budget_commitments, budget_entries, code_changes, doubt_rulings, doubt_stops, doubts,
--   entitlement_balances, entitlements, event_hands, instructions, line_results, masked_accounts,
--   objection_decisions, objections, open_contradictions, open_disagreements, payment_lines, payments,
--   proposal_decisions, proposals, recovery_cases, recovery_closings, refund_rulings, payment_stop_ends,
--   payment_stops, registered_codes, payment_states, reported_refunds.

-- name: objections
SELECT o.id::text AS id, e.region_code AS region, e.uscc, e.unit_name AS unit, p.amount AS yuan,
       o.reason AS objection, as_known(o.entered_by, o.event_id) AS "entered by", minute_of(a.body) AS at,
       p.state AS payment, coalesce(k.outcome, 'open') AS decision,
       as_known(k.decided_by, k.event_id) AS "decided by", k.reason AS why
FROM objections o JOIN payments p ON p.id = o.payment_id JOIN entitlements e ON e.id = p.entitlement_id
JOIN audit_events a ON a.id = o.event_id LEFT JOIN objection_decisions k ON k.objection_id = o.id
WHERE (:is_all OR k.objection_id IS NULL)
  AND (CAST(:region AS text) IS NULL OR is_within(e.region_code, :region))
  AND (CAST(:uscc AS text) IS NULL
       OR e.region_code = CAST(:region AS text)
          AND e.uscc IN (SELECT unit_codes(CAST(:region AS text), CAST(:uscc AS text))))
ORDER BY o.id;

-- name: recoveries
SELECT c.id::text AS id, e.region_code AS region, e.uscc, e.unit_name AS unit,
       e.policy_year::text AS year, c.amount AS yuan, c.reason AS cause, c.opened_on AS opened,
       coalesce(k.outcome, 'open') AS outcome,
       as_known(k.closed_by, k.event_id) AS "closed by", k.reason AS why
FROM recovery_cases c JOIN entitlements e ON e.id = c.entitlement_id
LEFT JOIN recovery_closings k ON k.case_id = c.id
WHERE (:is_all OR k.case_id IS NULL)
  AND (CAST(:region AS text) IS NULL OR is_within(e.region_code, :region))
  AND (CAST(:uscc AS text) IS NULL
       OR e.region_code = CAST(:region AS text)
          AND e.uscc IN (SELECT unit_codes(CAST(:region AS text), CAST(:uscc AS text))))
ORDER BY c.id;

-- name: refunds
SELECT e.id::text AS id, e.region_code AS region, e.uscc, u.unit_name AS unit,
       e.policy_year::text AS year, e.scheme, e.amount AS yuan, e.paid_date AS "paid on",
       e.voucher_no AS voucher, e.payment_reference AS reference, e.standing, k.ruling,
       as_known(k.ruled_by, k.event_id) AS "ruled by", k.reason AS why
FROM reported_refunds e LEFT JOIN refund_rulings k ON k.refund_id = e.id
LEFT JOIN entitlements u
    ON (u.region_code, u.uscc, u.policy_year) = (e.region_code, e.uscc, e.policy_year)
WHERE (:is_all OR e.standing = 'doubtful' AND k.refund_id IS NULL)
  AND (CAST(:region AS text) IS NULL OR is_within(e.region_code, :region))
  AND (CAST(:uscc AS text) IS NULL
       OR e.region_code = CAST(:region AS text)
          AND e.uscc IN (SELECT unit_codes(CAST(:region AS text), CAST(:uscc AS text))))
ORDER BY e.id;

-- name: holds
SELECT h.id::text AS id, h.region_code AS region, h.reason,
       as_known(h.stopped_by, h.event_id) AS "held by", minute_of(a.body) AS at,
       as_known(r.released_by, r.event_id) AS "released by", minute_of(b.body) AS released, r.reason AS why
FROM payment_stops h JOIN audit_events a ON a.id = h.event_id
LEFT JOIN payment_stop_ends r ON r.stop_id = h.id LEFT JOIN audit_events b ON b.id = r.event_id
WHERE (:is_all OR r.stop_id IS NULL) AND (CAST(:region AS text) IS NULL OR is_within(h.region_code, :region))
ORDER BY h.id;

-- name: assigned
SELECT s.person, s.region_code AS region, s.level::text AS level,
       as_known(c.entered_by, c.event_id) AS "assigned by", minute_of(a.body) AS at
FROM assigned_approvers s
JOIN LATERAL (
    SELECT entered_by, event_id FROM approver_changes
    WHERE (person, region_code, level) = (s.person, s.region_code, s.level)
    ORDER BY id DESC LIMIT 1) c ON true
JOIN audit_events a ON a.id = c.event_id
WHERE (CAST(:region AS text) IS NULL OR is_within(s.region_code, :region)) OR is_within(:region, s.region_code)
ORDER BY s.region_code, s.level, s.person;

-- name: is_assigned
SELECT EXISTS (SELECT FROM assigned_approvers
    WHERE (person, region_code, level) = (:person, :region, :level));

-- name: budgets
SELECT k.pooling_region AS region, k.policy_year::text AS year, k.amount AS yuan,
       k.id = max(k.id) OVER (PARTITION BY k.pooling_region, k.policy_year) AS "in force",
       coalesce(s.committed, 0) AS committed, k.reason,
       as_known(k.entered_by, k.event_id) AS "entered by", minute_of(a.body) AS at
FROM budget_entries k JOIN audit_events a ON a.id = k.event_id
LEFT JOIN budget_commitments s ON (s.pooling_region, s.policy_year) = (k.pooling_region, k.policy_year)
ORDER BY k.pooling_region, k.policy_year, k.id;

-- name: batches
SELECT batch_no AS batch, region_code AS region, business_date AS formed, review_level::text AS level,
       count AS units, total AS yuan, state, reason
FROM batches
WHERE (NOT :is_open OR state = 'formed') AND (CAST(:on AS date) IS NULL OR business_date = :on)
ORDER BY batch_no;

-- name: batch_history
SELECT c.to_state AS state, c.changed_on AS night, minute_of(a.body) AS at,
       as_known(a.body::jsonb ->> 'actor', a.id) AS by,
       c.reason, c.event_id::text AS event
FROM batch_changes c JOIN audit_events a ON a.id = c.event_id WHERE c.batch_id = :id ORDER BY c.id;

-- name: batch_answers
SELECT p.level::text AS level, p.approver, p.answer, p.reason, p.answered_in AS "answered in",
       CASE WHEN h.is_authenticated THEN 'authenticated' ELSE 'unauthenticated' END AS login,
       coalesce(h.os_user || '@' || h.host, '') AS "system user", minute_of(a.body) AS at
FROM approvals p JOIN audit_events a ON a.id = p.event_id JOIN approval_hands h ON h.approval_id = p.id
WHERE p.batch_id = :id ORDER BY p.level;

-- name: batch_preparers
-- Marked is who ever acted under a login that nobody checked: a preparer has no event of their own.
SELECT as_known(p.person, h.event_id) AS person, p.deed
FROM batch_preparers p
LEFT JOIN LATERAL (
    SELECT min(event_id) AS event_id FROM event_hands
    WHERE person = p.person AND NOT is_authenticated) h ON true
WHERE p.batch_id = :id ORDER BY p.person, p.deed;

-- name: unit_sums
-- OFFSET 0 keeps the planner from adding up every unit's payments to show one unit's.
-- noqa: disable=AM09
SELECT s.policy_year::text AS year, s.uscc, s.unit_name AS unit, s.scheme, s.entitled_amount AS entitled,
       s.outside, s.paid, s.open, s.waived, s.to_recover AS recovering, e.decided_on AS decided
FROM entitlements e
CROSS JOIN LATERAL (SELECT * FROM entitlement_balances s WHERE s.entitlement_id = e.id OFFSET 0) s
WHERE e.region_code = :region AND e.uscc IN (SELECT unit_codes(:region, :uscc)) ORDER BY s.policy_year;
-- noqa: enable=AM09

-- name: unit_changes
SELECT e.policy_year || '-' || lpad(p.ordinal::text, 2, '0') AS payment, p.amount AS yuan,
       c.to_state AS state, c.changed_on AS night, minute_of(a.body) AS at,
       as_known(a.body::jsonb ->> 'actor', a.id) AS by,
       c.reason, c.event_id::text AS event
FROM payment_states c JOIN payments p ON p.id = c.payment_id JOIN entitlements e ON e.id = p.entitlement_id
JOIN audit_events a ON a.id = c.event_id
WHERE e.region_code = :region AND e.uscc IN (SELECT unit_codes(:region, :uscc))
ORDER BY c.event_id, c.from_state IS NULL, c.id, p.id;

-- name: unit_lines
SELECT l.end_to_end_id AS line, b.batch_no AS batch, b.state, l.amount AS yuan, l.bank_name AS bank,
       m.account, l.account_source AS source, i.instructed_on AS instructed, r.outcome AS answer,
       concat_ws(' ', r.reason_code, r.reason_text) AS "bank's reason",
       (SELECT string_agg(DISTINCT c.outcome, ' ') FROM open_contradictions c WHERE c.line_id = l.id)
           AS "then said"
FROM payment_lines l JOIN batches b ON b.id = l.batch_id JOIN payments p ON p.id = l.payment_id
JOIN entitlements e ON e.id = p.entitlement_id JOIN masked_accounts m ON m.line_id = l.id
LEFT JOIN instructions i ON i.line_id = l.id LEFT JOIN line_results r ON r.line_id = l.id
WHERE e.region_code = :region AND e.uscc IN (SELECT unit_codes(:region, :uscc)) ORDER BY l.id;

-- name: sums
SELECT coalesce(region_code, 'all') AS region, policy_year::text AS year, count(*) AS units,
       sum(entitled_amount) AS entitled, sum(outside) AS outside, sum(paid) AS paid, sum(open) AS open,
       sum(waived) AS waived, sum(to_recover) AS recovering
FROM entitlement_balances WHERE (CAST(:region AS text) IS NULL OR is_within(region_code, :region))
GROUP BY GROUPING SETS ((region_code, policy_year), (policy_year)) ORDER BY policy_year, 1;

-- name: proposals
SELECT p.id::text AS id, p.kind, p.region_code AS region, p.subject, p.reason,
       as_known(p.proposed_by, p.event_id) AS "proposed by", minute_of(a.body) AS at,
       coalesce(d.outcome, 'open') AS answer,
       as_known(d.decided_by, d.event_id) AS "answered by", d.reason AS why
FROM proposals p JOIN audit_events a ON a.id = p.event_id
LEFT JOIN proposal_decisions d ON d.proposal_id = p.id
WHERE (:is_all OR d.proposal_id IS NULL) AND (CAST(:region AS text) IS NULL OR is_within(p.region_code, :region))
ORDER BY p.id;

-- name: registered
SELECT r.code, r.region_code AS region, r.evidence, p.reason, p.proposed_by AS "proposed by",
       d.decided_by AS "confirmed by", minute_of(a.body) AS at
FROM registered_codes r JOIN audit_events a ON a.id = r.event_id
JOIN proposals p ON p.id = r.proposal_id JOIN proposal_decisions d ON d.proposal_id = p.id
WHERE (CAST(:region AS text) IS NULL OR is_within(r.region_code, :region)) ORDER BY r.region_code, r.code;

-- name: doubts
SELECT d.id::text AS id, d.kind AS doubt, e.region_code AS region,
           concat_ws(' ', e.region_code, e.uscc, e.unit_name) AS one,
           concat_ws(' ', o.region_code, o.uscc, o.unit_name) AS other, d.units AS sharing,
           CASE WHEN EXISTS (
               SELECT FROM doubt_stops s WHERE s.entitlement_id IN (d.entitlement_id, d.other_entitlement_id)
               AND starts_with(s.detail, 'doubt ' || d.id || ' (')) THEN 'stops' ELSE 'shown' END AS effect,
           minute_of(a.body) AS at,
           CASE k.outcome WHEN 'cleared' THEN 'two_units' WHEN 'same' THEN 'same_unit' WHEN 'gone' THEN 'gone'
                ELSE 'open' END AS ruling, k.ruled_by AS "ruled by", k.reason AS why
    FROM doubts d JOIN entitlements e ON e.id = d.entitlement_id
    JOIN entitlements o ON o.id = d.other_entitlement_id
    JOIN audit_events a ON a.id = d.event_id LEFT JOIN doubt_rulings k ON k.doubt_id = d.id
    WHERE (:is_all OR k.doubt_id IS NULL) AND ((
    (CAST(:region AS text) IS NULL OR is_within(e.region_code, :region))
    AND (CAST(:uscc AS text) IS NULL
         OR e.region_code = CAST(:region AS text)
            AND e.uscc IN (SELECT unit_codes(CAST(:region AS text), CAST(:uscc AS text))))
) OR (
    (CAST(:region AS text) IS NULL OR is_within(o.region_code, :region))
    AND (CAST(:uscc AS text) IS NULL
         OR o.region_code = CAST(:region AS text)
            AND o.uscc IN (SELECT unit_codes(CAST(:region AS text), CAST(:uscc AS text))))
))
    ORDER BY d.id;

-- name: disagreements
SELECT e.region_code AS region, e.uscc, e.unit_name AS unit, e.policy_year::text AS year, e.cause,
       e.payable, e.already_paid AS "already paid", e.difference AS "to pay",
       e.counted AS "counted as paid"
FROM open_disagreements e WHERE
(CAST(:region AS text) IS NULL OR is_within(e.region_code, :region))
  AND (CAST(:uscc AS text) IS NULL
       OR e.region_code = CAST(:region AS text)
          AND e.uscc IN (SELECT unit_codes(CAST(:region AS text), CAST(:uscc AS text))))
ORDER BY e.region_code, e.uscc;

-- name: changed_codes
SELECT c.old_code AS "old code", c.new_code AS "new code", minute_of(a.body) AS at,
       coalesce('doubt ' || c.doubt_id, 'labor') AS source
FROM code_changes c JOIN audit_events a ON a.id = c.event_id
WHERE c.region_code = :region AND c.old_code IN (SELECT unit_codes(:region, :uscc)) ORDER BY c.id;
