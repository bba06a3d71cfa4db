"""A list as data: its columns, where its rows come from, and what it is checked by."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class Kind(StrEnum):
    """What a list's column holds."""

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

    source: SQL from `FROM` on. order: what comes after `ORDER BY`; it must be unique, or bytes would vary.
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
    is_summary: bool = False
    """True where a line stands for many units: a few lines, whatever the count."""
    is_for_people: bool = True
    """False: a plain machine file, English column names, no byte order mark."""

    @property
    def lines(self) -> int:
        """Rows of the list, by which a workbook is too long; of a summary 0."""
        return 0 if self.is_summary else self.expected.count

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
