-- Why a region's money does not go out on a date: one row per region and cause, with payments and yuan.
-- Reads: candidates, doubtful_refunds, entitlements, newest_nights, night_units, night_withdrawals,
--   notices, payments, region_nights, region_stops, unit_stops.

-- name: waits
WITH regions AS MATERIALIZED (
    SELECT r.region_code, w.business_date, CASE
        WHEN w.business_date = :on AND w.is_suspended THEN 'held'
        WHEN w.business_date = :on THEN NULL
        WHEN w.business_date > :on THEN 'newer_night'
        WHEN EXISTS (SELECT FROM night_withdrawals k WHERE k.region_code = r.region_code
                     AND k.business_date = :on) THEN 'withdrawn'
        WHEN EXISTS (SELECT FROM region_nights k WHERE k.region_code = r.region_code
                     AND k.business_date = :on AND k.is_silent) THEN 'nothing_came'
        WHEN w.business_date IS NULL THEN 'no_night'
        ELSE 'older_night' END AS cause
    FROM (SELECT DISTINCT region_code FROM region_nights) r
    LEFT JOIN newest_nights w ON w.region_code = r.region_code
),
open AS MATERIALIZED (
    SELECT e.region_code, p.id, p.entitlement_id, p.state, p.amount, n.notice_ends_on, p.reason
    FROM payments p JOIN entitlements e ON e.id = p.entitlement_id JOIN notices n ON n.id = p.notice_id
    WHERE p.state IN ('on_notice', 'objected', 'cleared', 'batched', 'returned', 'corrected')
),
stopped AS (
    SELECT r.region_code, min(s.cause) AS cause, min(s.detail) AS detail
    FROM regions r JOIN region_stops s ON s.region_code = r.region_code
        OR s.reaches_below AND is_within(r.region_code, s.region_code)
    GROUP BY r.region_code
),
causes AS (
    SELECT o.region_code, o.amount, CASE o.state
            WHEN 'on_notice' THEN 'notice' WHEN 'objected' THEN 'objection'
            WHEN 'batched' THEN 'approval' WHEN 'returned' THEN 'account_correction'
            ELSE coalesce(s.cause, u.cause, 'waiting_list') END AS cause,
        CASE o.state WHEN 'on_notice' THEN o.notice_ends_on::text WHEN 'batched' THEN o.reason
            WHEN 'objected' THEN '' WHEN 'returned' THEN '' ELSE coalesce(s.detail, '') END AS detail
    FROM open o JOIN regions r ON r.region_code = o.region_code AND r.cause IS NULL
    LEFT JOIN stopped s ON s.region_code = o.region_code
    LEFT JOIN (SELECT entitlement_id, min(cause) AS cause FROM unit_stops GROUP BY entitlement_id) u
        ON u.entitlement_id = o.entitlement_id
)
SELECT r.region_code, r.business_date, r.cause, count(o.id), coalesce(sum(o.amount), 0), ''
FROM regions r LEFT JOIN open o ON o.region_code = r.region_code
WHERE r.cause IS NOT NULL GROUP BY r.region_code, r.business_date, r.cause
UNION ALL
SELECT c.region_code, r.business_date, c.cause, count(*), sum(c.amount), c.detail
FROM causes c JOIN regions r ON r.region_code = c.region_code
GROUP BY c.region_code, r.business_date, c.cause, c.detail
ORDER BY 1, 3, 6;

-- name: left_out
SELECT e.region_code, w.business_date, CASE
    WHEN c.payment_id IS NOT NULL THEN 'budget'
    WHEN EXISTS (SELECT FROM doubtful_refunds d WHERE d.region_code = e.region_code AND d.uscc = e.uscc
                 AND d.policy_year = e.policy_year) THEN 'refund_in_doubt'
    WHEN e.policy_year < extract(year FROM ledger_date()) THEN 'year_over'
    WHEN n.review_level IS NULL THEN 'review_level'
    WHEN n.account_no IS NULL THEN 'account'
    ELSE 'next_night' END AS cause, count(*), sum(p.amount), ''
FROM payments p JOIN entitlements e ON e.id = p.entitlement_id
JOIN newest_nights w ON w.region_code = e.region_code AND w.business_date = ledger_date()
    AND NOT w.is_suspended
LEFT JOIN candidates c ON c.payment_id = p.id
LEFT JOIN night_units n ON n.region_code = e.region_code AND n.uscc = e.uscc
WHERE p.state IN ('cleared', 'corrected')
  AND NOT EXISTS (SELECT FROM unit_stops s WHERE s.entitlement_id = e.id)
  AND NOT EXISTS (SELECT FROM region_stops s WHERE s.region_code = e.region_code
                  OR s.reaches_below AND is_within(e.region_code, s.region_code))
GROUP BY 1, 2, 3 ORDER BY 1, 3;
