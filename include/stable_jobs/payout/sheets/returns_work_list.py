"""Payments that came back and wait for another account (退票待更正清单): the bank's reason, what to do."""

# ruff: noqa: S608 - what is put into the query is this package's own

from __future__ import annotations

from stable_jobs.payout.files.text import masked
from stable_jobs.payout.ledger_lists import Place, Rows
from stable_jobs.payout.sheets.bank_results import REASON
from stable_jobs.payout.table import Column, Kind, ListTable, money_total
from stable_jobs.payout.words import SCHEMES, labelled

QUERY = f"""
    SELECT e.region_code, e.uscc, e.unit_name, p.scheme, p.amount, i.end_to_end_id, i.attempt, r.reason_code,
           r.reason_text, c.changed_on AS returned_on, {masked("l.account_no")} AS account, k.id AS correction
    FROM (
        SELECT DISTINCT j.payment_id FROM bank_results s JOIN instructions j ON j.line_id = s.line_id
        WHERE s.outcome = 'returned'
    ) w
    JOIN payments p ON p.id = w.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    JOIN LATERAL (
        SELECT to_state, changed_on FROM state_changes WHERE payment_id = p.id AND changed_on <= DATE '{{on}}'
        ORDER BY id DESC LIMIT 1) c ON c.to_state = 'returned'
    JOIN LATERAL (
        SELECT line_id, end_to_end_id, attempt FROM instructions
        WHERE payment_id = p.id AND instructed_on <= DATE '{{on}}' ORDER BY attempt DESC LIMIT 1) i ON true
    JOIN payment_lines l ON l.id = i.line_id JOIN bank_results r ON r.line_id = i.line_id
    LEFT JOIN LATERAL (
        SELECT a.id FROM account_corrections a LEFT JOIN account_confirmations f ON f.correction_id = a.id
        WHERE a.payment_id = p.id AND a.source = 'person' AND a.after_attempt = i.attempt
          AND f.correction_id IS NULL
        ORDER BY a.id DESC LIMIT 1) k ON true
    ORDER BY e.region_code, e.uscc
"""
"""Payments that were returned at the end of a date, with the line that failed. correction: the newest one
that nobody has confirmed."""
ROWS = {
    "region_code": "VARCHAR",
    "uscc": "VARCHAR",
    "unit_name": "VARCHAR",
    "scheme": "VARCHAR",
    "amount": "DECIMAL(18, 2)",
    "end_to_end_id": "VARCHAR",
    "attempt": "BIGINT",
    "reason_code": "VARCHAR",
    "reason_text": "VARCHAR",
    "returned_on": "DATE",
    "account": "VARCHAR",
    "correction": "BIGINT",
}
WAITS = """
    CASE WHEN correction IS NULL
         THEN '下次数据中的新账户，或录入更正 another account in the next extract, or: '
              || 'stable-jobs returns correct ' || end_to_end_id
         ELSE '另一人确认更正 another person confirms: stable-jobs returns confirm ' || correction END
"""
COLUMNS = (
    Column("uscc", "统一社会信用代码 Credit code", Kind.TEXT, "uscc"),
    Column("unit_name", "单位名称 Unit name", Kind.TEXT, "unit_name"),
    Column("scheme", "返还类型 Scheme", Kind.WORD, labelled("scheme", SCHEMES)),
    Column("amount", "金额（元） Amount (yuan)", Kind.MONEY, "amount"),
    *REASON,
    Column("returned_on", "退回日期 Returned since", Kind.VALUE, "returned_on"),
    Column("attempt", "次数 Attempt", Kind.COUNT, "attempt"),
    Column("end_to_end_id", "支付编号 End-to-end id", Kind.WORD, "end_to_end_id"),
    Column("account", "账号（掩码） Account (masked)", Kind.WORD, "account"),
    Column("waits_for", "等待事项 Waits for", Kind.WORD, WAITS),
)


def returns_work_list(rows: Rows, place: Place) -> ListTable:
    """One row per payment, by code; never a whole account."""
    return ListTable(
        name="returns_work_list",
        title="退票待更正清单 Returned payments to correct",
        columns=COLUMNS,
        source=f"FROM {rows.source}",
        order="uscc, end_to_end_id",
        formats=("csv", "xlsx"),
        expected=rows.sum,
        total_sql=money_total("amount"),
        notes=place.notes,
    )
