"""The files of a list: CSV, XLSX and Parquet, each written, then read back and compared with the list.

The same rows give the same bytes. CSV for people is UTF-8 with BOM and CRLF, so that a spreadsheet reads the
Chinese; for machines it has neither. Comma, `"` doubled inside quotes, quoted only where needed, one line per
row. A workbook is one sheet with notes and a frozen header; its text is inline strings, which can become
neither formula, number nor link. Parquet has exact values and types.

Other people's text has its control characters made visible and its formulas made inert: a name that begins
like a formula would run in the officer's spreadsheet; a right-to-left mark would reorder the line; a line
break would make two rows of one.
"""

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.errors import StepError
from stable_jobs.names import HIDDEN
from stable_jobs.publishing.table import NUMBERS, Kind, ListTable, Sum
from stable_jobs.store.engine import quote_identifier, quote_literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import xlsxwriter


class SumDiffers(StepError):
    """A written file says another count or total than its list."""


@dataclass(frozen=True)
class Written:
    """Files of lists in a workspace. sums: file name → what the file says of itself.

    csv_only: the workbooks that were left out for their length.
    """

    sums: Mapping[str, Sum]
    csv_only: tuple[str, ...]


def write_tables(
    con: duckdb.DuckDBPyConnection, tables: Sequence[ListTable], work: Path, workbook_rows: int
) -> Written:
    """Write the lists in their formats into a workspace of the folder that they are for.

    A list of more than `workbook_rows` rows gets no workbook. SumDiffers where a file's own count or total is
    not the expected one.
    """
    sums: dict[str, Sum] = {}
    csv_only: list[str] = []
    for table in tables:
        endings = table.formats_of(min(workbook_rows, MOST_ROWS))
        if "xlsx" in table.formats and "xlsx" not in endings:
            csv_only.append(f"{table.name}.xlsx")
        for ending in endings:
            path = work / f"{table.name}.{ending}"
            sums[path.name] = _write_checked(con, table, path, ending)
    return Written(sums, tuple(csv_only))


def _write_checked(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path, ending: str) -> Sum:
    """Parquet has every text as it was sent; in the other formats it may differ."""
    write, measure = FORMATS[ending]
    write(con, table, path)
    texts = () if ending == "parquet" else (c for c in table.columns if c.kind is Kind.TEXT)
    said = replace(measure(con, table, path), inert=tuple(table.header(c) for c in texts))
    return checked_sum(path, table.expected, said)


def checked_sum(path: Path, expected: Sum, found: Sum) -> Sum:
    """The count and total of a written file; SumDiffers if they are not the expected ones."""
    if found != expected:
        raise SumDiffers(
            f"{path.name} of {path.parents[2].name} says {found.count} and {found.total} yuan,"
            f" expected are {expected.count} and {expected.total}; nothing was published"
        )
    return found


def measured(con: duckdb.DuckDBPyConnection, table: ListTable, source: str) -> Sum:
    """Count and total (yuan) over a table expression that has the list's columns."""
    asked = f"SELECT {table.count_sql}, {table.total_sql or 'NULL'} FROM {source}"
    ((count, total),) = con.execute(asked).fetchall()
    return Sum(int(count), None if total is None else Decimal(total))


# --- CSV ---

BOM = b"\xef\xbb\xbf"
BLOCK = 1 << 20
DIALECT = "FORMAT csv, HEADER true, DELIMITER ',', QUOTE '\"', ESCAPE '\"'"


def write_csv(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> None:
    """Write the list's rows to a new file; the same rows give the same bytes."""
    headers = (f"{quote_identifier(c.name)} AS {quote_identifier(table.header(c))}" for c in table.columns)
    rows = f"SELECT {', '.join(headers)} FROM ({inert_sql(table)})"
    plain = path.with_suffix(".plain") if table.is_for_people else path
    con.execute(f"COPY ({rows}) TO {quote_literal(str(plain))} ({DIALECT})")
    if table.is_for_people:
        _for_people(plain, path)


def measure_csv(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> Sum:
    """Count and total by the file itself."""
    columns = ", ".join(f"{quote_literal(c.name)}: 'VARCHAR'" for c in table.columns)
    reader = f"read_csv({quote_literal(str(path))}, header = true, auto_detect = false, delim = ',', "
    return measured(con, table, reader + f"quote = '\"', escape = '\"', columns = {{{columns}}})")


def _for_people(plain: Path, path: Path) -> None:
    with plain.open("rb") as source, path.open("wb") as target:
        target.write(BOM)
        while block := source.read(BLOCK):
            target.write(block.replace(b"\n", b"\r\n"))
    plain.unlink()


# --- XLSX ---

MOST_ROWS = 1_000_000
"""Rows of one list that a sheet takes; it ends at 1,048,576 with title and notes."""
CREATED = datetime(2000, 1, 1, tzinfo=UTC)
BATCH = 4_096
"""Rows that the engine hands over at a time."""
NUMBER_FORMATS = {Kind.COUNT: "#,##0", Kind.MONEY: "#,##0.00", Kind.SHARE: "0.00%"}
WIDTHS = {Kind.TEXT: 30, Kind.WORD: 20}


def write_workbook(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> None:
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


def measure_workbook(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> Sum:
    """Count and total by the file itself, read back by another library than the one that wrote it."""
    import pyarrow as pa
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    below = sheet.to_python(skip_empty_area=False)[_header_row(table) + 1 :]
    rows = [row for row in below if any(value != "" for value in row)]
    columns = {column.name: _column(rows, place) for place, column in enumerate(table.columns)}
    con.register("sheet_rows", pa.table(columns))
    try:
        return measured(con, table, "sheet_rows")
    finally:
        con.unregister("sheet_rows")


def _column(rows: Sequence[Sequence[object]], place: int) -> pa.Array:
    import pyarrow as pa

    return pa.array([str(row[place]) if row[place] != "" else None for row in rows], pa.string())


def _header_row(table: ListTable) -> int:
    """0-based row of the header: title, notes, one empty row above it."""
    return len(table.notes) + 2


def _shape(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet, table: ListTable) -> None:
    """Widths and formats by column: set first, as rows are written out as they come."""
    for number, column in enumerate(table.columns):
        pattern = book.add_format({"num_format": NUMBER_FORMATS.get(column.kind, "@")})
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
    formats = [book.add_format({"num_format": NUMBER_FORMATS.get(c.kind, "@")}) for c in table.columns]
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


def _writer(sheet: xlsxwriter.worksheet.Worksheet, kind: Kind) -> Callable[..., object]:
    number: Callable[..., object] = sheet.write_number
    if kind in NUMBERS:
        return number
    return lambda row, column, value, form: sheet.write_string(row, column, str(value), form)


# --- Parquet ---

GROUP = 122_880
"""Rows of a row group."""


def write_parquet(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> None:
    """Write the list's rows to a new file; the bytes follow these rows and nothing else.

    What DuckDB's own writer makes also depends on the rows that stood beside them in the engine: a region's
    file would change with another region's.
    """
    import pyarrow.parquet as pq

    rows = con.sql(ordered_sql(table)).to_arrow_reader(GROUP)
    with pq.ParquetWriter(path, rows.schema, compression="zstd", store_schema=False) as writer:
        for group in _groups(rows):
            writer.write_table(group, row_group_size=GROUP)


def measure_parquet(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> Sum:
    """Count and total by the file itself."""
    return measured(con, table, f"read_parquet({quote_literal(str(path))})")


def _groups(rows: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """The rows in groups of one piece each, however the engine cut them."""
    import pyarrow as pa

    held = rows.schema.empty_table()
    for batch in rows:
        held = pa.concat_tables([held, pa.Table.from_batches([batch])])
        while held.num_rows >= GROUP:
            yield held.slice(0, GROUP).combine_chunks()
            held = held.slice(GROUP)
    if held.num_rows:
        yield held.combine_chunks()


Writer = Callable[["duckdb.DuckDBPyConnection", ListTable, Path], None]
Measurer = Callable[["duckdb.DuckDBPyConnection", ListTable, Path], Sum]

FORMATS: Mapping[str, tuple[Writer, Measurer]] = {
    "csv": (write_csv, measure_csv),
    "parquet": (write_parquet, measure_parquet),
    "xlsx": (write_workbook, measure_workbook),
}


# --- rows as SQL, before a format writes them ---


def ordered_sql(table: ListTable) -> str:
    """All rows in the list's order, columns by name, values as they are.

    Sorted before the columns are made: `ORDER BY` would take a column's new meaning for its old name.
    """
    columns = ", ".join(f"{c.sql} AS {quote_identifier(c.name)}" for c in table.columns)
    return f"SELECT {columns} FROM (SELECT * {table.source} ORDER BY {table.order})"


def changed_sql(table: ListTable, kind: Kind, change: Callable[[str], str], source: str) -> str:
    """`source` with every column of one kind replaced by what `change` makes of it."""
    names = [quote_identifier(c.name) for c in table.columns if c.kind is kind]
    replaced = ", ".join(f"{change(name)} AS {name}" for name in names)
    return f"SELECT * REPLACE ({replaced}) FROM ({source})" if names else source


def inert_sql(table: ListTable) -> str:
    """All rows with foreign text visible and inert: for a format that has no text type."""
    shown = changed_sql(table, Kind.TEXT, visible, ordered_sql(table))
    return changed_sql(table, Kind.WORD, _no_empty, changed_sql(table, Kind.TEXT, inert, shown))


def _no_empty(name: str) -> str:
    return f"nullif({name}, '')"


# --- other people's text as SQL ---

SIGNS = r"=+\-@＝＋－＠﹦﹢﹣﹫"
FORMULA = rf"^(?:⟨U\+[0-9A-F]+⟩|['\s\p{{Z}}\x{{2800}}\x{{3164}}])*[{SIGNS}]|^'*⟨U\+(?:0009|000D)⟩"
"""Begins with a formula's sign, also after blanks or characters made visible, or with a tab or a return."""

CELL = 32_767
"""Characters (UTF-16 units) that a spreadsheet cell holds."""
KEPT = 16_000
"""Characters kept of a longer text: at most 32,000 units."""


def visible(sql: str) -> str:
    """The text with every control or format character as `⟨U+202E⟩`, as on the report's pages."""
    character = (
        f"CASE WHEN regexp_matches(c, '[{HIDDEN}]') THEN format('⟨U+{{:04X}}⟩', unicode(c)) ELSE c END"
    )
    written = f"array_to_string(list_transform(string_split({sql}, ''), lambda c: {character}), '')"
    return f"CASE WHEN regexp_matches({sql}, '[{HIDDEN}]') THEN {written} ELSE {sql} END"


def inert(sql: str) -> str:
    """Text that is visible already, with an apostrophe before what a spreadsheet would take for a formula.

    Text that has apostrophes before the sign gets one more, so taking one away gives the text as it was.
    '' becomes NULL: an empty cell has one spelling.
    """
    pattern = FORMULA.replace("'", "''")
    return f"CASE WHEN regexp_matches({sql}, '{pattern}') THEN '''' || {sql} ELSE nullif({sql}, '') END"


def cell(sql: str) -> str:
    """Visible, and cut with a mark where a spreadsheet's cell could not hold it."""
    units = f"length({sql}) + length(regexp_replace({sql}, '[^\\x{{10000}}-\\x{{10FFFF}}]', '', 'g'))"
    cut = f"left({sql}, {KEPT}) || '…〔截断 cut〕'"
    return visible(f"(CASE WHEN strlen({sql}) > {CELL} AND {units} > {CELL} THEN {cut} ELSE {sql} END)")
