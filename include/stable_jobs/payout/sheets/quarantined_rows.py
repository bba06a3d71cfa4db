"""A delivery's quarantined rows whole, for the department that must correct them: accounts masked."""

from __future__ import annotations

from stable_jobs.contracts.model import Column as Sent
from stable_jobs.contracts.model import Contract, Kind
from stable_jobs.payout import table
from stable_jobs.payout.files.text import masked
from stable_jobs.payout.table import ListTable, Sum
from stable_jobs.quality.samples import MASK, as_sent
from stable_jobs.store.engine import quote_literal, read_parquet_sql

ACCOUNT_LIKE = "[0-9]{9,}([0-9]{4})"
"""Longer than a bank's code of 12 digits: in a row whose columns are shifted, an account elsewhere."""


def quarantined_rows(contract: Contract, path: str, delivery_id: int, rows: int) -> ListTable:
    """One row per quarantined row of the delivery, in the file's order, with the rules it broke.

    path: the quarantine of a validation of the extract. Values are as sent. A code that is not known to be a
    unit's is masked as in the region's list: it may be anything.
    """
    ours = (
        table.Column("data_row", "数据行号 Row", table.Kind.VALUE, "row_no"),
        table.Column("counted_in", "地区 Region", table.Kind.WORD, "home_region"),
        table.Column("broken", "违反的规则 Rules broken", table.Kind.WORD, "array_to_string(rules, ';')"),
    )
    has_account = any(c.is_sensitive and c.kind is Kind.CODE for c in contract.columns)
    return ListTable(
        name="quarantined_rows",
        title="已隔离的数据行 Quarantined rows",
        columns=(*ours, *(_column(c, has_account) for c in contract.columns)),
        source=f"FROM {read_parquet_sql([path])} WHERE delivery_id = {delivery_id:d}",
        order="row_id",
        formats=("csv",),
        expected=Sum(rows, None),
    )


def _column(column: Sent, has_account: bool) -> table.Column:
    sql = as_sent(column)
    if column.is_sensitive:
        hidden = masked(sql) if column.kind is Kind.CODE else quote_literal(MASK)
        shown = f"CASE WHEN {sql} IS NOT NULL THEN {hidden} END"
    elif column.name == "uscc":
        shown = f"CASE WHEN is_unit_known OR {sql} IS NULL THEN {sql} ELSE {masked(sql)} END"
    elif has_account:
        shown = rf"regexp_replace({sql}, '{ACCOUNT_LIKE}', '{MASK}\1', 'g')"
    else:
        shown = sql
    return table.Column(column.name, f"{column.header} {column.name}", table.Kind.TEXT, shown)
