"""The units that one notice announces (公示名单), as the ledger has them."""

from __future__ import annotations

from dataclasses import replace

from stable_jobs.lists.sheets.notice import COLUMNS
from stable_jobs.publishing.ledger_lists import Place, Rows
from stable_jobs.publishing.table import ListTable, money_total

QUERY = """
    SELECT e.region_code, n.notice_id, e.uscc, n.unit_name, n.headcount, n.claimants, n.layoff_rate,
           n.premium_base, n.amount
    FROM notice_lines n JOIN payments p ON p.id = n.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    JOIN notices o ON o.id = n.notice_id WHERE o.opened_on = DATE '{on}' ORDER BY e.region_code, e.uscc
"""
ROWS = {
    "region_code": "VARCHAR",
    "notice_id": "BIGINT",
    "uscc": "VARCHAR",
    "unit_name": "VARCHAR",
    "headcount": "BIGINT",
    "claimants": "BIGINT",
    "layoff_rate": "DECIMAL(18, 6)",
    "premium_base": "DECIMAL(18, 2)",
    "amount": "DECIMAL(18, 2)",
}


def public_notice(rows: Rows, place: Place) -> ListTable:
    """One row per unit, by code; never an account or a person."""
    return ListTable(
        name="notice",
        title="失业保险稳岗返还公示名单 Public notice list",
        columns=tuple(replace(c, sql="amount") if c.name == "payable" else c for c in COLUMNS),
        source=f"FROM {rows.source}",
        order="uscc",
        formats=("csv", "xlsx"),
        expected=rows.sum,
        total_sql=money_total("payable"),
        notes=place.notes,
    )
