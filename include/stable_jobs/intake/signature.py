"""The kind of a file that differs from its name, found by its first bytes, so that the sender can mend it.

A file that may be as agreed is never guessed about: only bytes with which no CSV file and no workbook
begins are named here. Renaming is how most of these arise.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from stable_jobs.errors import DeliveryRefused
from stable_jobs.intake.problems import Slot, refused

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
