"""A delivery's quarantined rows whole, for the department that must correct them: accounts masked."""

from __future__ import annotations

from stable_jobs.contracts.masking import mask_sql
from stable_jobs.contracts.model import Contract
from stable_jobs.publishing import table
from stable_jobs.publishing.table import ListTable, Sum
from stable_jobs.store.engine import read_parquet_sql
from stable_jobs.validation.staged import as_sent


def quarantined_rows(contract: Contract, path: str, delivery_id: int, rows: int) -> ListTable:
    """One row per quarantined row of the delivery, in the file's order, with the rules it broke.

    path: the quarantine of a validation of the extract. Values are as sent, but masked.
    """
    ours = (
        table.Column("data_row", "数据行号 Row", table.Kind.VALUE, "row_no"),
        table.Column("counted_in", "地区 Region", table.Kind.WORD, "home_region"),
        table.Column("broken", "违反的规则 Rules broken", table.Kind.WORD, "array_to_string(rules, ';')"),
    )
    sent = (
        table.Column(c.name, f"{c.header} {c.name}", table.Kind.TEXT, mask_sql(contract, c, as_sent(c)))
        for c in contract.columns
    )
    return ListTable(
        name="quarantined_rows",
        title="已隔离的数据行 Quarantined rows",
        columns=(*ours, *sent),
        source=f"FROM {read_parquet_sql([path])} WHERE delivery_id = {delivery_id:d}",
        order="row_id",
        formats=("csv",),
        expected=Sum(rows, None),
    )
