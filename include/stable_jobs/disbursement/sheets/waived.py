"""What was not settled by the deadline (视同放弃清单): units undecided, payments returned or objected to."""

from __future__ import annotations

from stable_jobs.disbursement.sheets.bank_results import REASON
from stable_jobs.messages.decision import REASON as SENTENCES
from stable_jobs.messages.ledger import WAIVED
from stable_jobs.publishing.ledger_lists import Place, Rows
from stable_jobs.publishing.table import Column, Kind, ListTable, money_total
from stable_jobs.publishing.words import SCHEMES, both_of, labelled, said_in, sentences

QUERY = """
    SELECT e.region_code, e.policy_year, e.uscc, e.unit_name, p.scheme, p.amount, c.from_state AS standing,
           NULL AS reasons, r.reason_code, r.reason_text
    FROM waiving w JOIN entitlements e ON e.region_code = w.region_code AND e.policy_year = w.policy_year
    JOIN payments p ON p.entitlement_id = e.id AND p.state = 'waived' AND p.changed_on <= DATE '{on}'
    JOIN state_changes c ON c.payment_id = p.id AND c.to_state = 'waived'
    LEFT JOIN LATERAL (
        SELECT s.reason_code, s.reason_text FROM instructions i JOIN line_results s ON s.line_id = i.line_id
        WHERE i.payment_id = p.id ORDER BY i.attempt DESC LIMIT 1) r ON c.from_state = 'returned'
    ORDER BY 1, 2, 3
"""
"""Payments waived by the end of a date, of the regions and years in `waiving`. standing: the state before."""
ROWS = {
    "region_code": "VARCHAR",
    "policy_year": "INTEGER",
    "uscc": "VARCHAR",
    "unit_name": "VARCHAR",
    "scheme": "VARCHAR",
    "amount": "DECIMAL(18, 2)",
    "standing": "VARCHAR",
    "reasons": "VARCHAR",
    "reason_code": "VARCHAR",
    "reason_text": "VARCHAR",
}
"""amount: yuan; of an undecided unit where its inputs are known. reasons: codes of what is missing."""
UNDECIDED = "undecided"
COLUMNS = (
    Column("policy_year", "返还年度 Policy year", Kind.VALUE, "policy_year"),
    Column("uscc", "统一社会信用代码 Credit code", Kind.TEXT, "uscc"),
    Column("unit_name", "单位名称 Unit name", Kind.TEXT, "unit_name"),
    Column("scheme", "返还类型 Scheme", Kind.WORD, labelled("scheme", SCHEMES)),
    Column("standing", "情形 Standing", Kind.WORD, labelled("standing", both_of(WAIVED))),
    Column("amount", "金额（元），已知者 Amount (yuan), where known", Kind.MONEY, "amount"),
    Column("reasons", "待定事项代码 Reason codes", Kind.WORD, "reasons"),
    Column(
        "reasons_zh",
        "待定事项",
        Kind.WORD,
        sentences("reasons", said_in("zh", SENTENCES), "；"),
    ),
    Column(
        "reasons_en",
        "Reasons",
        Kind.WORD,
        sentences("reasons", said_in("en", SENTENCES), "; "),
    ),
    *REASON,
)


def waived(rows: Rows, place: Place) -> ListTable:
    """One row per payment or undecided unit; the total is of the amounts that are known."""
    return ListTable(
        name="waived",
        title="视同放弃清单 Waived at the deadline",
        columns=COLUMNS,
        source=f"FROM {rows.source}",
        order="policy_year, uscc, standing, scheme, amount, reason_code, reason_text",
        formats=("csv", "xlsx"),
        expected=rows.sum,
        total_sql=money_total("amount"),
        notes=place.notes,
    )
