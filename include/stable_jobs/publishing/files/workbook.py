"""A list as an XLSX workbook: one sheet, notes, frozen header, text that stays text, no clock in its bytes.

Text is written as an inline string: it can become neither formula, number nor link, whatever it begins with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stable_jobs.publishing.files.measure import measured
from stable_jobs.publishing.files.rows import changed_sql, ordered_sql
from stable_jobs.publishing.files.text import cell
from stable_jobs.publishing.table import NUMBERS, Kind, ListTable, Sum

if TYPE_CHECKING:
    import duckdb
    import xlsxwriter

MOST_ROWS = 1_000_000
"""Rows of one list that a sheet takes; it ends at 1,048,576 with title and notes."""
CREATED = datetime(2000, 1, 1, tzinfo=UTC)
BATCH = 4_096
FORMATS = {Kind.COUNT: "#,##0", Kind.MONEY: "#,##0.00", Kind.SHARE: "0.00%"}
WIDTHS = {Kind.TEXT: 30, Kind.WORD: 20}


def write(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> None:
    """Write the list's rows, at most MOST_ROWS, to a new file; the same rows give the same bytes."""
    import xlsxwriter

    options = {"constant_memory": True, "tmpdir": str(path.parent), "strings_to_formulas": False}
    book = xlsxwriter.Workbook(str(path), {**options, "strings_to_urls": False, "strings_to_numbers": False})
    book.set_properties({"title": table.title, "created": CREATED})
    sheet = book.add_worksheet(table.name)
    _shape(book, sheet, table)
    _head(book, sheet, table)
    rows = _rows(con, book, sheet, table)
    first = _header_row(table)
    sheet.autofilter(first, 0, first + rows, len(table.columns) - 1)
    book.close()


def measure(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> Sum:
    """Count and total by the file itself, read back by another library than the one that wrote it."""
    import pyarrow as pa
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    below = sheet.to_python(skip_empty_area=False)[_header_row(table) + 1 :]
    rows = [row for row in below if any(value != "" for value in row)]
    columns = {column.name: _texts(rows, place) for place, column in enumerate(table.columns)}
    con.register("sheet_rows", pa.table(columns))
    try:
        return measured(con, table, "sheet_rows")
    finally:
        con.unregister("sheet_rows")


def _texts(rows: Sequence[Sequence[Any]], place: int) -> Any:
    import pyarrow as pa

    return pa.array([str(row[place]) if row[place] != "" else None for row in rows], pa.string())


def _header_row(table: ListTable) -> int:
    """0-based row of the header: title, notes, one empty row above it."""
    return len(table.notes) + 2


def _shape(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet, table: ListTable) -> None:
    """Widths and formats by column: set first, as rows are written out as they come."""
    for number, column in enumerate(table.columns):
        pattern = book.add_format({"num_format": FORMATS.get(column.kind, "@")})
        sheet.set_column(number, number, WIDTHS.get(column.kind, 16), pattern)
    sheet.freeze_panes(_header_row(table) + 1, 0)


def _head(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet, table: ListTable) -> None:
    bold = book.add_format({"bold": True})
    shaded = book.add_format({"bold": True, "text_wrap": True, "border": 1, "bg_color": "#E8EDF3"})
    for row, line in enumerate((table.title, *table.notes)):
        sheet.write_string(row, 0, line, bold if row == 0 else None)
    for number, column in enumerate(table.columns):
        sheet.write_string(_header_row(table), number, column.header, shaded)


def _rows(
    con: duckdb.DuckDBPyConnection,
    book: xlsxwriter.Workbook,
    sheet: xlsxwriter.worksheet.Worksheet,
    table: ListTable,
) -> int:
    """Write every row below the header, a batch at a time; how many there were."""
    formats = [book.add_format({"num_format": FORMATS.get(c.kind, "@")}) for c in table.columns]
    writers = [_writer(sheet, column.kind) for column in table.columns]
    found = con.execute(changed_sql(table, Kind.TEXT, cell, ordered_sql(table)))
    place = _header_row(table) + 1
    while batch := found.fetchmany(BATCH):
        for place, row in enumerate(batch, place):  # noqa: B020 - goes on where the batch before ended
            for number, value in enumerate(row):
                if value is not None:
                    writers[number](place, number, value, formats[number])
        place += 1
    return place - _header_row(table) - 1


def _writer(sheet: xlsxwriter.worksheet.Worksheet, kind: Kind) -> Callable[..., Any]:
    number: Callable[..., Any] = sheet.write_number
    if kind in NUMBERS:
        return number
    return lambda row, column, value, form: sheet.write_string(row, column, str(value), form)
