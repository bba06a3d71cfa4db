"""Disbursement application (拨付申请表): how much is asked for, in figures and in Chinese capitals (大写)."""

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal

from __future__ import annotations

from stable_jobs.lists.inputs import RegionNight
from stable_jobs.money import to_capitals
from stable_jobs.publishing.table import Column, Kind, ListTable, Sum, agreed
from stable_jobs.publishing.words import SCHEMES, SIZES, labelled, position
from stable_jobs.store.engine import quote_literal

TOTAL = "合计 Total"
PART = f"scheme <> '{TOTAL}'"
WHOLE = f"scheme = '{TOTAL}'"
WRITTEN = 10**16
"""Yuan; below it a total can be written in capitals."""
TOO_LARGE = "金额过大，无法书写大写 too large to be written in capitals"
COLUMNS = (
    Column("scheme", "返还类型 Scheme", Kind.WORD, "scheme"),
    Column("size_class", "企业划型 Size", Kind.WORD, "size_class"),
    Column("units", "单位数 Units", Kind.COUNT, "units"),
    Column("headcount", "参保人数 Headcount", Kind.COUNT, "headcount"),
    Column("payable", "金额（元） Amount (yuan)", Kind.MONEY, "payable"),
    Column("capitals", "大写 In capitals", Kind.WORD, "capitals"),
)


def disbursement_application(region: RegionNight) -> ListTable:
    """One row per scheme and size, then the region's total; the groups must add up to it."""
    return application(
        rows=region.taken,
        expected=Sum(region.totals.units, region.totals.payable),
        marks=(Column("status", "状态 Status", Kind.WORD, quote_literal(region.status)),),
        notes=(*region.notes, region.status),
    )


def application(
    *, rows: str, expected: Sum, marks: tuple[Column, ...], notes: tuple[str, ...], amount: str = "payable"
) -> ListTable:
    """An application for `rows`, a table expression with scheme, size_class, headcount and `amount` (yuan).

    marks: columns that say the same in every line, after the figures.
    """
    return ListTable(
        name="disbursement_application",
        title="失业保险稳岗返还拨付申请表 Disbursement application",
        columns=(*COLUMNS, *marks),
        source=f"FROM ({_groups(rows, amount)} UNION ALL {_total(rows, expected)})",
        order="place, size_place",
        formats=("csv", "xlsx"),
        expected=expected,
        count_sql=agreed("units", "DECIMAL(18, 0)", PART, WHOLE),
        total_sql=agreed("payable", "DECIMAL(38, 2)", PART, WHOLE),
        is_summary=True,
        notes=notes,
    )


def _groups(rows: str, amount: str) -> str:
    return (
        f"SELECT {labelled('scheme', SCHEMES)} AS scheme, {labelled('size_class', SIZES)} AS size_class,"
        f" count(*) AS units, sum(headcount)::BIGINT AS headcount, sum({amount})::DECIMAL(38, 2) AS payable,"
        f" NULL AS capitals, {position('scheme', SCHEMES)} AS place,"
        f" {position('size_class', SIZES)} AS size_place"
        f" FROM {rows} AS t GROUP BY t.scheme, t.size_class"
    )


def _total(rows: str, expected: Sum) -> str:
    assert expected.total is not None
    capitals = quote_literal(to_capitals(expected.total) if expected.total < WRITTEN else TOO_LARGE)
    return (
        f"SELECT {quote_literal(TOTAL)}, NULL, {expected.count}, (SELECT sum(headcount)::BIGINT FROM {rows}),"
        f" {expected.total}::DECIMAL(38, 2), {capitals}, {len(SCHEMES) + 2}, 0"
    )
