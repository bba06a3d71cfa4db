"""An XLSX delivery → the same UTF-8 CSV that a CSV delivery becomes, so that one reading serves both.

A spreadsheet stores numbers as binary fractions of 15 digits. Up to there a cell is written as its decimal
digits; a longer whole number has lost some, and is written as the spreadsheet shows it (`6.22E+18`), which
staging calls unreadable in any kind of column. Nothing is ever rounded into an account number.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain, islice, repeat
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stable_jobs.contracts.model import Contract, Kind
from stable_jobs.intake.decoding import Text, check_headers
from stable_jobs.intake.problems import Slot, refused, shown
from stable_jobs.intake.signature import not_a_workbook
from stable_jobs.intake.workbook_guard import Merged, Span, guard

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

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
