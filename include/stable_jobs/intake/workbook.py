"""XLSX deliveries: found safe to open, then read into the same CSV that a CSV delivery becomes."""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from itertools import chain, islice, repeat
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from stable_jobs.contracts.model import Contract, Kind
from stable_jobs.intake.decoding import Text, check_headers, not_a_workbook, refuse_unlike_workbook
from stable_jobs.intake.problems import Slot, refused, shown

if TYPE_CHECKING:
    from python_calamine import CalamineSheet


# --- Safe to open ---
# The check that a workbook is safe to open, and that a reader misreads none of its cells.
#
# Checked as a ZIP archive of XML, before any reader that trusts it. A workbook of a few kilobytes can claim
# gigabytes: by compression, or by one cell in the last row and column, for which a reader lays out the whole
# rectangle between. And a reader gives nothing for a cell that holds an error, or a formula that nobody
# calculated: nothing is not what the sender meant, so these cells are named here.

EXPANSION = 20
"""Uncompressed bytes allowed per byte of the contract's limit: sheet XML shrinks about tenfold."""
MAX_UNCOMPRESSED = 512 * 1024 * 1024
"""Bytes: about 1,048,576 rows of eight columns, the most a sheet holds."""
MAX_CELLS = 20_000_000
"""Of the rectangle that a sheet's cells span; the reader takes some 24 bytes for each."""
MAX_ODD = 1_000_000
"""Cells that cannot be read as they stand, and cells that a merged one covers."""
PIECE = 1024 * 1024
MAX_VALUE_PIECES = 64
"""Of one value's text, of up to 8 KiB each: a cell holds 32,767 characters."""

TAG = re.compile(rb"<(?:\w+:)?(sheet|Relationship)\b([^<>]*)>")
ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*["']([^"']*)["']""")
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    KeyError,
    NotImplementedError,
    ValueError,
    RuntimeError,
    expat.ExpatError,
)
"""The exceptions of a damaged archive while it is read."""


@dataclass(frozen=True)
class Merged:
    """One cell that covers others; 0-based, both ends included. Its value stands in the first place."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Span:
    """How far a sheet's cells reach, which of them cannot be read as they stand (0-based row → columns), and
    which are merged, within that reach."""

    rows: int
    columns: int
    unreadable: Mapping[int, frozenset[int]]
    merged: tuple[Merged, ...]

    def unreadable_in(self, row: int) -> frozenset[int]:
        """The columns of that row whose cells cannot be read."""
        return self.unreadable.get(row, frozenset())


def guard(slot: Slot, contract: Contract, path: Path) -> list[Span]:
    """The span of every sheet, in the workbook's order. DeliveryRefused unless it is safe to open."""
    refuse_unlike_workbook(slot, path)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_parts(slot, contract, archive)
            _check_contents(archive)
            return [_span(slot, archive, part) for part in _sheet_parts(archive)]
    except UNREADABLE as error:
        raise not_a_workbook(slot, type(error).__name__) from None


def _check_parts(slot: Slot, contract: Contract, archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if any(part.flag_bits & 0x1 for part in parts):
        raise refused(
            slot, "delivery.encrypted", expected="an XLSX without password", found="encrypted parts"
        )
    limit = min(EXPANSION * contract.max_bytes, MAX_UNCOMPRESSED)
    size = sum(part.file_size for part in parts)
    if size > limit:
        raise refused(
            slot,
            "delivery.too_large",
            expected=f"at most {limit} bytes unpacked",
            found=f"{size} bytes unpacked",
        )


def _check_contents(archive: zipfile.ZipFile) -> None:
    """Unpack everything once: a part that is longer than it says, or damaged, fails its checksum."""
    damaged = archive.testzip()
    if damaged is not None:
        raise zipfile.BadZipFile(damaged)


def _sheet_parts(archive: zipfile.ZipFile) -> list[str]:
    """The archive's part of each sheet, in the workbook's order; KeyError where one is not there."""
    sheets = _tags(archive, "xl/workbook.xml", b"sheet")
    links = {t.get(b"Id"): t for t in _tags(archive, "xl/_rels/workbook.xml.rels", b"Relationship")}
    ids = [next(value for name, value in tag.items() if name.endswith(b":id")) for tag in sheets]
    targets = [links[i][b"Target"].decode() for i in ids]
    return [t.removeprefix("/") if t.startswith("/") else f"xl/{t}" for t in targets]


def _tags(archive: zipfile.ZipFile, part: str, name: bytes) -> list[dict[bytes, bytes]]:
    found = TAG.findall(archive.read(part))
    return [dict(ATTRIBUTE.findall(attributes)) for tag, attributes in found if tag == name]


def _span(slot: Slot, archive: zipfile.ZipFile, name: str) -> Span:
    scan = SheetScan()
    with archive.open(name) as part:
        while piece := part.read(PIECE):
            scan.feed(piece)
            if scan.rows * scan.columns > MAX_CELLS:
                found = f"cells as far as row {scan.rows}, column {scan.columns}"
                raise refused(slot, "delivery.too_large", expected=f"at most {MAX_CELLS} cells", found=found)
            if scan.odd > MAX_ODD:
                raise _too_odd(slot)
    scan.feed(b"", is_last=True)
    merged = [m for text in scan.merged if (m := _merged(text, scan.rows, scan.columns))]
    if sum((m.bottom - m.top + 1) * (m.right - m.left + 1) for m in merged) > MAX_ODD:
        raise _too_odd(slot)
    unreadable = {row: frozenset(columns) for row, columns in scan.unreadable.items()}
    return Span(scan.rows, scan.columns, unreadable, tuple(merged))


def _too_odd(slot: Slot) -> Exception:
    expected = f"at most {MAX_ODD} cells with an error or merged with others"
    return refused(slot, "delivery.too_large", expected=expected, found="more")


def _merged(text: str, rows: int, columns: int) -> Merged | None:
    """`B2:C9`, as far as there are cells; None where nothing of it is."""
    first, _, last = text.partition(":")
    (top, left), (bottom, right) = place_of(first), place_of(last or first)
    if top >= rows or left >= columns:
        return None
    return Merged(top, left, min(bottom, rows - 1), min(right, columns - 1))


class SheetScan:
    """Walks the XML of a sheet: where its cells are, and which hold what a reader would give nothing for.

    A cell cannot be read that holds a spreadsheet error; a formula without a stored value; a text's number
    that is none; a truth value without one; two values; or that stands where another stood before it. A cell
    that says nothing of its place follows the one before. ValueError where places contradict each other, for
    a document type (no workbook has one), and for values without end; ExpatError for what is no XML.
    """

    def __init__(self) -> None:
        self.rows = self.columns = self.odd = 0
        self.unreadable: dict[int, set[int]] = defaultdict(set)
        self.merged: list[str] = []
        self._row, self._column, self._last = 0, -1, (-1, -1)
        self._kind = "n"
        self._has_formula = False
        self._values = 0
        self._text: list[str] = []
        self._is_value = False
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, piece: bytes, *, is_last: bool = False) -> None:
        """The next bytes of the part."""
        self._parser.Parse(piece, is_last)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "c":
                self._cell(attributes)
            case "v":
                self._is_value = True
                self._values += 1
            case "f":
                self._has_formula = True
            case "row":
                number = attributes.get("r")
                self._row = self._row + 1 if number is None else int(number)
                self._column = -1
                self.rows = max(self.rows, self._row)
            case "mergeCell":
                self.merged.append(attributes.get("ref", ""))
                self.odd += 1

    def _cell(self, attributes: dict[str, str]) -> None:
        place = attributes.get("r")
        if place is None:
            self._column += 1
        else:
            row, self._column = place_of(place)
            if row + 1 != self._row:
                raise ValueError(f"a cell {place} in row {self._row}")
        self.columns = max(self.columns, self._column + 1)
        self._kind = attributes.get("t", "n")
        self._has_formula = False
        self._values = 0
        self._text.clear()

    def _characters(self, text: str) -> None:
        if self._is_value:
            self._text.append(text)
            if len(self._text) > MAX_VALUE_PIECES:
                raise ValueError("a value without end")

    def _end(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "v":
                self._is_value = False
            case "c":
                self._judge()

    def _judge(self) -> None:
        here = (self._row, self._column)
        if here <= self._last or not self._is_readable("".join(self._text)):
            self.unreadable[self._row - 1].add(self._column)
            self.odd += 1
        self._last = max(here, self._last)

    def _is_readable(self, value: str) -> bool:
        if self._kind == "e" or self._values > 1:
            return False
        if self._values == 0 or not value:  # nothing is stored: right for an empty cell and an empty text
            is_empty_text = self._kind == "str" and self._values == 1
            is_lost = self._has_formula or (self._values == 1 and self._kind in ("s", "b"))
            return is_empty_text or not is_lost
        return self._kind != "s" or (value.isascii() and value.strip().isdigit())

    def _doctype(self, *_: object) -> None:
        raise ValueError("a document type")


@cache
def column_number(letters: str) -> int:
    """`A` → 1, `AA` → 27, nothing → 0."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


PLACE = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})")


def place_of(text: str) -> tuple[int, int]:
    """`B12` → (11, 1), the 0-based row and column. ValueError for a text that is no place."""
    match = PLACE.fullmatch(text)
    if match is None:
        raise ValueError(f"no place of a cell: {text[:20]!r}")
    return int(match[2]) - 1, column_number(match[1]) - 1


# --- Cells into CSV ---
# An XLSX delivery → the same UTF-8 CSV that a CSV delivery becomes, so that one reading serves both.
#
# A spreadsheet stores numbers as binary fractions of 15 digits. Up to there a cell is written as its decimal
# digits; a longer whole number has lost some, and is written as the spreadsheet shows it (`6.22E+18`), which
# staging calls unreadable in any kind of column. Nothing is ever rounded into an account number.

EXACT_DIGITS = 15
ERROR_TEXT = "#N/A"
"""The text written for a cell that cannot be read; staging calls it unreadable."""

TWO_DAYS_IN_ONE = (1900, 2, 28)
"""Spreadsheets count a 29 February 1900, which never was; the reader gives the day before for both."""

Row = Sequence[Any]


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook. `first` is the 0-based index of the row with the headers."""

    name: str
    position: int
    cells: CalamineSheet
    first: int
    headers: tuple[str, ...]
    """Of the columns from the first on; empty texts where a header cell is empty."""


def convert(slot: Slot, contract: Contract, source: Path, target: Path) -> Text:
    """Write the one sheet that carries the contract's headers to `target`.

    DeliveryRefused: empty, not a workbook, encrypted, too large, header, several sheets, ragged.
    """
    spans = guard(slot, contract, source)
    with _reader_errors(slot), source.open("rb") as file:
        sheet = _data_sheet(slot, contract, _sheets(file))
        with target.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows(
                _lines(slot, contract, sheet, spans[sheet.position])
            )
    return Text(target, tuple(filter(None, sheet.headers)))


@contextmanager
def _reader_errors(slot: Slot) -> Iterator[None]:
    """Turn every exception of the reader about a hostile file into the file's refusal."""
    from python_calamine import CalamineError

    try:
        yield
    except (CalamineError, OverflowError, ValueError) as error:
        raise not_a_workbook(slot, type(error).__name__) from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # the reader is Rust: its panic is no Exception
            raise not_a_workbook(slot, "a file that breaks the reader") from None
        raise


def _sheets(file: Any) -> list[Sheet]:
    """The sheets that hold anything, in the workbook's order."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    book = CalamineWorkbook.from_filelike(file)
    kinds = [m.typ for m in book.sheets_metadata]
    places = [i for i, kind in enumerate(kinds) if kind == SheetTypeEnum.WorkSheet]
    return [s for i in places if (s := _sheet(i, book.get_sheet_by_index(i)))]


def _sheet(position: int, cells: CalamineSheet) -> Sheet | None:
    for index, row in enumerate(_rows(cells)):
        if any(map(_is_filled, row)):
            return Sheet(cells.name, position, cells, index, tuple(str(cell) for cell in row))
    return None


def _rows(cells: CalamineSheet) -> Iterator[Row]:
    """Rows from the sheet's first row and column on, whatever its used range."""
    return iter(cells.iter_rows()) if cells.start is not None else iter(())


def _is_filled(cell: object) -> bool:
    return cell != ""


def _data_sheet(slot: Slot, contract: Contract, sheets: list[Sheet]) -> Sheet:
    """The sheet whose first row carries an agreed header. None, or several: refused."""
    if not sheets:
        raise refused(slot, "delivery.empty", expected="a header and rows", found="no cell with a value")
    agreed = {c.header for c in contract.columns}
    fitting = [sheet for sheet in sheets if agreed & set(sheet.headers)]
    if len(fitting) > 1:
        found = shown("、".join(sheet.name for sheet in fitting))
        raise refused(slot, "delivery.sheets", expected="one sheet with the header", found=found)
    sheet = (fitting or sheets)[0]
    check_headers(slot, contract, tuple(filter(None, sheet.headers)))
    return sheet


def _lines(slot: Slot, contract: Contract, sheet: Sheet, span: Span) -> Iterator[list[str]]:
    """The header, then every row with a value in it."""
    kinds = {c.header: c.kind for c in contract.columns}
    places = [(i, kinds[header]) for i, header in enumerate(sheet.headers) if header]
    width = max(span.columns, len(sheet.headers))
    outside = [i for i in range(width) if i >= len(sheet.headers) or not sheet.headers[i]]
    yield [sheet.headers[i] for i, _ in places]
    number = 0
    covered: dict[int, set[int]] = defaultdict(set)
    tops: dict[int, list[Merged]] = defaultdict(list)
    for merged in span.merged:
        tops[merged.top].append(merged)
    for index, row in enumerate(_all_rows(sheet, span)):
        unreadable = span.unreadable_in(index)
        _cover(covered, [m for m in tops.pop(index, ()) if m.left in unreadable or _is_filled(row[m.left])])
        lost = unreadable | covered.pop(index, set())
        if index <= sheet.first or not (lost or any(map(_is_filled, row))):
            continue
        number += 1
        if any(_is_filled(row[i]) or i in unreadable for i in outside):
            raise refused(
                slot,
                "delivery.ragged",
                expected=f"{len(places)} fields",
                found="a value without header",
                row=number,
            )
        yield [ERROR_TEXT if i in lost else _text(row[i], kind) for i, kind in places]


def _all_rows(sheet: Sheet, span: Span) -> Iterator[Row]:
    """Every row that a cell stands in, as wide as the sheet: the reader ends where the last value is."""
    width = max(span.columns, len(sheet.headers))
    rows = chain(_rows(sheet.cells), repeat(()))
    for row in islice(rows, max(span.rows, sheet.cells.total_height)):
        yield row if len(row) == width else [*row, *[""] * (width - len(row))]


def _cover(covered: dict[int, set[int]], merged: Sequence[Merged]) -> None:
    """A merged cell's value is written once and meant for every place that it covers: those are not empty."""
    for one in merged:
        for row in range(one.top, one.bottom + 1):
            covered[row].update(range(one.left, one.right + 1))
        covered[one.top].discard(one.left)


def _text(cell: object, kind: Kind) -> str:
    """A cell's value as a department would write it in a CSV file."""
    match cell:
        case bool():
            return str(cell).upper()
        case float() | int():
            return _number(float(cell))
        case date() if (cell.year, cell.month, cell.day) == TWO_DAYS_IN_ONE:
            return ERROR_TEXT
        case datetime():
            return cell.isoformat(" ")
        case date():
            return f"{cell} 00:00:00" if kind is Kind.TIMESTAMP else cell.isoformat()
        case time():
            return cell.isoformat()
    return str(cell)


def _number(value: float) -> str:
    """15 significant digits, as the spreadsheet itself shows; more whole digits than that in E notation."""
    if not isfinite(value):
        return ERROR_TEXT
    if abs(value) >= 10**EXACT_DIGITS:
        return f"{value:.{EXACT_DIGITS - 1}E}"
    return f"{Decimal(f'{value:.{EXACT_DIGITS}g}'):f}"
