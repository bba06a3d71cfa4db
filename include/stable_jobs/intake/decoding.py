"""Bytes of a delivery: the kind of file that they are, and CSV as UTF-8 text."""

from __future__ import annotations

import codecs
import csv
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from stable_jobs.contracts.model import Contract
from stable_jobs.errors import DeliveryRefused
from stable_jobs.intake.problems import Slot, refused, shown

# --- The kind of a file ---
# The kind of a file that differs from its name, found by its first bytes, so that the sender can mend it.
#
# A file that may be as agreed is never guessed about: only bytes with which no CSV file and no workbook
# begins are named here. Renaming is how most of these arise.

START_BYTES = 4096
PIECE = 1 << 20

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""An OLE compound file: an old .xls is one, and an encrypted .xlsx is wrapped in one."""
ENCRYPTED_STREAM = "EncryptedPackage"
WORKBOOK_STREAMS = ("Workbook", "Book")
RAW_BIFF = (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00")
"""Record BOF of workbooks from before compound files."""
PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
OTHER = {
    b"%PDF-": "a PDF",
    b"{\\rtf": "a rich-text document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"MZ\x90\x00": "a program: do not open it",
    b"\x7fELF": "a program: do not open it",
}
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
IN_ZIP = {
    "xl/workbook.xml": "an XLSX workbook",
    "xl/workbook.bin": "a binary .xlsb workbook",
    "word/document.xml": "a text document (.docx)",
    "content.xml": "an OpenDocument sheet (.ods)",
}
"""The kind of an archive that contains this part."""
MAX_PARTS_BYTES = 4 << 20
"""Of an archive's directory: a workbook has some dozen parts, each entry takes about 80 bytes."""
HTML = ("<!doctype html", "<html", "<head", "<meta", "<body", "<table", "<style", "<script", "<div")


def refuse_unlike_csv(slot: Slot, path: Path) -> None:
    """DeliveryRefused where a file that is named CSV begins as no text of rows does."""
    start = _start(path)
    found: str | None
    if start.startswith(COMPOUND):
        found = _compound_kind(path)
    elif not start.startswith(ZIP_STARTS):
        found = _kind(slot, start)
    elif (found := _zip_kind(path)) is None:
        raise _packed(slot, "ZIP")
    if found is not None:
        raise refused(slot, "delivery.csv", expected="CSV text", found=found)


def refuse_unlike_workbook(slot: Slot, path: Path) -> None:
    """DeliveryRefused where a file that is named XLSX is another thing, or may not be opened without risk."""
    start = _start(path)
    if not start:
        raise refused(slot, "delivery.empty", expected="a workbook", found="0 bytes")
    if start.startswith(COMPOUND):
        raise _compound(slot, _compound_kind(path))
    if not start.startswith(ZIP_STARTS):
        found = OLD_WORKBOOK if start.startswith(RAW_BIFF) else _kind(slot, start) or _text_kind(start)
        if found == OLD_WORKBOOK:
            raise _compound(slot, found)
        raise not_a_workbook(slot, found)
    if _directory_bytes(path) > MAX_PARTS_BYTES:
        expected, found = f"a directory of at most {MAX_PARTS_BYTES} bytes", "more"
        raise refused(slot, "delivery.too_large", expected=expected, found=found)
    kind = _zip_kind(path)
    if kind is None:
        raise _packed(slot, "ZIP")
    if kind not in (XLSX, DAMAGED):
        raise not_a_workbook(slot, kind)


def not_a_workbook(slot: Slot, found: str) -> DeliveryRefused:
    """The refusal of a file that no reader of workbooks understands."""
    return refused(slot, "delivery.not_a_workbook", expected="an XLSX workbook", found=found)


XLSX = IN_ZIP["xl/workbook.xml"]
DAMAGED = "a damaged ZIP archive"
OLD_WORKBOOK = "an old .xls workbook"
ENCRYPTED = "an encrypted workbook"


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(START_BYTES)


def _packed(slot: Slot, kind: str) -> DeliveryRefused:
    return refused(slot, "delivery.packed", expected="the data file itself", found=f"a {kind} archive")


def _compound(slot: Slot, kind: str) -> DeliveryRefused:
    if kind == ENCRYPTED:
        return refused(slot, "delivery.encrypted", expected="an XLSX without password", found=kind)
    if kind == OLD_WORKBOOK:
        return refused(slot, "delivery.old_workbook", expected="an XLSX workbook", found=kind)
    return not_a_workbook(slot, kind)


def _compound_kind(path: Path) -> str:
    """By the names of its streams, which stand in its directory in UTF-16."""
    named = _streams(path, (ENCRYPTED_STREAM, *WORKBOOK_STREAMS))
    if ENCRYPTED_STREAM in named:
        return ENCRYPTED
    return OLD_WORKBOOK if named else "a compound file of another program"


def _streams(path: Path, names: tuple[str, ...]) -> set[str]:
    """Which of the names the file holds, each as a whole name: with the zero that ends it."""
    sought = {name: f"{name}\0".encode("utf-16-le") for name in names}
    found: set[str] = set()
    tail = b""
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            window = tail + piece
            found |= {name for name, text in sought.items() if text in window}
            tail = window[-64:]
    return found


def _directory_bytes(path: Path) -> int:
    """The size of a ZIP archive's directory, as its end says: a program reads that much at once."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 16) - 22 - 76))
        end = file.read()
    at = end.rfind(b"PK\x05\x06")
    is_zip64 = b"PK\x06\x06" in end or b"PK\x06\x07" in end
    if is_zip64:
        big = end.rfind(b"PK\x06\x06")
        return int.from_bytes(end[big + 40 : big + 48], "little") if big >= 0 else MAX_PARTS_BYTES + 1
    return int.from_bytes(end[at + 12 : at + 16], "little") if at >= 0 else 0


def _zip_kind(path: Path) -> str | None:
    """The kind of the archive, by its parts; None for one that is only an archive."""
    if _directory_bytes(path) > MAX_PARTS_BYTES:
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            parts = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return DAMAGED
    return next((kind for part, kind in IN_ZIP.items() if part in parts), None)


def _kind(slot: Slot, start: bytes) -> str | None:
    """The kind of a file that begins so, and is neither archive nor compound file; None if it is not known.

    DeliveryRefused for a packed one.
    """
    for mark, kind in PACKED.items():
        if start.startswith(mark):
            raise _packed(slot, kind)
    for mark, kind in OTHER.items():
        if start.startswith(mark):
            return kind
    return _markup_kind(_as_text(start))


def _markup_kind(text: str) -> str | None:
    text = text.lstrip().lower()
    if text.startswith(HTML) or (text.startswith("<?xml") and "<html" in text):
        return "an HTML page"
    if text.startswith("mime-version:"):
        return "a saved web page"
    if not text.startswith("<?xml"):
        return None
    is_sheet = "office:spreadsheet" in text or "excel.sheet" in text
    return "an XML Spreadsheet 2003" if is_sheet else "an XML document"


def _text_kind(start: bytes) -> str:
    is_text = b"\0" not in start or start.startswith((b"\xff\xfe", b"\xfe\xff"))
    return "text, such as CSV" if is_text else "bytes of no known kind"


def _as_text(start: bytes) -> str:
    """Enough of it for ASCII marks, whatever the encoding."""
    wide = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(start[:2])
    return start.decode(wide or "utf-8", "replace").lstrip("\ufeff")


# --- CSV as UTF-8 text ---
# Bytes of a CSV delivery → UTF-8 text on disk; and why the engine would not read it, told to the sender.
#
# The text is decoded in the encoding that the contract declares and no other: a wrong guess turns names into
# other names, silently. GB18030 is decoded in large pieces (about 220 MB/s), since the engine reads UTF-8
# only. The diagnosis runs only over files that are already refused, so a slow second reading is fine. The
# engine's own message is not passed on: it quotes the row, account numbers included.

# ---- Decoding ----

PIECE_BYTES = 4 * 1024 * 1024
HEADER_BYTES = 64 * 1024
UTF8_MARK = codecs.BOM_UTF8
MARKS = {
    UTF8_MARK: "UTF-8 with BOM",
    b"\x84\x31\x95\x33": "GB18030 with BOM",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


@dataclass(frozen=True)
class Text:
    """A delivery as UTF-8 text: a path the engine reads, its headers in the file's order."""

    path: Path
    headers: tuple[str, ...]


def decode(slot: Slot, contract: Contract, source: Path, target: Path) -> Text:
    """Check `source` byte by byte and give it as UTF-8 with the contract's headers.

    A UTF-8 source is read in place; a GB18030 one is written to `target`. DeliveryRefused: another
    kind of file, empty, encoding, truncated, header.
    """
    refuse_unlike_csv(slot, source)
    _check_mark(slot, contract, source)
    _check_encoding_by_header(slot, contract, source)
    text = target if contract.encoding == "gb18030" else source
    _transcode(slot, contract.encoding, source, target if text is target else None)
    headers = _headers(text)
    check_headers(slot, contract, headers)
    return Text(text, headers)


def check_headers(slot: Slot, contract: Contract, headers: tuple[str, ...]) -> None:
    """DeliveryRefused unless the headers are the contract's, each once, in any order."""
    agreed = [c.header for c in contract.columns]
    twice = [h for i, h in enumerate(headers) if h in headers[:i] and h in agreed]
    missing = [h for h in agreed if h not in headers]
    extra = [h for h in headers if h not in agreed]
    if twice:
        raise refused(
            slot,
            "delivery.header.duplicate",
            expected="each column once",
            found=shown(twice[0]),
            column=twice[0],
        )
    if missing:
        found = (
            shown("、".join(extra))
            if extra and len(missing) < len(agreed)
            else f"{len(headers)} columns without it"
        )
        raise refused(
            slot, "delivery.header.missing", expected="、".join(missing), found=found, column=missing[0]
        )
    if extra:
        names = "、".join(name or "(no name)" for name in extra)
        raise refused(slot, "delivery.header.extra", expected=f"{len(agreed)} columns", found=shown(names))


def _check_mark(slot: Slot, contract: Contract, source: Path) -> None:
    """The byte-order mark must be there exactly where the contract's encoding has one."""
    with source.open("rb") as file:
        start = file.read(4)
    if start in (b"", UTF8_MARK):
        raise refused(slot, "delivery.empty", expected="a header and rows", found=f"{len(start)} bytes")
    mark = next((name for mark, name in MARKS.items() if start.startswith(mark)), None)
    is_marked = contract.encoding == "utf-8-sig"
    if is_marked and mark != MARKS[UTF8_MARK]:
        raise refused(slot, "delivery.encoding", expected="UTF-8 with BOM", found=mark or "no BOM")
    if mark is not None and not is_marked:
        raise refused(slot, "delivery.encoding", expected=f"{contract.encoding} without BOM", found=mark)


def _transcode(slot: Slot, encoding: str, source: Path, target: Path | None) -> None:
    with source.open("rb") as file:
        if target is None:
            _copy(slot, encoding, file, None)
        else:
            with target.open("wb") as out:
                _copy(slot, encoding, file, out)


def _copy(slot: Slot, encoding: str, file: IO[bytes], out: IO[bytes] | None) -> None:
    """Decode piece by piece; write UTF-8 where `out` is given."""
    decoder = codecs.getincrementaldecoder("utf-8" if encoding == "utf-8-sig" else encoding)("strict")
    offset = lines = 0
    is_last = False
    while not is_last:
        piece = file.read(PIECE_BYTES)
        is_last = piece == b""
        pending = decoder.getstate()[0]
        try:
            text = decoder.decode(piece, final=is_last)
        except UnicodeDecodeError as error:
            raise _undecodable(slot, encoding, error, offset - len(pending), lines, is_last) from None
        if out is not None:
            out.write(text.encode("utf-8"))
        offset += len(piece)
        lines += piece.count(b"\n")


def _undecodable(
    slot: Slot, encoding: str, error: UnicodeDecodeError, offset: int, lines: int, is_last: bool
) -> Exception:
    """The first byte that cannot be read: where it is, by byte and by line."""
    at = offset + error.start
    line = lines + 1 + error.object[: error.start].count(b"\n")
    where = f"byte 0x{error.object[error.start]:02X} at offset {at}, line {line}"
    rule = "delivery.truncated" if is_last else "delivery.encoding"
    expected = "a whole last character" if is_last else encoding
    return refused(slot, rule, expected=expected, found=where, row=line - 1 or None)


def _headers(path: Path, encoding: str = "utf-8-sig") -> tuple[str, ...]:
    """The fields of the first line; none where it cannot be read as one."""
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
    line = start.replace(b"\r", b"\n").partition(b"\n")[0]
    try:
        return tuple(next(csv.reader([line.decode(encoding)], strict=True), []))
    except (UnicodeDecodeError, csv.Error):
        return ()


def _check_encoding_by_header(slot: Slot, contract: Contract, source: Path) -> None:
    """UTF-8 bytes often decode as GB18030 to other characters: say so instead of calling columns missing.

    A file that starts as agreed but for every column's name is refused here, before the rest of it is read.
    """
    agreed = {c.header for c in contract.columns}
    headers = _headers(source, contract.encoding)
    if agreed & set(headers):
        return
    for other in ("gb18030", "utf-8"):
        if agreed & set(_headers(source, other)):
            raise refused(slot, "delivery.encoding", expected=contract.encoding, found=other)
    if _starts_decodable(source, contract.encoding):
        check_headers(slot, contract, headers)


def _starts_decodable(source: Path, encoding: str) -> bool:
    with source.open("rb") as file:
        start = file.read(HEADER_BYTES)
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(start)
    except UnicodeDecodeError:
        return False
    return True


# ---- Diagnosis ----

FIELD_LIMIT = 2_000_000
"""Characters: the longest line that the engine takes."""
END_PIECE = 4096


def diagnose(slot: Slot, path: Path, width: int, message: str) -> DeliveryRefused:
    """The refusal for a UTF-8 file of `width` columns that the engine refused with `message`."""
    if "Maximum line size" in message:
        return refused(
            slot,
            "delivery.line_too_long",
            expected=f"at most {FIELD_LIMIT} bytes",
            found="more",
            row=_row(message),
        )
    ends = _mixed_line_ends(path) if "invalid state" in message else None
    if ends is not None:
        row, first, other = ends
        return refused(slot, "delivery.line_ends", expected=f"{first} throughout", found=other, row=row)
    return _first_bad_row(slot, path, width) or refused(
        slot,
        "delivery.csv",
        expected=f"rows of {width} fields",
        found="a row the engine refuses",
        row=_row(message),
    )


def _row(message: str) -> int | None:
    """The data row of the engine's message: its first line is the header."""
    line = re.search(r"on Line: (\d+)", message)
    return int(line[1]) - 1 if line and int(line[1]) > 1 else None


def _first_bad_row(slot: Slot, path: Path, width: int) -> DeliveryRefused | None:
    """Read again with another reader and name the first row of another width or with wrong quotes."""
    row = -1
    try:
        for row, fields in enumerate(_rows(path)):
            if len(fields) != width:
                return _ragged(slot, path, width, row, len(fields), is_last=_is_last(path, row))
    except csv.Error as error:
        return _quotes(slot, path, row + 1, str(error))
    return None


def _rows(path: Path) -> Iterator[list[str]]:
    """Rows that are not blank lines, the header first (so that a data row's number is its index)."""
    csv.field_size_limit(FIELD_LIMIT)  # of the whole process, and other threads read with it: left as it is
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from (fields for fields in csv.reader(file, strict=True) if fields)


def _is_last(path: Path, row: int) -> bool:
    return sum(1 for _ in _rows_up_to_error(path)) == row + 1


def _rows_up_to_error(path: Path) -> Iterator[list[str]]:
    try:
        yield from _rows(path)
    except csv.Error:
        yield []


def _ragged(slot: Slot, path: Path, width: int, row: int, found: int, *, is_last: bool) -> DeliveryRefused:
    if is_last and found < width and not _ends_with_line_end(path):
        return refused(
            slot, "delivery.truncated", expected=f"{width} fields", found=f"{found} fields", row=row
        )
    return refused(slot, "delivery.ragged", expected=f"{width} fields", found=f"{found} fields", row=row)


def _quotes(slot: Slot, path: Path, row: int, message: str) -> DeliveryRefused:
    if "unexpected end" in message and not _ends_with_line_end(path) and _quote_opens_in_last_line(path):
        return refused(slot, "delivery.truncated", expected="a closed field", found="the file's end", row=row)
    found = "text after a closing mark" if "expected after" in message else "a mark that is never closed"
    return refused(slot, "delivery.quotes", expected="every mark closed", found=found, row=row)


def _end(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - END_PIECE))
        return file.read()


def _ends_with_line_end(path: Path) -> bool:
    return _end(path).endswith((b"\n", b"\r"))


def _quote_opens_in_last_line(path: Path) -> bool:
    return _end(path).rsplit(b"\n", 1)[-1].count(b'"') % 2 == 1


NAMES = {b"\r\n": "CR LF", b"\n": "LF", b"\r": "CR"}


def _mixed_line_ends(path: Path) -> tuple[int | None, str, str] | None:
    """Row, the header's line end and the first other one outside quotes; None where they are all alike."""
    first = None
    with path.open("rb") as file:
        is_quoted, number = False, 0
        for line in file:
            for content, end in re.findall(rb"([^\r\n]*)(\r\n|\n|\r)", line):
                is_quoted ^= content.count(b'"') % 2 == 1
                if is_quoted:
                    continue
                first = first or end
                if end != first:
                    return number or None, NAMES[first], NAMES[end]
                number += 1 if content else 0
    return None
