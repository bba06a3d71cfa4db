"""A list as an XLSX workbook: one sheet, notes, frozen header, text that stays text, no clock in its bytes.

xlsxwriter makes the workbook with one empty pattern row; the engine writes the rows as XML in its place. Cell
by cell in Python, five cities' workbooks took a quarter of a minute; this takes seconds. Text is an inline
string: it can become neither formula, number nor link, whatever it begins with.
"""

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.errors import StepError
from stable_jobs.payout.files.measure import measured
from stable_jobs.payout.files.rows import changed_sql, ordered_sql
from stable_jobs.payout.files.text import cell
from stable_jobs.payout.table import NUMBERS, Kind, ListTable, Sum
from stable_jobs.store.engine import quote_identifier

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import xlsxwriter

MOST_ROWS = 1_000_000
"""Rows of one list that a sheet takes; it ends at 1,048,576 with title and notes."""
CREATED = datetime(2000, 1, 1, tzinfo=UTC)
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
SHEET = "xl/worksheets/sheet1.xml"
LEVEL = 3
BATCH = 4_096
BLOCK = 1 << 20
FORMATS = {Kind.COUNT: "#,##0", Kind.MONEY: "#,##0.00", Kind.SHARE: "0.00%"}
WIDTHS = {Kind.TEXT: 30, Kind.WORD: 20}


def write(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> None:
    """Write the list's rows, at most MOST_ROWS, to a new file; the same rows give the same bytes."""
    rows = _count(con, table)
    shell = _shell(table, rows)
    with (
        zipfile.ZipFile(shell) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as target,
    ):
        for name in source.namelist():
            with target.open(_entry(name), "w") as part:
                parts = _sheet(con, table, source.read(name), rows) if name == SHEET else [source.read(name)]
                for block in parts:
                    part.write(block)


def measure(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> Sum:
    """Count and total by the file itself: its sheet is unpacked and every row below the header read again."""
    import pyarrow as pa

    schema = pa.schema([("row", pa.string())])
    con.register("sheet_rows", pa.RecordBatchReader.from_batches(schema, _sheet_rows(path, schema)))
    number = "TRY_CAST(regexp_extract(row, '^r=\"([0-9]+)\"', 1) AS BIGINT)"
    split = (
        f"SELECT string_split(row, '<c ') AS cells FROM sheet_rows WHERE {number} > {_header_row(table) + 1}"
    )
    cells = (f"{_read_cell(place)} AS {quote_identifier(c.name)}" for place, c in enumerate(table.columns))
    try:
        return measured(con, table, f"(SELECT {', '.join(cells)} FROM ({split}))")
    finally:
        con.unregister("sheet_rows")


def _sheet_rows(path: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The sheet's XML cut before each row, a block at a time."""
    import pyarrow as pa

    with zipfile.ZipFile(path) as book, book.open(SHEET) as sheet:
        rest = b""
        while block := sheet.read(BLOCK):
            *rows, rest = (rest + block).split(b"<row ")
            yield pa.record_batch([pa.array(rows, pa.binary()).cast(pa.string())], schema)
        yield pa.record_batch([pa.array([rest], pa.binary()).cast(pa.string())], schema)


def _read_cell(place: int) -> str:
    """What stands in a column's cell, as the text in the XML; NULL where it is empty."""
    return f"nullif(regexp_extract(cells[{place + 2}], '^[^>/]*>(?:<is><t[^>]*>|<v>)([^<]*)<', 1), '')"


def _count(con: duckdb.DuckDBPyConnection, table: ListTable) -> int:
    ((rows,),) = con.execute(f"SELECT count(*) {table.source}").fetchall()
    return int(rows)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, ZIP_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry


def _header_row(table: ListTable) -> int:
    """0-based row of the header: title, notes, one empty row above it."""
    return len(table.notes) + 2


def _shell(table: ListTable, rows: int) -> BytesIO:
    """The workbook with everything but the rows; in their place one row of empty formatted cells."""
    import xlsxwriter

    content = BytesIO()
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(content, {"in_memory": True, **safe})
    book.set_properties({"title": table.title, "created": CREATED})
    sheet = book.add_worksheet(table.name)
    _head(book, sheet, table)
    first, last = _header_row(table), len(table.columns) - 1
    sheet.freeze_panes(first + 1, 0)
    sheet.autofilter(first, 0, first + rows, last)
    book.close()
    return content


def _head(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet, table: ListTable) -> None:
    bold = book.add_format({"bold": True})
    shaded = book.add_format({"bold": True, "text_wrap": True, "border": 1, "bg_color": "#E8EDF3"})
    for row, line in enumerate((table.title, *table.notes)):
        sheet.write_string(row, 0, line, bold if row == 0 else None)
    header = _header_row(table)
    for number, column in enumerate(table.columns):
        sheet.set_column(number, number, WIDTHS.get(column.kind, 16))
        sheet.write_string(header, number, column.header, shaded)
        pattern = book.add_format({"num_format": FORMATS.get(column.kind, "@")})
        sheet.write_blank(header + 1, number, None, pattern)


def _sheet(
    con: duckdb.DuckDBPyConnection, table: ListTable, shell: bytes, rows: int
) -> Iterator[bytes | memoryview]:
    """The sheet's XML with the rows in place of the pattern row."""
    first = _header_row(table) + 2
    pattern = re.search(rf'<row r="{first}"[^>]*>(.*?)</row>'.encode(), shell)
    if pattern is None:
        raise StepError(f"the workbook of {table.name} has no pattern row: xlsxwriter writes another XML now")
    styles = re.findall(rf'<c r="([A-Z]+){first}" s="(\d+)"/>', pattern[1].decode())
    last_cell = f"{styles[-1][0]}{first + rows - 1}"
    head = re.sub(
        rb'<dimension ref="[^"]*"/>', f'<dimension ref="A1:{last_cell}"/>'.encode(), shell[: pattern.start()]
    )
    yield head
    for batch in con.sql(_row_sql(table, styles, first)).to_arrow_reader(BATCH):
        yield _text_of(batch.column(0))
    yield shell[pattern.end() :]


def _text_of(texts: pa.StringArray) -> memoryview:
    """All texts of an Arrow column, one after the other, as they lie in memory."""
    _, offsets, text = texts.buffers()
    ends = memoryview(offsets).cast("i")
    return memoryview(text)[ends[texts.offset] : ends[texts.offset + len(texts)]]


def _row_sql(table: ListTable, styles: list[tuple[str, str]], first: int) -> str:
    """One text column: each row of the list as the sheet's XML, in the list's order."""
    values = changed_sql(table, Kind.TEXT, cell, ordered_sql(table))
    cells = (
        _cell_sql(quote_identifier(column.name), column.kind, letter, style)
        for column, (letter, style) in zip(table.columns, styles, strict=True)
    )
    number = f"row_number() OVER () + {first - 1}"
    placed = f"SELECT *, {number} AS _place, CAST(_place AS VARCHAR) AS _row FROM ({values})"
    joined = " || ".join(cells)
    return f"""SELECT '<row r="' || _row || '">' || {joined} || '</row>' FROM ({placed}) ORDER BY _place"""


def _cell_sql(name: str, kind: Kind, letter: str, style: str) -> str:
    start = f"""'<c r="{letter}' || _row || '" s="{style}"'"""
    if kind in NUMBERS:
        value = f"'><v>' || {name} || '</v></c>'"
    else:
        text, space = (_xml(name), ' xml:space="preserve"') if kind is Kind.TEXT else (name, "")
        value = f"""' t="inlineStr"><is><t{space}>' || {text} || '</t></is></c>'"""
    return f"{start} || coalesce({value}, '/>')"


def _xml(sql: str) -> str:
    """Escaped for XML, and `_x0041_` kept from being read as an escape of its own."""
    coded = f"regexp_replace({sql}, '(_x[0-9a-fA-F]{{4}}_)', '_x005F\\1', 'g')"
    escaped = f"replace(replace(replace({coded}, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')"
    return f"CASE WHEN regexp_matches({sql}, '[&<>]|_x') THEN {escaped} ELSE {sql} END"
