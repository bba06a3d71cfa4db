"""What the bank said of each line of a batch: what the paid and the returned list share."""

# ruff: noqa: S608 - what is put into the query is this package's own

from __future__ import annotations

from stable_jobs.publishing.files.text import masked
from stable_jobs.publishing.ledger_lists import Place, Rows
from stable_jobs.publishing.table import Column, Kind, ListTable, money_total
from stable_jobs.publishing.words import SCHEMES, labelled

QUERY = f"""
    SELECT b.batch_no, l.line_no, l.end_to_end_id, e.uscc, l.unit_name, l.scheme, l.amount, l.attempt,
           {masked("l.account_no")} AS account, coalesce(z.outcome, r.outcome) AS outcome,
           CASE WHEN coalesce(z.outcome, r.outcome) = r.outcome THEN r.reason_code ELSE z.reason_code END
               AS reason_code,
           CASE WHEN coalesce(z.outcome, r.outcome) = r.outcome THEN r.reason_text ELSE z.reason_text END
               AS reason_text,
           CASE WHEN coalesce(z.outcome, r.outcome) = r.outcome THEN r.booked_on ELSE z.booked_on END
               AS booked_on,
           coalesce(z.settled_on, r.answered_on) AS answered_on
    FROM batches b JOIN instructions i ON i.batch_id = b.id JOIN payment_lines l ON l.id = i.line_id
    JOIN payments p ON p.id = i.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    LEFT JOIN (
        SELECT s.*, a.business_date AS answered_on
        FROM bank_results s JOIN bank_answers a ON a.id = s.answer_id
        WHERE a.business_date <= DATE '{{on}}'
    ) r ON r.line_id = i.line_id
    LEFT JOIN LATERAL (
        SELECT s.outcome, s.settled_on, c.reason_code, c.reason_text, c.booked_on
        FROM settlements s LEFT JOIN contradictions c ON c.line_id = s.line_id AND c.outcome = s.outcome
        WHERE s.line_id = i.line_id AND s.settled_on <= DATE '{{on}}'
        ORDER BY s.id DESC, c.id DESC LIMIT 1) z ON true
    WHERE b.id IN (
        SELECT j.batch_id FROM bank_results s JOIN bank_answers a ON a.id = s.answer_id
        JOIN instructions j ON j.line_id = s.line_id WHERE a.business_date = DATE '{{on}}'
        UNION SELECT j.batch_id FROM settlements s JOIN instructions j ON j.line_id = s.line_id
        WHERE s.settled_on = DATE '{{on}}')
    ORDER BY b.batch_no, l.line_no
"""
"""Every line of the batches that got a result on a date, the bank's or a settled one, with what was known
of it when that date ended."""
ROWS = {
    "batch_no": "VARCHAR",
    "line_no": "BIGINT",
    "end_to_end_id": "VARCHAR",
    "uscc": "VARCHAR",
    "unit_name": "VARCHAR",
    "scheme": "VARCHAR",
    "amount": "DECIMAL(18, 2)",
    "attempt": "BIGINT",
    "account": "VARCHAR",
    "outcome": "VARCHAR",
    "reason_code": "VARCHAR",
    "reason_text": "VARCHAR",
    "booked_on": "DATE",
    "answered_on": "DATE",
}
LINE = (
    Column("line_no", "序号 Line", Kind.COUNT, "line_no"),
    Column("end_to_end_id", "支付编号 End-to-end id", Kind.WORD, "end_to_end_id"),
    Column("attempt", "次数 Attempt", Kind.COUNT, "attempt"),
    Column("uscc", "统一社会信用代码 Credit code", Kind.TEXT, "uscc"),
    Column("unit_name", "单位名称 Unit name", Kind.TEXT, "unit_name"),
    Column("scheme", "返还类型 Scheme", Kind.WORD, labelled("scheme", SCHEMES)),
    Column("amount", "金额（元） Amount (yuan)", Kind.MONEY, "amount"),
    Column("account", "账号（掩码） Account (masked)", Kind.WORD, "account"),
)
REASON = (
    Column("reason_code", "银行原因代码 Bank's reason code", Kind.TEXT, "reason_code"),
    Column("reason_text", "银行原因 Bank's reason", Kind.TEXT, "reason_text"),
)
DAYS = (
    Column("booked_on", "银行入账日 Booked on", Kind.VALUE, "booked_on"),
    Column("answered_on", "回盘日期 Answered on", Kind.VALUE, "answered_on"),
)


def result_list(name: str, title: str, columns: tuple[Column, ...], rows: Rows, place: Place) -> ListTable:
    """One row per line, in the order of the batch. rows: of one batch and one outcome."""
    return ListTable(
        name=name,
        title=title,
        columns=columns,
        source=f"FROM {rows.source}",
        order="line_no",
        formats=("csv", "xlsx"),
        expected=rows.sum,
        total_sql=money_total("amount"),
        notes=place.notes,
    )
