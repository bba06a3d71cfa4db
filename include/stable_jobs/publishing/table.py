"""A list as data: its columns, rows, headings and labels."""

# ruff: noqa: S608 - every path and text in SQL goes through quote_literal

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from stable_jobs.messages import decision, ledger, night
from stable_jobs.store.engine import quote_literal
from stable_jobs.store.loading import csv_source, unload
from stable_jobs.words import Words

if TYPE_CHECKING:
    import duckdb


# --- Labels ---
# Labels on lists, Chinese beside English.

BEFORE_ALL = "公示、审批、预算前 before notice, approval and budget"
DEMONSTRATION = "演示参数 demonstration parameters"


def both_of(codes: Mapping[str, Words]) -> dict[str, str]:
    """Code → its label in a list: Chinese, then English."""
    return {code: one.both for code, one in codes.items()}


def said_in(language: str, codes: Mapping[str, Words]) -> dict[str, str]:
    """Code → what it is called in `zh` or `en` alone."""
    return {code: one.of(language) for code, one in codes.items()}


def names_of(codes: Mapping[str, Words]) -> dict[str, str]:
    """The same for names that begin with a capital on a page: in a list they do not."""
    return {code: f"{one.zh} {one.en[:1].lower()}{one.en[1:]}" for code, one in codes.items()}


SCHEMES = both_of(decision.SCHEME_IN_LISTS)
SIZES = names_of(decision.SIZE)
SOURCES = names_of(ledger.ACCOUNT_SOURCE)
DECISIONS = names_of({code: decision.SEGMENT[code] for code in ("eligible", "ineligible", "undecided")})
CHANGES = names_of({code: decision.SEGMENT[code] for code in ("appeared", "gone", "changed")})
DEPARTMENTS = {code: f"{one.zh} {code}" for code, one in night.DEPARTMENT.items() if code != "policy"}


def where(names: tuple[str, str], region_code: str, business_date: date) -> str:
    """The region, Chinese and English, and the date, on one line."""
    place = f"{names[0]} {names[1]} {region_code}".strip()
    return f"{place} · 业务日期 business date {business_date.isoformat()}"


def labelled(sql: str, labels: Mapping[str, str]) -> str:
    """SQL for the label of a code; a code without one stays as it is, NULL stays NULL."""
    cases = " ".join(
        f"WHEN {quote_literal(code)} THEN {quote_literal(label)}" for code, label in labels.items()
    )
    return f"CASE {sql} {cases} ELSE {sql} END" if cases else sql


def sentences(sql: str, labels: Mapping[str, str], between: str) -> str:
    """SQL for a cell of codes (`one;two`) in words, in its order."""
    each = f"list_transform(string_split({sql}, ';'), lambda r: {labelled('r', labels)})"
    return f"array_to_string({each}, {quote_literal(between)})"


def position(sql: str, labels: Mapping[str, str]) -> str:
    """SQL for the place of a code among the labels; unknown ones come last."""
    codes = ", ".join(map(quote_literal, labels))
    return f"coalesce(list_position([{codes}], {sql}), {len(labels) + 1})"


# --- Tables ---
# A list as data: its columns, where its rows come from, what stands above them, what it is checked by.


class Kind(StrEnum):
    """The kind of value in a list's column."""

    TEXT = "text"  # somebody else's words: made visible and inert
    WORD = "word"  # ours: a code or a label
    COUNT = "count"
    MONEY = "money"  # yuan, two places
    SHARE = "share"  # a rate: 0.055
    VALUE = "value"  # written as DuckDB writes it: dates, true/false


NUMBERS = frozenset({Kind.COUNT, Kind.MONEY, Kind.SHARE})


@dataclass(frozen=True)
class Column:
    """One column. `sql` is an expression over the list's source; `header` what people read."""

    name: str
    header: str
    kind: Kind
    sql: str


UNIT_COLUMNS = (
    Column("uscc", "统一社会信用代码 Credit code", Kind.TEXT, "uscc"),
    Column("unit_name", "单位名称 Unit name", Kind.TEXT, "unit_name"),
    Column("scheme", "返还类型 Scheme", Kind.WORD, labelled("scheme", SCHEMES)),
)
"""The columns that name the unit of a line, in every list that has them side by side."""


@dataclass(frozen=True)
class Sum:
    """How many and how much: of a list, or as one file of it says. `total` in yuan; None: no amount.

    inert: of a file that was written, the headers of the columns whose text was made harmless: hidden
    characters as `⟨U+202E⟩`, in CSV also an apostrophe before a formula's sign. None: it has no columns.
    """

    count: int
    total: Decimal | None
    inert: tuple[str, ...] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class ListTable:
    """One list of one region.

    source: SQL from `FROM` on. order: the terms of `ORDER BY`; they must be unique, or bytes would vary.
    count_sql, total_sql: aggregates over the file's own columns as text (named as `columns`), by which a
    written file is checked; no total_sql: the list has no amount. notes: stand above a workbook's header.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    source: str
    order: str
    formats: tuple[str, ...]
    expected: Sum
    count_sql: str = "count(*)"
    total_sql: str | None = None
    notes: tuple[str, ...] = ()
    long_formats: tuple[str, ...] | None = None
    """The formats of a list with more rows than a workbook may have; None: the others of `formats`."""
    is_summary: bool = False
    """True where a line stands for many units: a few lines, whatever the count."""
    is_for_people: bool = True
    """False: a plain machine file, English column names, no byte order mark."""

    @property
    def lines(self) -> int:
        """Rows of the list, by which a workbook is too long; of a summary 0."""
        return 0 if self.is_summary else self.expected.count

    def formats_of(self, workbook_rows: int) -> tuple[str, ...]:
        """The formats in which it is published where a workbook has at most so many rows."""
        if self.lines <= workbook_rows:
            return self.formats
        return self.long_formats or tuple(ending for ending in self.formats if ending != "xlsx")

    def header(self, column: Column) -> str:
        """The header a file of this list carries."""
        return column.header if self.is_for_people else column.name


def money_total(column: str) -> str:
    """The sum of a money column of a file read back as text, in yuan."""
    return f"coalesce(sum(CAST({column} AS DECIMAL(18, 2))), 0)"


def agreed(column: str, kind: str, part: str, whole: str) -> str:
    """Of a file that sums up: the figure of its one `whole` line; -1 unless the `part` lines add up to it.

    column, kind: a column of the file read back as text, and its SQL type. part, whole: SQL conditions.
    """
    figure = f"CAST({column} AS {kind})"
    total = f"max({figure}) FILTER ({whole})"
    parts = f"coalesce(sum({figure}) FILTER ({part}), 0)"
    return f"CASE WHEN {parts} = {total} THEN {total} ELSE -1 END"


@dataclass(frozen=True)
class Heading:
    """The region and date of lists, for workbooks and the manifest. about: further lines above the header."""

    region_code: str
    business_date: date
    names: tuple[str, str]
    is_demo: bool
    about: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Above a workbook's header."""
        line = where(self.names, self.region_code, self.business_date)
        return (line, *self.about, *((DEMONSTRATION,) if self.is_demo else ()))

    @property
    def manifest(self) -> dict[str, object]:
        """The first entries of the manifest of a folder of these lists."""
        return {
            "business_date": self.business_date.isoformat(),
            "region_code": self.region_code,
            "region": dict(zip(("zh", "en"), self.names, strict=True)),
            "demonstration": DEMONSTRATION if self.is_demo else None,
        }


# --- rows that are the ledger's ---


@dataclass(frozen=True)
class Rows:
    """Rows of the ledger as the engine reads them. total: yuan."""

    source: str
    count: int
    total: Decimal

    @property
    def sum(self) -> Sum:
        """The count and total that each list of all these rows must have."""
        return Sum(self.count, self.total)

    def where(self, con: duckdb.DuckDBPyConnection, condition: str) -> Rows:
        """Those that fulfil an SQL condition."""
        return counted(con, f"(FROM {self.source} WHERE {condition})")

    def of(self, con: duckdb.DuckDBPyConnection, column: str, value: str) -> Rows:
        """Those of one region, batch, …."""
        return self.where(con, f"{column} = {quote_literal(value)}")

    def listed(
        self, name: str, title: str, columns: tuple[Column, ...], order: str, heading: Heading
    ) -> ListTable:
        """The list of all these rows, as CSV and workbook; `amount` is a column, and its sum is checked."""
        return ListTable(
            name=name,
            title=title,
            columns=columns,
            source=f"FROM {self.source}",
            order=order,
            formats=("csv", "xlsx"),
            expected=self.sum,
            total_sql=money_total("amount"),
            notes=heading.notes,
        )

    def different(self, con: duckdb.DuckDBPyConnection, column: str) -> list[str]:
        """The column's values, each once, in order."""
        asked = con.execute(f"SELECT DISTINCT {column} FROM {self.source} ORDER BY 1")
        return [value for (value,) in asked.fetchall()]


def ledger_rows(
    con: duckdb.DuckDBPyConnection, connection: Connection, query: str, columns: Mapping[str, str], work: Path
) -> Rows:
    """The query's rows, kept as Parquet in `work`.

    columns: name → engine type, with `amount` in yuan among them.
    """
    plain, kept = work / "rows.csv", work / "rows.parquet"
    unload(connection, query, plain)
    con.execute(f"COPY (FROM {csv_source(plain, columns)}) TO {quote_literal(str(kept))} (FORMAT parquet)")
    plain.unlink()
    return counted(con, f"read_parquet({quote_literal(str(kept))})")


def counted(con: duckdb.DuckDBPyConnection, source: str) -> Rows:
    """Count and yuan of a table expression with an `amount`."""
    asked = f"SELECT count(*), coalesce(sum(amount), 0)::DECIMAL(38, 2) FROM {source}"
    ((count, total),) = con.execute(asked).fetchall()
    return Rows(source, count, total)
