"""Orphans: accepted rows of other extracts that match no insured unit, with their yuan."""

from __future__ import annotations

from stable_jobs.lists.inputs import RegionNight
from stable_jobs.publishing.table import Column, Kind, ListTable, Sum, money_total
from stable_jobs.publishing.words import DEPARTMENTS, labelled, position

COLUMNS = (
    Column("department", "负责部门 Sent by", Kind.WORD, labelled("department", DEPARTMENTS)),
    Column("extract", "数据表 Extract", Kind.WORD, "extract"),
    Column("uscc", "统一社会信用代码 Credit code", Kind.TEXT, "uscc"),
    Column("rows", "行数 Rows", Kind.COUNT, '"rows"'),
    Column("amount", "金额（元） Amount (yuan)", Kind.MONEY, "amount"),
)


def orphans(region: RegionNight) -> ListTable:
    """One row per extract and code, by sending department."""
    return ListTable(
        name="orphans",
        title="未匹配参保单位的数据 Rows that match no insured unit",
        columns=COLUMNS,
        source=f"FROM {region.rows_of(region.inputs.orphans)}",
        order=f'{position("department", DEPARTMENTS)}, department, extract, uscc, "rows", amount',
        formats=("csv",),
        expected=Sum(region.totals.orphans, region.totals.orphan_amount),
        total_sql=money_total("amount"),
        notes=region.notes,
    )
