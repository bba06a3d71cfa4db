"""The changes between two decisions: every row exactly, every row for people, and a summary."""

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from stable_jobs.lists.sheets import TOTAL
from stable_jobs.messages.decision import REASON
from stable_jobs.publishing.table import (
    CHANGES,
    DECISIONS,
    UNIT_COLUMNS,
    Column,
    Kind,
    ListTable,
    Sum,
    agreed,
    both_of,
    labelled,
    money_total,
    position,
    sentences,
)
from stable_jobs.store.engine import quote_literal

EXACT = (
    "region_code", "uscc", "scheme", "unit_name", "change",
    "decision_before", "decision_after", "reasons_before", "reasons_after",
    "is_taken_before", "is_taken_after", "entitlement_before", "entitlement_after",
    "payable_before", "payable_after", "payable_difference",
)  # fmt: skip
"""The columns of the rows, as the comparison makes them."""
SIDES = {"before": "变化前{} {} before", "after": "变化后{} {} after"}
YES = {"true": "是 yes", "false": "否 no"}
PART = f"region_code <> '{TOTAL}' AND change <> '{TOTAL}'"
WHOLE = f"region_code = '{TOTAL}' AND change = '{TOTAL}'"
ORDER = "region_code, uscc, scheme = 'difficult', scheme"
NOTE = "差额只计所采用返还类型的应付金额 The difference counts what is payable under the scheme that is taken"


@dataclass(frozen=True)
class Changes:
    """One comparison, and the sums that its files must have.

    name, summary_name: of the files. rows_path: Parquet of the rows that differ (`EXACT`);
    summary_path: of their sums (region_code, change, rows, payable_before, …_after, …_difference).
    rows, difference: of all rows, in yuan. names: region → its name. remarks: region → what to know of it.
    notes: stand above a workbook's header.
    """

    name: str
    summary_name: str
    title: str
    rows_path: str
    summary_path: str
    rows: int
    difference: Decimal
    names: Mapping[str, str]
    remarks: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def expected(self) -> Sum:
        """The sums that each file must have: the summary the same as the rows."""
        return Sum(self.rows, self.difference)


def exact_changes(found: Changes) -> ListTable:
    """Every row with its values as they are, for machines."""
    return ListTable(
        name=found.name,
        title=found.title,
        columns=tuple(Column(name, name, Kind.VALUE, name) for name in EXACT),
        source=f"FROM read_parquet({quote_literal(found.rows_path)})",
        order=ORDER,
        formats=("parquet",),
        expected=found.expected,
        total_sql=money_total("payable_difference"),
        is_for_people=False,
    )


def listed_changes(found: Changes) -> ListTable:
    """Every row in words: a workbook, or CSV where that would be too long."""
    return ListTable(
        name=found.name,
        title=found.title,
        columns=_row_columns(found.names),
        source=f"FROM read_parquet({quote_literal(found.rows_path)})",
        order=ORDER,
        formats=("xlsx",),
        long_formats=("csv",),
        expected=found.expected,
        total_sql=money_total("payable_difference"),
        notes=(*found.notes, NOTE),
    )


def changes_summary(found: Changes) -> ListTable:
    """Rows and yuan by region and kind of change, with totals both ways; they must add up to the rows."""
    return ListTable(
        name=found.summary_name,
        title=f"{found.title} · 汇总 summary",
        columns=_summary_columns(found),
        source=f"FROM ({_with_totals(found.summary_path)})",
        order=f"region_code NULLS LAST, {position('change', CHANGES)}, change",
        formats=("xlsx", "csv"),
        expected=found.expected,
        count_sql=_agreed("rows", "DECIMAL(18, 0)"),
        total_sql=_agreed("payable_difference", "DECIMAL(38, 2)"),
        is_summary=True,
        notes=(*found.notes, NOTE),
    )


def _row_columns(names: Mapping[str, str]) -> tuple[Column, ...]:
    return (
        Column("region_code", "地区代码 Region code", Kind.WORD, "region_code"),
        Column("region", "地区 Region", Kind.WORD, labelled("region_code", names)),
        *UNIT_COLUMNS,
        Column("change", "变化 Change", Kind.WORD, labelled("change", CHANGES)),
        *_both("decision", "认定结果", "Decision", Kind.WORD, lambda c: labelled(c, DECISIONS)),
        *_both("reasons", "原因", "Reasons", Kind.WORD, lambda c: sentences(c, both_of(REASON), "；")),
        *_both("is_taken", "是否采用", "Taken", Kind.WORD, lambda c: labelled(f"{c}::VARCHAR", YES)),
        *_both("entitlement", "应返还金额（元）", "Entitlement (yuan)", Kind.MONEY, lambda c: c),
        *_both("payable", "应付金额（元）", "Payable (yuan)", Kind.MONEY, lambda c: c),
        _difference(),
    )


def _summary_columns(found: Changes) -> tuple[Column, ...]:
    total = quote_literal(TOTAL)
    remark = f"nullif({labelled('region_code', found.remarks)}, region_code)"
    return (
        Column("region_code", "地区代码 Region code", Kind.WORD, f"coalesce(region_code, {total})"),
        Column("region", "地区 Region", Kind.WORD, labelled("region_code", found.names)),
        Column("change", "变化 Change", Kind.WORD, f"coalesce({labelled('change', CHANGES)}, {total})"),
        Column("rows", "行数 Rows", Kind.COUNT, "rows"),
        *_both("payable", "应付金额（元）", "Payable (yuan)", Kind.MONEY, lambda c: c),
        _difference(),
        Column("remark", "备注 Remark", Kind.WORD, remark),
    )


def _both(name: str, zh: str, en: str, kind: Kind, sql: Callable[[str], str]) -> list[Column]:
    """A column for each side."""
    return [
        Column(f"{name}_{side}", header.format(zh, en), kind, sql(f"{name}_{side}"))
        for side, header in SIDES.items()
    ]


def _difference() -> Column:
    return Column("payable_difference", "差额（元） Difference (yuan)", Kind.MONEY, "payable_difference")


def _with_totals(path: str) -> str:
    """Per region and change, per region, per change, and in total; no line where there are no rows."""
    yuan = ", ".join(
        f"sum({name})::DECIMAL(38, 2) AS {name}"
        for name in ("payable_before", "payable_after", "payable_difference")
    )
    return (
        f"SELECT region_code, change, sum(rows)::BIGINT AS rows, {yuan}"
        f" FROM read_parquet({quote_literal(path)})"
        " GROUP BY GROUPING SETS ((region_code, change), (region_code), (change), ()) HAVING sum(rows) > 0"
    )


def _agreed(column: str, kind: str) -> str:
    """As any summary; 0 of one without lines."""
    return f"CASE WHEN count(*) = 0 THEN 0 ELSE {agreed(column, kind, PART, WHOLE)} END"
