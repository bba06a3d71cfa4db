"""The rows of a workbook's sheet, written by the engine: xlsxwriter's bytes without a call for each cell.

xlsxwriter takes each cell through some twenty Python calls, which made workbooks the most expensive part of a
night. In its mode of constant memory a sheet's rows are a text of their own, and this module writes that
text. It does so only for values whose text it knows to be the same; for any other table it says no, and
xlsxwriter writes the rows itself. A test compares the bytes of both ways.
"""

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from stable_jobs.publishing.table import NUMBERS, Kind, ListTable
from stable_jobs.store.engine import quote_identifier, quote_literal

if TYPE_CHECKING:
    import duckdb
    import xlsxwriter
    from xlsxwriter.format import Format

PLACE = '"#"'
"""The number of a row among the rows: no column is named so."""
BATCH = 4_096
"""Rows that the engine hands over at a time."""
TEXTS = ("VARCHAR", "BIGINT", "INTEGER", "DATE")
"""Types whose text is the same in the engine and in Python."""
INTEGERS = ("BIGINT", "INTEGER", "HUGEINT")
DIGITS = 15
"""Digits of a number that a sheet keeps; of more, xlsxwriter rounds the last."""
MOST_SCALE = 6
"""Decimal places up to which Python writes a zero without an exponent."""
LONG = 16_383
"""Characters of a text that is surely short enough for a cell."""
ESCAPED = r"[\x00-\x08\x0b-\x1f\x{FFFE}\x{FFFF}]"
BLANK = r"[\s\v\x1c-\x1f\x{85}\p{Z}]"
WRITTEN_SO = r"(_x[0-9a-fA-F]{4}_)"


def write_rows(
    con: duckdb.DuckDBPyConnection,
    sheet: xlsxwriter.worksheet.Worksheet,
    table: ListTable,
    rows: str,
    formats: Sequence[Format],
    first: int,
) -> int | None:
    """Write the rows of the query `rows` from row `first` of the sheet on, 0-based; how many there were.

    formats: of the columns. The sheet is of a workbook of constant memory, and its header is written. None,
    and nothing written, where a value is one that only xlsxwriter writes.
    """
    with _kept(con, rows) as kept:
        types = dict(
            con.execute(f"SELECT name, type FROM pragma_table_info({quote_literal(kept)})").fetchall()
        )
        unfit = _unfit(table, types)
        if unfit is None or con.execute(f"SELECT bool_or({unfit}) FROM {kept}").fetchone() == (True,):
            return None
        names = [quote_identifier(column.name) for column in table.columns]
        places = ", ".join(f"min({PLACE}) FILTER ({name} IS NOT NULL)" for name in names)
        is_said = " OR ".join(f"{name} IS NOT NULL" for name in names)
        asked = f"SELECT count(*), max({PLACE}) FILTER ({is_said}), {places} FROM {kept}"
        ((count, last, *seen),) = con.execute(asked).fetchall()
        if last is not None:
            sheet._write_single_row(first)  # the header, which waits for the next row
            row = _row_sql(table, _styles(formats, seen), first)
            _append(con, sheet, f"SELECT {row} FROM {kept} ORDER BY {PLACE}")
            sheet.dim_rowmax = max(sheet.dim_rowmax, first + last - 1)
        return int(count)


@contextmanager
def _kept(con: duckdb.DuckDBPyConnection, rows: str) -> Iterator[str]:
    """The rows in their order, numbered from 1 (PLACE), in a temporary table."""
    name = f"sheet_{uuid4().hex}"
    con.execute(f"CREATE TEMP TABLE {name} AS SELECT row_number() OVER () AS {PLACE}, * FROM ({rows})")
    try:
        yield name
    finally:
        con.execute(f"DROP TABLE {name}")


def _unfit(table: ListTable, types: dict[str, str]) -> str | None:
    """A condition of rows that are left to xlsxwriter; None where all are, by the type of a column."""
    conditions = ["false"]
    for column in table.columns:
        name, kind = quote_identifier(column.name), types[column.name]
        if column.kind in NUMBERS:
            scale = int(kind.removesuffix(")").rpartition(",")[2]) if kind.startswith("DECIMAL(") else 0
            if scale > MOST_SCALE or not (kind in INTEGERS or kind.startswith("DECIMAL(")):
                return None
            conditions.append(f"abs({name}) >= 1{'0' * (DIGITS - scale)}")
        elif kind not in TEXTS or (column.kind is not Kind.VALUE and kind != "VARCHAR"):
            return None
        elif kind == "VARCHAR":
            rich = f"(starts_with({name}, '<r>') AND ends_with({name}, '</r>'))"
            conditions.append(f"length({name}) > {LONG} OR {rich} OR regexp_matches({name}, '{ESCAPED}')")
    return " OR ".join(f"coalesce({condition}, false)" for condition in conditions)


def _styles(formats: Sequence[Format], seen: Sequence[int | None]) -> list[int | None]:
    """The number of each column's format; None where the column has no value.

    Numbers are given in the order in which the cells come, as xlsxwriter does: they stand in the file.
    seen: the first row of each column that has a value.
    """
    numbers = dict[int, int]()
    for _, place in sorted((row, place) for place, row in enumerate(seen) if row is not None):
        numbers[place] = int(formats[place]._get_xf_index())
    return [numbers.get(place) for place in range(len(seen))]


def _row_sql(table: ListTable, styles: Sequence[int | None], first: int) -> str:
    """SQL of a row's XML; of one without any value the empty text."""
    from xlsxwriter.utility import xl_col_to_name

    number = f"({PLACE} + {first})::VARCHAR"
    cells = [
        _cell_sql(quote_identifier(column.name), column.kind, f"{xl_col_to_name(place)} {style}", number)
        for place, (column, style) in enumerate(zip(table.columns, styles, strict=True))
        if style is not None
    ]
    row = f"nullif(concat({', '.join(cells)}), '')"
    return f"coalesce('<row r=\"' || {number} || '\">' || {row} || '</row>', '')"


def _cell_sql(name: str, kind: Kind, start: str, number: str) -> str:
    """SQL of a cell's XML; NULL where the cell is empty. start: its column and its format's number."""
    letters, style = start.split()
    head = f"'<c r=\"{letters}' || {number} || '\" s=\"{style}\"'"
    if kind in NUMBERS:
        return f"{head} || '><v>' || {name}::VARCHAR || '</v></c>'"
    text = f"regexp_replace({name}::VARCHAR, '{WRITTEN_SO}', '_x005F\\1', 'g')"
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = f"replace({text}, '{sign}', '{written}')"
    keeps = f"CASE WHEN regexp_matches({name}::VARCHAR, '^{BLANK}|{BLANK}$')"
    keeps += " THEN ' xml:space=\"preserve\"' ELSE '' END"
    return f"{head} || ' t=\"inlineStr\"><is><t' || {keeps} || '>' || {text} || '</t></is></c>'"


def _append(con: duckdb.DuckDBPyConnection, sheet: Any, query: str) -> None:
    found = con.execute(query)
    while batch := found.fetchmany(BATCH):
        sheet.row_data_fh.write("".join(row for (row,) in batch))
