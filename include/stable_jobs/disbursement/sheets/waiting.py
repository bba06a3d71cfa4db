"""Payments that did not go out (待拨付清单), and what is due after one under way: what each waits for."""

from __future__ import annotations

from stable_jobs.messages.ledger import WAITS_FOR
from stable_jobs.publishing.ledger_lists import Place, Rows
from stable_jobs.publishing.table import Column, Kind, ListTable, money_total
from stable_jobs.publishing.words import SCHEMES, both_of, labelled

QUERY = """
    WITH under_way AS MATERIALIZED (
        SELECT * FROM entitlement_standing s
        WHERE s.is_instructed AND s.policy_year = CAST(extract(year FROM DATE '{on}') AS integer)
    )
    SELECT e.region_code, coalesce(n.priority, 999999) AS priority, e.uscc, e.unit_name, p.scheme, p.amount,
           CASE WHEN e.policy_year < extract(year FROM DATE '{on}') THEN 'year_over'
                WHEN p.state = 'batched' THEN 'approval'
                WHEN p.state = 'objected' THEN 'objection'
                WHEN p.state = 'returned' THEN 'account_correction'
                WHEN rs.cause IS NOT NULL THEN rs.cause
                WHEN us.cause IS NOT NULL THEN us.cause
                WHEN EXISTS (SELECT FROM doubtful_refunds d WHERE d.region_code = e.region_code
                             AND d.uscc = e.uscc AND d.policy_year = e.policy_year) THEN 'refund_in_doubt'
                WHEN n.review_level IS NULL THEN 'review_level'
                WHEN n.name_fault IS NOT NULL THEN 'name'
                WHEN n.account_no IS NULL AND NOT c.is_entered THEN 'account'
                WHEN f.end_to_end_id IS NOT NULL AND NOT c.is_entered THEN 'another_account'
                WHEN d.end_to_end_id IS NOT NULL AND NOT c.is_entered THEN 'account_acceptance'
                WHEN p.state = 'corrected' THEN 'next_batch'
                ELSE 'budget' END AS waits_for,
           CASE WHEN p.state IN ('batched', 'returned', 'objected') THEN p.reason
                ELSE coalesce(rs.detail, us.detail, n.name_fault, n.account_fault,
                    CASE WHEN NOT c.is_entered THEN coalesce(f.end_to_end_id,
                    'stable-jobs returns accept-account ' || d.end_to_end_id) END) END AS detail
    FROM payments p JOIN entitlements e ON e.id = p.entitlement_id
    JOIN night_regions r ON r.region_code = e.region_code AND NOT r.is_held
    JOIN newest_nights w ON w.region_code = e.region_code AND w.business_date = DATE '{on}'
    LEFT JOIN night_units n ON n.region_code = e.region_code AND n.uscc = e.uscc
    LEFT JOIN LATERAL (
        SELECT s.cause, s.detail FROM region_stops s WHERE s.region_code = e.region_code
            OR s.reaches_below AND is_within(e.region_code, s.region_code)
        ORDER BY s.cause LIMIT 1) rs ON true
    LEFT JOIN LATERAL (
        SELECT s.cause, s.detail FROM unit_stops s WHERE s.entitlement_id = e.id
        ORDER BY s.cause, s.detail LIMIT 1) us ON true
    LEFT JOIN LATERAL (
        SELECT i.end_to_end_id FROM failed_lines q JOIN instructions i ON i.line_id = q.line_id
        WHERE q.entitlement_id = e.id AND q.account = account_key(n.account_no)
          AND is_same_failure(q.fault, q.name, q.bank_code, n.account_name, n.bank_code)
        ORDER BY q.line_id DESC LIMIT 1) f ON true
    LEFT JOIN LATERAL (
        SELECT i.end_to_end_id FROM doubtful_accounts q JOIN instructions i ON i.line_id = q.line_id
        WHERE q.entitlement_id = e.id AND NOT EXISTS (
            SELECT FROM accepted_accounts a WHERE a.entitlement_id = e.id
              AND (a.account, a.name, a.bank_code)
                  IS NOT DISTINCT FROM (account_key(n.account_no), name_key(n.account_name), n.bank_code))
    ) d ON true
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT FROM account_corrections k JOIN account_confirmations g ON g.correction_id = k.id
            WHERE k.payment_id = p.id AND k.source = 'person' AND k.after_attempt = coalesce((
                SELECT max(i.attempt)
                FROM instructions i LEFT JOIN line_results x ON x.line_id = i.line_id
                WHERE i.payment_id = p.id
                  AND (x.outcome IS DISTINCT FROM 'returned' OR is_payees_fault(x.fault))), 0)) AS is_entered
    ) c
    WHERE p.state IN ('cleared', 'corrected', 'batched', 'objected', 'returned')
    UNION ALL
    SELECT s.region_code, coalesce(n.priority, 999999), s.uscc, s.unit_name, n.scheme,
           n.entitlement - s.outside - s.paid - s.open - s.waived + s.recovering - s.dropped, 'first_payment',
           i.end_to_end_id
    FROM under_way s
    JOIN night_regions r ON r.region_code = s.region_code AND NOT r.is_held
    JOIN newest_nights w ON w.region_code = s.region_code AND w.business_date = DATE '{on}'
    JOIN night_units n ON n.region_code = s.region_code AND n.uscc = s.uscc AND n.decision = 'eligible'
    JOIN LATERAL (
        SELECT end_to_end_id FROM instructions
        WHERE payment_id = s.open_payment_id ORDER BY attempt DESC LIMIT 1) i ON true
    WHERE n.is_paid_known
      AND n.entitlement - s.outside - s.paid - s.open - s.waived + s.recovering - s.dropped > 0
    UNION ALL
    SELECT d.region_code, coalesce(n.priority, 999999), d.uscc, d.unit_name, coalesce(n.scheme, 'general'),
           coalesce(d.payable, 0), 'disagreement', d.detail
    FROM open_disagreements d
    JOIN night_regions r ON r.region_code = d.region_code AND NOT r.is_held
    LEFT JOIN night_units n ON n.region_code = d.region_code AND n.uscc = d.uscc
    WHERE NOT EXISTS (
        SELECT FROM payments p WHERE p.entitlement_id = d.entitlement_id
        AND p.state IN ('cleared', 'corrected', 'batched', 'objected', 'returned'))
    ORDER BY 1, 2, 3
"""
"""under_way stands apart because a planner that expects one row would compute the view once for each unit."""
ROWS = {
    "region_code": "VARCHAR",
    "priority": "BIGINT",
    "uscc": "VARCHAR",
    "unit_name": "VARCHAR",
    "scheme": "VARCHAR",
    "amount": "DECIMAL(18, 2)",
    "waits_for": "VARCHAR",
    "detail": "VARCHAR",
}
COLUMNS = (
    Column("priority", "顺序 Priority", Kind.COUNT, "priority"),
    Column("uscc", "统一社会信用代码 Credit code", Kind.TEXT, "uscc"),
    Column("unit_name", "单位名称 Unit name", Kind.TEXT, "unit_name"),
    Column("scheme", "返还类型 Scheme", Kind.WORD, labelled("scheme", SCHEMES)),
    Column("amount", "金额（元） Amount (yuan)", Kind.MONEY, "amount"),
    Column("waits_for", "等待事项 Waits for", Kind.WORD, labelled("waits_for", both_of(WAITS_FOR))),
    Column("detail", "说明 Detail", Kind.TEXT, "detail"),
)


def waiting(rows: Rows, place: Place) -> ListTable:
    """One row per payment, in the order in which money would go."""
    return ListTable(
        name="waiting",
        title="待拨付清单 Payments that wait",
        columns=COLUMNS,
        source=f"FROM {rows.source}",
        order="priority, uscc",
        formats=("csv", "xlsx"),
        expected=rows.sum,
        total_sql=money_total("amount"),
        notes=place.notes,
    )
