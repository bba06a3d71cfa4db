"""Payments that did not go out (待拨付清单): in their order, with what they wait for."""

from __future__ import annotations

from stable_jobs.payout.ledger_lists import Place, Rows
from stable_jobs.payout.table import Column, Kind, ListTable, money_total
from stable_jobs.payout.words import SCHEMES, labelled

QUERY = """
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
                WHEN n.account_no IS NULL THEN 'account'
                ELSE 'budget' END AS waits_for,
           CASE WHEN p.state IN ('batched', 'returned', 'objected') THEN p.reason
                ELSE coalesce(rs.detail, us.detail) END AS detail
    FROM payments p JOIN entitlements e ON e.id = p.entitlement_id
    JOIN night_regions r ON r.region_code = e.region_code AND NOT r.is_held
    LEFT JOIN night_units n ON n.region_code = e.region_code AND n.uscc = e.uscc
    LEFT JOIN LATERAL (
        SELECT s.cause, s.detail FROM region_stops s WHERE s.region_code = e.region_code
            OR s.reaches_below AND is_within(e.region_code, s.region_code)
        ORDER BY s.cause LIMIT 1) rs ON true
    LEFT JOIN LATERAL (
        SELECT s.cause, s.detail FROM unit_stops s WHERE s.entitlement_id = e.id
        ORDER BY s.cause, s.detail LIMIT 1) us ON true
    WHERE p.state IN ('cleared', 'corrected', 'batched', 'objected', 'returned')
    ORDER BY 1, 2, 3
"""
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
WAITS = {
    "year_over": "上年度未拨付，须人工处理 a person: it is of a policy year that is over",
    "approval": "审批 approval",
    "objection": "异议处理 a decision on the objection",
    "account_correction": "更正账户 a corrected account",
    "hold": "暂停拨付 release of the hold",
    "policy": "复核政策参数 a second person's word on the region's policy values",
    "total": "核对地区总额 a person's word on the region's total",
    "refund_in_doubt": "核对财政已拨付 a ruling on finance's refund",
    "review_level": "审批层级 a known size",
    "account": "可用账户 an account that a bank can take",
    "budget": "预算 budget",
}
COLUMNS = (
    Column("priority", "顺序 Priority", Kind.COUNT, "priority"),
    Column("uscc", "统一社会信用代码 Credit code", Kind.TEXT, "uscc"),
    Column("unit_name", "单位名称 Unit name", Kind.TEXT, "unit_name"),
    Column("scheme", "返还类型 Scheme", Kind.WORD, labelled("scheme", SCHEMES)),
    Column("amount", "金额（元） Amount (yuan)", Kind.MONEY, "amount"),
    Column("waits_for", "等待事项 Waits for", Kind.WORD, labelled("waits_for", WAITS)),
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
