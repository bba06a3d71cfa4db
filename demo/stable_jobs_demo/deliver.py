"""One delivery: the file in its contract's encoding, and the manifest beside it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stable_jobs.contracts.model import Contract, Kind

if TYPE_CHECKING:
    import pyarrow as pa

_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")
_BOM = "utf-8-sig"
_DEPARTMENT_MINUTES = {"labor": 10, "tax": 35, "finance": 50, "development": 75, "economy": 90}


@dataclass(frozen=True)
class Slot:
    """Where a delivery goes. sequence 1 is the first file of a slot, 2 the one sent after it, …"""

    landing: Path
    contract: Contract
    business_date: date
    region: str
    sequence: int = 1

    def path(self, ending: str) -> Path:
        """The file, or with `manifest.json` its manifest; its folder exists."""
        folder = (
            self.landing / self.contract.department / self.contract.extract / self.business_date.isoformat()
        )
        folder.mkdir(parents=True, exist_ok=True)
        number = "" if self.sequence == 1 else f".{self.sequence}"
        return folder / f"{self.region}{number}.{ending}"


@dataclass(frozen=True)
class Written:
    """The values that a delivery manifest states. `total` in fen; None where the contract wants none."""

    rows: int
    sha256: str
    total: int | None


def header_line(contract: Contract) -> str:
    """The Chinese headers in the contract's order."""
    return ",".join(column.header for column in contract.columns)


def encode(text: str, contract: Contract) -> bytes:
    """Text in the contract's encoding, without a byte order mark."""
    return text.encode("utf-8" if contract.encoding == _BOM else contract.encoding)


def start_of(contract: Contract) -> bytes:
    """Byte order mark where the contract asks for one, and the header line."""
    mark = b"\xef\xbb\xbf" if contract.encoding == _BOM else b""
    return mark + encode(header_line(contract) + "\r\n", contract)


def csv_lines(columns: Sequence[pa.Array[Any]]) -> bytes:
    """Columns of text as CSV lines in UTF-8, quoted where they must be.

    The joined lines lie one after the other in Arrow's own buffer: that buffer is the file.
    """
    import pyarrow.compute as pc

    quoted = [_quoted(column) for column in columns]
    lines = pc.binary_join_element_wise(pc.binary_join_element_wise(*quoted, ","), "\r\n", "")
    if not len(lines):
        return b""
    _, starts, data = lines.buffers()
    length = int(np.frombuffer(starts, dtype=np.int32)[len(lines)])
    return bytes(data.slice(0, length))


def _quoted(column: pa.Array[Any]) -> pa.Array[Any]:
    import pyarrow.compute as pc

    needs = pc.match_substring_regex(column, '[",\r\n]')
    if not pc.any(needs).as_py():
        return column
    doubled = pc.replace_substring(column, '"', '""')
    return pc.if_else(needs, pc.binary_join_element_wise('"', doubled, '"', ""), column)


class CsvFile:
    """The slot's CSV file, written piece by piece; leaving it without an error writes the manifest."""

    def __init__(self, slot: Slot) -> None:
        self.slot, self.rows, self.total = slot, 0, 0
        self._digest = hashlib.sha256()
        self._file = slot.path("csv").open("wb")
        self._put(start_of(slot.contract))

    def __enter__(self) -> CsvFile:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._file.close()
        if kind is None:
            total = self.total if self.slot.contract.control_total else None
            write_manifest(self.slot, Written(self.rows, self._digest.hexdigest(), total))

    def add(self, columns: Sequence[pa.Array[Any]], total: int = 0) -> None:
        """Rows as columns of text, and their part of the control total in fen."""
        lines, contract = csv_lines(columns), self.slot.contract
        self._put(
            lines if contract.encoding != "gb18030" or lines.isascii() else encode(lines.decode(), contract)
        )
        self.rows += len(columns[0])
        self.total += total

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)


def write_workbook(slot: Slot, columns: Sequence[pa.Array[Any]], total: int) -> None:
    """The same as a workbook, its sheet named after the extract; the same bytes each time."""
    import xlsxwriter

    path = slot.path("xlsx")
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties({"created": datetime.combine(slot.business_date, datetime.min.time())})
        sheet = book.add_worksheet(slot.contract.title_zh)
        sheet.write_row(0, 0, [column.header for column in slot.contract.columns])
        for row, cells in enumerate(zip(*(column.to_pylist() for column in columns), strict=True), start=1):
            for place, (text, column) in enumerate(zip(cells, slot.contract.columns, strict=True)):
                _write_cell(sheet, row, place, text, column.kind)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    write_manifest(slot, Written(len(columns[0]), digest, total if slot.contract.control_total else None))


def _write_cell(sheet: Any, row: int, place: int, text: str, kind: Kind) -> None:
    """Plain numbers as numbers, as a spreadsheet keeps them; all else, codes above all, as text."""
    if kind in (Kind.INTEGER, Kind.MONEY) and _NUMBER.fullmatch(text):
        sheet.write_number(row, place, float(text))
    else:
        sheet.write_string(row, place, text)


def write_manifest(slot: Slot, written: Written) -> None:
    """The manifest beside the file."""
    sent = datetime.combine(slot.business_date, datetime.min.time()).replace(
        hour=8 + slot.sequence, minute=_DEPARTMENT_MINUTES[slot.contract.department] % 60
    )
    said: dict[str, Any] = {
        "department": slot.contract.department,
        "extract": slot.contract.extract,
        "business_date": slot.business_date.isoformat(),
        "region_code": slot.region,
        "rows": written.rows,
        "sha256": written.sha256,
        "sent_at": f"{sent.isoformat()}+08:00",
    }
    if written.total is not None:
        said["control_total"] = f"{written.total // 100}.{written.total % 100:02d}"
    text = json.dumps(said, ensure_ascii=False, indent=1) + "\n"
    slot.path("manifest.json").write_text(text, encoding="utf-8")
