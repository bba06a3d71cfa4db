"""How the malformed deliveries are dropped, and what a case of the tables is."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from tests.intake.conftest import GOOD, HEADERS, REGION, Desk, csv_bytes, row, workbook

Drop = Callable[[Desk], object]
ACCOUNT = GOOD["account_no"]
SHEET = [list(HEADERS), row()]


def sent(content: bytes, name: str = f"{REGION}.csv", **manifest: Any) -> Drop:
    """The bytes with a manifest that fits them, some fields changed."""
    return lambda desk: desk.drop(content, name, **manifest)


def under(drop: Drop, **terms: Any) -> tuple[Drop, dict[str, Any]]:
    """The drop under a changed contract."""
    return drop, terms


def book(*sheets: list[list[Any]], **options: Any) -> Drop:
    return sent(workbook(*sheets, **options), f"{REGION}.xlsx")


def patched(pattern: bytes, replacement: bytes, part: str = "xl/worksheets/sheet1.xml") -> Drop:
    """A good workbook with one part changed, as a drop."""
    return sent(patched_workbook(pattern, replacement, part), f"{REGION}.xlsx")


def patched_workbook(pattern: bytes, replacement: bytes, part: str = "xl/worksheets/sheet1.xml") -> bytes:
    """A good workbook with one part changed."""

    def change(text: bytes) -> bytes:
        assert pattern in text
        return text.replace(pattern, replacement)

    return rezipped({part: change})


def rezipped(changes: dict[str, Callable[[bytes], bytes]], **extra: bytes) -> bytes:
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(workbook(SHEET))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, changes.get(name, bytes)(old.read(name)))
        for name, content in extra.items():
            new.writestr(name, content)
    return out.getvalue()


def encrypted_parts() -> bytes:
    """The flag that says a part is encrypted, set in both directories."""
    content = bytearray(workbook(SHEET))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(mark, at + 4)
    return bytes(content)


def lying_size() -> bytes:
    """A part whose directory entry says it is shorter than it is."""
    content = bytearray(workbook(SHEET))
    with zipfile.ZipFile(BytesIO(bytes(content))) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    return bytes(content).replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little"))


def damaged() -> bytes:
    """One byte of a compressed part changed."""
    content = bytearray(workbook(SHEET))
    at = content.find(b"xl/worksheets/sheet1.xml") + 60
    content[at] ^= 0xFF
    return bytes(content)


def manifest_text(text: bytes) -> Drop:
    def drop(desk: Desk) -> None:
        path = desk.drop(csv_bytes(row()))
        desk.manifest_of(path).write_bytes(text)

    return drop


def edited_manifest(change: Callable[[str], str]) -> Drop:
    def drop(desk: Desk) -> None:
        manifest = desk.manifest_of(desk.drop(csv_bytes(row())))
        manifest.write_text(change(manifest.read_text()))

    return drop


def no_manifest(desk: Desk) -> None:
    desk.manifest_of(desk.drop(csv_bytes(row()))).unlink()


def changed_after(desk: Desk) -> None:
    desk.drop(csv_bytes(row())).write_bytes(csv_bytes(row(amount="9.99")))


def half_copied(desk: Desk) -> None:
    path = desk.drop(csv_bytes(row(), row()))
    path.write_bytes(path.read_bytes()[:-20])


def case(
    name: str, drop: Drop | tuple[Drop, dict[str, Any]], rule: str, expected: str, found: str, **at: Any
) -> Any:
    drop, terms = drop if isinstance(drop, tuple) else (drop, {})
    return pytest.param(drop, terms, f"delivery.{rule}", expected, found, at.get("row"), id=name)
