"""Payments that came back or are open with the bank (退票待更正清单): the bank's reason, what to do."""

# ruff: noqa: S608 - what is put into the query is this package's own

from __future__ import annotations

from datetime import date

from stable_jobs.disbursement.sheets.bank_results import REASON
from stable_jobs.publishing.files.text import masked
from stable_jobs.publishing.ledger_lists import Place, Rows
from stable_jobs.publishing.table import Column, Kind, ListTable, money_total
from stable_jobs.publishing.words import SCHEMES, labelled

QUERY = f"""
    SELECT e.region_code, e.uscc, e.unit_name, p.scheme, p.amount, i.end_to_end_id, i.attempt, r.reason_code,
           r.reason_text, c.changed_on AS returned_on, {masked("l.account_no")} AS account,
           k.id AS correction,
           CASE WHEN c.to_state = 'returned' THEN 'returned' WHEN NOT is_payees_fault(r.fault) THEN 'same'
                ELSE 'new_account' END AS standing
    FROM (
        SELECT DISTINCT j.payment_id FROM line_results s JOIN instructions j ON j.line_id = s.line_id
        WHERE s.outcome = 'returned'
    ) w
    JOIN payments p ON p.id = w.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    JOIN LATERAL (
        SELECT to_state, changed_on, reason FROM state_changes
        WHERE payment_id = p.id AND changed_on <= DATE '{{on}}'
        ORDER BY id DESC LIMIT 1) c ON c.to_state IN ('returned', 'corrected')
    JOIN LATERAL (
        SELECT line_id, end_to_end_id, attempt FROM instructions
        WHERE payment_id = p.id AND instructed_on <= DATE '{{on}}' ORDER BY attempt DESC LIMIT 1) i ON true
    JOIN payment_lines l ON l.id = i.line_id JOIN line_results r ON r.line_id = i.line_id
    LEFT JOIN LATERAL (
        SELECT a.id FROM account_corrections a LEFT JOIN account_confirmations f ON f.correction_id = a.id
        WHERE a.payment_id = p.id AND a.source = 'person' AND a.after_attempt = i.attempt
          AND f.correction_id IS NULL
        ORDER BY a.id DESC LIMIT 1) k ON true
    WHERE i.line_id NOT IN ({{cases}})
      AND (c.to_state = 'returned' OR NOT is_payees_fault(r.fault)
           OR c.reason = 'account in the extract' AND NOT EXISTS (
               SELECT FROM accepted_accounts a WHERE a.entitlement_id = e.id))
    UNION ALL
    SELECT e.region_code, e.uscc, e.unit_name, p.scheme, p.amount, i.end_to_end_id, i.attempt, d.reason_code,
           d.reason_text, d.said_on, {masked("l.account_no")}, NULL, d.standing
    FROM (
        SELECT DISTINCT ON (o.line_id) o.line_id, 'duplicate' AS standing, NULL AS reason_code,
               k.found AS reason_text, a.business_date AS said_on
        FROM bank_answer_rows k JOIN bank_answers a ON a.id = k.answer_id
        JOIN instructions o ON o.end_to_end_id = k.end_to_end_id
        WHERE k.standing = 'duplicate' AND a.business_date <= DATE '{{on}}' AND NOT EXISTS (
            SELECT FROM line_results r JOIN bank_answers b ON b.id = r.answer_id
            WHERE r.line_id = o.line_id AND coalesce(r.settled_on, b.business_date) <= DATE '{{on}}')
        ORDER BY o.line_id, a.business_date, k.answer_id
    ) d
    JOIN instructions i ON i.line_id = d.line_id JOIN payment_lines l ON l.id = d.line_id
    JOIN payments p ON p.id = i.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    UNION ALL
    SELECT e.region_code, e.uscc, e.unit_name, p.scheme, p.amount, i.end_to_end_id, i.attempt, c.reason_code,
           c.reason_text, c.opened_on, {masked("l.account_no")}, NULL, 'contradiction'
    FROM contradictions c JOIN instructions i ON i.line_id = c.line_id
    JOIN payment_lines l ON l.id = c.line_id
    JOIN payments p ON p.id = i.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    WHERE c.id IN (SELECT max(id) FROM contradictions GROUP BY line_id) AND c.line_id IN ({{cases}})
    ORDER BY 1, 2, 6
"""
"""What was open with the bank at the end of a date, with the line that it is about: payments that came back,
also those that go again to the same account or to a new one; lines that the bank has and says no more of;
lines that it contradicts itself about. correction: the newest one that nobody has confirmed."""
CASES = """
    SELECT n.line_id FROM contradictions n WHERE n.opened_on <= DATE '{on}' AND NOT EXISTS (
        SELECT FROM settlements s
        WHERE s.line_id = n.line_id AND s.event_id > n.event_id AND s.settled_on <= DATE '{on}')
"""


def query_of(on: date) -> str:
    """The query as of the end of a date."""
    return QUERY.format(on=on, cases=CASES.format(on=on))


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
    "standing": "VARCHAR",
}
WAITS = """
    CASE WHEN standing = 'duplicate'
         THEN '银行已有此笔，等待其结果 the bank has this payment: wait for its result; else by its letter: '
              || 'stable-jobs returns settle ' || end_to_end_id
         WHEN standing = 'contradiction'
         THEN '银行前后不一，两人凭其书面说明处理 two people settle it by the bank''s letter: '
              || 'stable-jobs returns settle ' || end_to_end_id
         WHEN standing = 'same' THEN '下一批次，同一账户 the next batch, to the same account'
         WHEN standing = 'new_account'
         THEN '经办人核实数据中的新账户 a person accepts the new account of the extract: '
              || 'stable-jobs returns accept-account ' || end_to_end_id
         WHEN correction IS NULL
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
    """One row per payment or open line, by code; never a whole account."""
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
