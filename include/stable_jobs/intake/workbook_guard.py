"""Is it safe to open this workbook? Looked at as a ZIP archive, before any reader that trusts it.

A workbook of a few kilobytes can claim gigabytes: by compression, or by one cell in the last row and column,
for which a reader lays out the whole rectangle between.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stable_jobs.contracts.model import Contract
from stable_jobs.intake.problems import Slot, refused
from stable_jobs.intake.signature import not_a_workbook, refuse_unlike_workbook

EXPANSION = 20
"""Uncompressed bytes allowed per byte of the contract's limit: sheet XML shrinks about tenfold."""
MAX_UNCOMPRESSED = 512 * 1024 * 1024
"""Bytes: about 1,048,576 rows of eight columns, the most a sheet holds."""
MAX_CELLS = 20_000_000
"""Of the rectangle that a sheet's cells span; the reader takes some 24 bytes for each."""
PIECE = 1024 * 1024
OVERLAP = 256

POSITION = re.compile(rb"""<(?:\w+:)?(?:c|row)\b[^>]*?\br\s*=\s*["']([A-Za-z]{0,7})([0-9]{1,10})["']""")
ERROR_CELL = re.compile(
    rb"""<(?:\w+:)?c\b(?=[^>]*\bt\s*=\s*["']e["'])[^>]*?\br\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})["']"""
)

TAG = re.compile(rb"<(?:\w+:)?(sheet|Relationship)\b([^>]*)>")
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
)
"""What a damaged archive raises while it is read."""


@dataclass(frozen=True)
class Span:
    """How far a sheet's cells reach, and which of them hold a spreadsheet error (0-based row and column)."""

    rows: int
    columns: int
    errors: Mapping[int, frozenset[int]]

    def errors_in(self, row: int) -> frozenset[int]:
        """The columns of that row with an error."""
        return self.errors.get(row, frozenset())


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


def _pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The part in pieces that overlap, so that no cell's start is cut in two."""
    with archive.open(name) as part:
        tail = b""
        while piece := part.read(PIECE):
            yield tail + piece
            tail = (tail + piece)[-OVERLAP:]


def _span(slot: Slot, archive: zipfile.ZipFile, name: str) -> Span:
    rows = columns = 0
    errors: dict[int, set[int]] = defaultdict(set)
    for piece in _pieces(archive, name):
        for letters, digits in set(POSITION.findall(piece)):
            rows, columns = max(rows, int(digits)), max(columns, column_number(letters))
        for letters, digits in ERROR_CELL.findall(piece):
            errors[int(digits) - 1].add(column_number(letters) - 1)
    if rows * columns > MAX_CELLS:
        found = f"cells as far as row {rows}, column {columns}"
        raise refused(slot, "delivery.too_large", expected=f"at most {MAX_CELLS} cells", found=found)
    return Span(rows, columns, {row: frozenset(places) for row, places in errors.items()})


def column_number(letters: bytes) -> int:
    """`A` → 1, `AA` → 27, nothing → 0."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
