"""Workbooks that are none, are dangerous, or hold something else."""

from __future__ import annotations

from tests.intake.conftest import HEADERS, REGION, csv_bytes, row, workbook
from tests.intake.malformed import (
    SHEET,
    book,
    case,
    damaged,
    encrypted_parts,
    lying_size,
    patched,
    rezipped,
    sent,
    under,
)

MISSING = HEADERS[:-1]


WORKBOOKS = [
    case(
        "format not agreed",
        under(sent(workbook(SHEET), f"{REGION}.xlsx"), formats=("csv",)),
        "format",
        "csv",
        "xlsx",
    ),
    case(
        "csv named xlsx",
        sent(csv_bytes(row()), f"{REGION}.xlsx"),
        "not_a_workbook",
        "an XLSX workbook",
        "BadZipFile",
    ),
    case(
        "xlsx named csv",
        sent(b"PK\x03\x04\x14\x00\x00\x00\xff\n"),
        "encoding",
        "gb18030",
        "byte 0xFF at offset 8",
    ),
    case(
        "zip without a workbook",
        sent(rezipped({}).replace(b"xl/workbook.xml", b"xl/workbock.xml"), f"{REGION}.xlsx"),
        "not_a_workbook",
        "an XLSX workbook",
        "without xl/workbook.xml",
    ),
    case(
        "workbook cut off",
        sent(workbook(SHEET)[:-200], f"{REGION}.xlsx"),
        "not_a_workbook",
        "an XLSX workbook",
        "BadZipFile",
    ),
    case("workbook damaged", sent(damaged(), f"{REGION}.xlsx"), "not_a_workbook", "an XLSX workbook", ""),
    case(
        "workbook with a lying size",
        sent(lying_size(), f"{REGION}.xlsx"),
        "not_a_workbook",
        "an XLSX workbook",
        "BadZipFile",
    ),
    case("workbook with broken xml", patched(b"</row>", b"<row"), "not_a_workbook", "an XLSX workbook", ""),
    case(
        "workbook without its sheet",
        patched(b"worksheets/sheet1.xml", b"worksheets/sheet9.xml", "xl/_rels/workbook.xml.rels"),
        "not_a_workbook",
        "an XLSX workbook",
        "KeyError",
    ),
    case(
        "old or encrypted workbook",
        sent(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), f"{REGION}.xlsx"),
        "encrypted",
        "without password",
        "compound file",
    ),
    case(
        "workbook with encrypted parts",
        sent(encrypted_parts(), f"{REGION}.xlsx"),
        "encrypted",
        "without password",
        "encrypted parts",
    ),
    case(
        "zip bomb",
        sent(rezipped({}, bomb=bytes(5_000_000)), f"{REGION}.xlsx"),
        "too_large",
        "at most 4000000 bytes unpacked",
        "bytes unpacked",
    ),
    case(
        "cell in the last corner",
        patched(b'r="K2"', b'r="XFD1048576"'),
        "too_large",
        "20000000 cells",
        "row 1048576, column 16384",
    ),
    case(
        "workbook without a value",
        sent(workbook([[]]), f"{REGION}.xlsx"),
        "empty",
        "a header and rows",
        "no cell",
    ),
    case(
        "workbook without the header",
        book([["a", "b"], [1, 2]]),
        "header.missing",
        "统一社会信用代码",
        "2 columns",
    ),
    case(
        "workbook column missing",
        book([list(MISSING), row()[:-1]]),
        "header.missing",
        "缴费类型",
        "10 columns",
    ),
    case(
        "workbook column more",
        book([[*HEADERS, "备注"], [*row(), "x"]]),
        "header.extra",
        "11 columns",
        "备注",
    ),
    case(
        "workbook column twice",
        book([[*HEADERS, "金额"], [*row(), "1"]]),
        "header.duplicate",
        "each column once",
        "金额",
    ),
    case("two sheets with the header", book(SHEET, SHEET), "sheets", "one sheet", "Sheet1、Sheet2"),
    case(
        "value without a header",
        book([list(HEADERS), row(), [*row(), "x"]]),
        "ragged",
        "11 fields",
        "without header",
        row=2,
    ),
    case(
        "workbook rows differ",
        sent(workbook([*SHEET, row()]), f"{REGION}.xlsx", control_total="2469.00"),
        "manifest.rows",
        "1 rows",
        "2 rows",
    ),
    case(
        "workbook total differs",
        sent(workbook(SHEET), f"{REGION}.xlsx", control_total="1.00"),
        "manifest.control_total",
        "1.00 yuan",
        "1234.50 yuan",
    ),
]
