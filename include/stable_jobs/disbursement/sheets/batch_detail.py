"""Disbursement detail of a batch: each line with its account and the id that the bank answers by."""

from __future__ import annotations

from dataclasses import replace

from stable_jobs.bank.batch import Batch
from stable_jobs.lists.sheets.disbursement_detail import COLUMNS, COUNT, TITLE
from stable_jobs.publishing.table import Column, Kind, ListTable, money_total
from stable_jobs.store.engine import quote_literal

LINE = (
    Column("line_no", "序号 Line", Kind.COUNT, "line_no"),
    Column("end_to_end_id", "支付编号 End-to-end id", Kind.WORD, "end_to_end_id"),
    Column("attempt", "次数 Attempt", Kind.COUNT, "attempt"),
)


def batch_detail(batch: Batch) -> ListTable:
    """Every line, in the order of the batch."""
    figures = (replace(c, sql="amount") if c.name == "payable" else c for c in COLUMNS)
    return ListTable(
        name="disbursement_detail",
        title=TITLE,
        columns=(
            *LINE,
            *figures,
            Column("batch_no", "批次 Batch", Kind.WORD, quote_literal(batch.head.batch_no)),
            Column("status", "状态 Status", Kind.WORD, quote_literal(batch.head.status)),
        ),
        source=f"FROM {batch.source}",
        order="line_no",
        formats=("csv", "xlsx"),
        expected=batch.head.sum,
        count_sql=COUNT,
        total_sql=money_total("payable"),
        notes=batch.head.notes,
    )
