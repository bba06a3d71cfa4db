-- A night that two people take back: it is no region's newest any more, and what it promised goes with it.
-- Reads: batches, entitlement_excess, entitlements, instructions, newest_nights, night_withdrawals,
--   notice_closings, notices, payments, proposals, recovery_cases, recovery_closings, standing_nights.
-- Writes: batches, entitlements, night_withdrawals, payments, recovery_closings.

-- name: undone
SELECT w.region_code, (
            SELECT max(s.id) FROM standing_nights s
            WHERE s.region_code = w.region_code AND s.business_date = w.business_date),
        p.announced, p.announced_yuan, (
            SELECT count(*) FROM batches b WHERE b.region_code = w.region_code
            AND b.business_date = w.business_date AND b.state = 'formed'),
        i.instructed, i.instructed_yuan
    FROM newest_nights w
    CROSS JOIN LATERAL (
        SELECT count(*) AS announced, coalesce(sum(p.amount), 0) AS announced_yuan
        FROM payments p JOIN notices n ON n.id = p.notice_id
        WHERE n.region_code = w.region_code AND p.state IN ('on_notice', 'objected', 'cleared', 'batched')
          AND
    (n.opened_on = w.business_date OR EXISTS (
        SELECT FROM notice_closings k WHERE k.notice_id = n.id AND k.closed_on = w.business_date))
) p
    CROSS JOIN LATERAL (
        SELECT count(*) AS instructed, coalesce(sum(i.amount), 0) AS instructed_yuan
        FROM instructions i JOIN batches b ON b.id = i.batch_id
        WHERE b.region_code = w.region_code AND i.instructed_on = w.business_date) i
    WHERE w.business_date = :on AND is_within(w.region_code, :region)
    ORDER BY w.region_code;

-- name: not_newest
SELECT string_agg(DISTINCT business_date::text, ', ' ORDER BY business_date::text) FROM newest_nights
WHERE is_within(region_code, :region);

-- name: nights
INSERT INTO night_withdrawals (night_id, region_code, business_date, proposal_id)
SELECT n.value::bigint, n.key, (p.content ->> 'business_date')::date, p.id
FROM proposals p CROSS JOIN LATERAL jsonb_each_text(p.content -> 'nights') n
WHERE p.id = :proposal ORDER BY n.key;

-- name: voided
UPDATE batches b SET state = 'voided', reason = 'the night was withdrawn'
FROM night_withdrawals w
WHERE w.event_id = ledger_event() AND b.state = 'formed' AND b.region_code = w.region_code
  AND b.business_date = w.business_date;

-- name: taken_back
UPDATE payments p SET state = 'withdrawn', reason = 'night_withdrawn',
    changed_on = coalesce(ledger_date(), p.changed_on)
FROM notices n, night_withdrawals w
WHERE n.id = p.notice_id AND w.event_id = ledger_event() AND w.region_code = n.region_code
  AND p.state IN ('on_notice', 'objected', 'cleared')
  AND (n.opened_on = w.business_date OR EXISTS (
    SELECT FROM notice_closings k WHERE k.notice_id = n.id AND k.closed_on = w.business_date));

-- name: superseded
INSERT INTO recovery_closings (case_id, outcome, reason, closed_by)
SELECT c.id, 'superseded', 'the night was withdrawn', 'stable-jobs'
FROM recovery_cases c JOIN entitlements e ON e.id = c.entitlement_id
JOIN night_withdrawals w ON w.event_id = ledger_event() AND w.region_code = e.region_code
    AND w.business_date = c.opened_on
LEFT JOIN recovery_closings k ON k.case_id = c.id WHERE k.case_id IS NULL ORDER BY c.id;

-- name: recognised
-- Recognised is what was settled and what is open; the next night weighs it again.
UPDATE entitlements e SET entitled_amount = e.entitled_amount + x.excess, event_id = ledger_event()
FROM entitlement_excess x JOIN night_withdrawals w ON w.region_code = x.region_code
WHERE w.event_id = ledger_event() AND e.id = x.entitlement_id AND x.excess <> 0;
