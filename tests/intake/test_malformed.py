"""Malformed deliveries, from the dropped file to the catalog: refused, with all that the sender must know."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.intake.problems import REFUSALS
from stable_jobs.store.catalog import deliveries_for, snapshot_by_id
from tests.intake.conftest import COLUMNS, GOOD, HEADERS, REGION, Desk, csv_bytes, lines, row, workbook

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
    """A good workbook with one part changed."""
    return sent(rezipped({part: lambda text: text.replace(pattern, replacement)}), f"{REGION}.xlsx")


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


UTF8 = {"encoding": "utf-8"}
MARKED = {"encoding": "utf-8-sig"}
MISSING = HEADERS[:-1]
TWO = (row(), row())
QUOTED = row(unit_name='"西安"')

MALFORMED = [
    # encoding
    case("utf-8 for gb18030", sent(csv_bytes(row(), encoding="utf-8")), "encoding", "gb18030", "utf-8"),
    case(
        "utf-8 with bom for gb18030",
        sent(csv_bytes(row(), encoding="utf-8-sig")),
        "encoding",
        "gb18030",
        "UTF-8 with BOM",
    ),
    case("utf-16 for gb18030", sent(csv_bytes(row(), encoding="utf-16")), "encoding", "gb18030", "UTF-16"),
    case(
        "gb18030 with bom",
        sent(csv_bytes(row(unit_name="x")).replace(b"", b"") and ("\ufeff" + lines(row())).encode("gb18030")),
        "encoding",
        "without BOM",
        "GB18030 with BOM",
    ),
    case(
        "byte no gb18030 has",
        sent(csv_bytes(row(), row()) + b"\xff\n"),
        "encoding",
        "gb18030",
        "byte 0xFF at offset",
        row=3,
    ),
    case(
        "byte in the header",
        sent(b"\x80" + csv_bytes(row())),
        "encoding",
        "gb18030",
        "byte 0x80 at offset 0, line 1",
    ),
    case(
        "bad pair in row 2",
        sent(csv_bytes(row()) + b"\xce\x20," + csv_bytes(row())),
        "encoding",
        "gb18030",
        "byte 0xCE",
        row=2,
    ),
    case("gb18030 for utf-8", under(sent(csv_bytes(row())), **UTF8), "encoding", "utf-8", "gb18030"),
    case(
        "bom for utf-8",
        under(sent(csv_bytes(row(), encoding="utf-8-sig")), **UTF8),
        "encoding",
        "without BOM",
        "UTF-8 with BOM",
    ),
    case(
        "no bom for utf-8-sig",
        under(sent(csv_bytes(row(), encoding="utf-8")), **MARKED),
        "encoding",
        "with BOM",
        "no BOM",
    ),
    case("gb18030 for utf-8-sig", under(sent(csv_bytes(row())), **MARKED), "encoding", "with BOM", "no BOM"),
    case(
        "overlong utf-8",
        under(sent(csv_bytes(row(), encoding="utf-8") + b"\xc0\xaf\n"), **UTF8),
        "encoding",
        "utf-8",
        "byte 0xC0",
        row=2,
    ),
    case(
        "surrogate in utf-8",
        under(sent(csv_bytes(row(), encoding="utf-8") + b"\xed\xa0\x80\n"), **UTF8),
        "encoding",
        "utf-8",
        "byte 0xED",
        row=2,
    ),
    # empty, truncated, too large
    case("empty", sent(b""), "empty", "a header and rows", "0 bytes"),
    case("only a bom", under(sent(b"\xef\xbb\xbf"), **MARKED), "empty", "a header and rows", "3 bytes"),
    case("empty workbook file", sent(b"", f"{REGION}.xlsx"), "empty", "a header and rows", "0 bytes"),
    case("no rows", sent(csv_bytes(), rows=0, control_total="0.00"), "no_rows", "at least one row", "0 rows"),
    case(
        "header without line end",
        sent(csv_bytes()[:-1], rows=0, control_total="0"),
        "no_rows",
        "at least one row",
        "0 rows",
    ),
    case(
        "workbook without rows",
        sent(workbook([list(HEADERS)]), f"{REGION}.xlsx", rows=0, control_total="0"),
        "no_rows",
        "at least one row",
        "0 rows",
    ),
    case(
        "cut in a character",
        sent(csv_bytes(row(), row(status="正"))[:-2]),
        "truncated",
        "a whole last character",
        "byte 0xD5",
        row=2,
    ),
    case(
        "cut in a character, utf-8",
        under(sent(csv_bytes(row(), row(status="正"), encoding="utf-8")[:-2]), **UTF8),
        "truncated",
        "a whole last character",
        "line 3",
        row=2,
    ),
    case(
        "cut in a row",
        sent(csv_bytes(row()) + b"91110000600037341L,x,62", rows=2),
        "truncated",
        "11 fields",
        "3 fields",
        row=2,
    ),
    case(
        "cut in a quoted field",
        sent(csv_bytes(row()) + b'91110000600037341L,"x', rows=2),
        "truncated",
        "a closed field",
        "the file's end",
        row=2,
    ),
    case(
        "cut between rows",
        sent(csv_bytes(row()), rows=2, control_total="2469.00"),
        "manifest.rows",
        "2 rows",
        "1 rows",
    ),
    case("half copied", half_copied, "manifest.sha256", "", ""),
    case(
        "too large",
        under(sent(csv_bytes(*[row()] * 3), rows=3), max_bytes=200),
        "too_large",
        "at most 200 bytes",
        " bytes",
    ),
    # header
    case(
        "column missing",
        sent(csv_bytes(row()[:-1], header=MISSING)),
        "header.missing",
        "缴费类型",
        "10 columns",
    ),
    case(
        "two columns missing",
        sent(csv_bytes(row()[:-2], header=HEADERS[:-2])),
        "header.missing",
        "是否签署、缴费类型",
        "9 columns",
    ),
    case(
        "column renamed",
        sent(csv_bytes(row(), header=(*MISSING, "类型"))),
        "header.missing",
        "缴费类型",
        "类型",
    ),
    case(
        "header with a blank",
        sent(csv_bytes(row(), header=(*MISSING, "缴费类型 "))),
        "header.missing",
        "缴费类型",
        "缴费类型",
    ),
    case(
        "english names",
        sent(csv_bytes(row(), header=tuple(GOOD))),
        "header.missing",
        "统一社会信用代码",
        "11 columns",
    ),
    case(
        "no header",
        sent(lines(row(), row()).partition("\n")[2].encode("gb18030")),
        "header.missing",
        "统一社会信用代码",
        "11 columns",
    ),
    case(
        "blank first line", sent(b"\n" + csv_bytes(row())), "header.missing", "统一社会信用代码", "0 columns"
    ),
    case(
        "semicolons",
        sent(csv_bytes(row()).replace(b",", b";")),
        "header.missing",
        "统一社会信用代码",
        "1 columns",
    ),
    case(
        "tabs", sent(csv_bytes(row()).replace(b",", b"\t")), "header.missing", "统一社会信用代码", "1 columns"
    ),
    case("not text at all", sent(bytes(range(1, 10)) * 50), "header.missing", "统一社会信用代码", "columns"),
    case(
        "column more",
        sent(csv_bytes([*row(), "x"], header=(*HEADERS, "备注"))),
        "header.extra",
        "11 columns",
        "备注",
    ),
    case(
        "unnamed column more",
        sent(csv_bytes([*row(), ""], header=(*HEADERS, ""))),
        "header.extra",
        "11 columns",
        "(no name)",
    ),
    case(
        "digits as a header",
        sent(csv_bytes([*row(), "x"], header=(*HEADERS, ACCOUNT))),
        "header.extra",
        "11 columns",
        "*******",
    ),
    case(
        "column twice",
        sent(csv_bytes([*row(), "正常"], header=(*HEADERS, "缴费类型"))),
        "header.duplicate",
        "each column once",
        "缴费类型",
    ),
    # rows
    case(
        "row too short",
        sent(csv_bytes(row(), row()[:-1], row()), rows=3),
        "ragged",
        "11 fields",
        "10 fields",
        row=2,
    ),
    case(
        "row too long",
        sent(csv_bytes(row(), row(), [*row(), "x"]), rows=3),
        "ragged",
        "11 fields",
        "12 fields",
        row=3,
    ),
    case("empty field more", sent(csv_bytes([*row(), ""])), "ragged", "11 fields", "12 fields", row=1),
    case(
        "quoted empty field more", sent(csv_bytes([*row(), '""'])), "ragged", "11 fields", "12 fields", row=1
    ),
    case("comma in a name", sent(csv_bytes(row(unit_name="A,B"))), "ragged", "11 fields", "12 fields", row=1),
    case("line of blanks", sent(csv_bytes(row()) + b"   \n"), "ragged", "11 fields", "1 fields", row=2),
    case(
        "line end in a name", sent(csv_bytes(row(unit_name="A\nB"))), "ragged", "11 fields", "2 fields", row=1
    ),
    case(
        "end-of-file character", sent(csv_bytes(row()) + b"\x1a\n"), "ragged", "11 fields", "1 fields", row=2
    ),
    case(
        "ragged after blank lines",
        sent(csv_bytes(row()) + b"\n\n1,2\n", rows=2),
        "ragged",
        "11 fields",
        "2 fields",
        row=2,
    ),
    case(
        "ragged after a quoted line end",
        sent(csv_bytes(row(unit_name='"A\nB"'), row()[:3]), rows=2),
        "ragged",
        "11 fields",
        "3 fields",
        row=2,
    ),
    case(
        "quote never closed",
        sent(csv_bytes(row(), row(unit_name='"西安'), row()), rows=3),
        "quotes",
        "every mark closed",
        "never closed",
        row=2,
    ),
    case(
        "text after a quote",
        sent(csv_bytes(row(unit_name='"西安"公司'))),
        "quotes",
        "every mark closed",
        "text after",
        row=1,
    ),
    case(
        "mixed line ends",
        sent(csv_bytes(row()) + csv_bytes(row(), end="\r\n").split(b"\r\n", 1)[1], rows=2),
        "line_ends",
        "LF throughout",
        "CR LF",
        row=2,
    ),
    case(
        "lf after a crlf header",
        sent(csv_bytes(end="\r\n") + lines(row()).split("\n", 1)[1].encode("gb18030")),
        "line_ends",
        "CR LF throughout",
        "LF",
        row=1,
    ),
    case(
        "cr in a name",
        sent(csv_bytes(row(), row(unit_name="A\rB")), rows=2),
        "line_ends",
        "LF throughout",
        "CR",
        row=2,
    ),
    case(
        "line too long",
        under(sent(csv_bytes(row(), row(unit_name="x" * 2_100_000))), max_bytes=3_000_000),
        "line_too_long",
        "2000000 bytes",
        "more",
        row=2,
    ),
    # manifest
    case("no manifest", no_manifest, "manifest.missing", f"{REGION}.manifest.json", "none"),
    case("manifest not json", manifest_text(b"rows: 1"), "manifest.unreadable", "JSON", "Expecting value"),
    case("manifest empty", manifest_text(b""), "manifest.unreadable", "JSON", "Expecting value"),
    case("manifest a list", manifest_text(b"[]"), "manifest.unreadable", "the agreed fields", "the whole"),
    case(
        "manifest in gb18030",
        manifest_text('{"部门": 1}'.encode("gb18030")),
        "manifest.unreadable",
        "UTF-8",
        "codec",
    ),
    case("manifest nested deep", manifest_text(b"[" * 60_000), "manifest.unreadable", "JSON", ""),
    case("manifest huge", manifest_text(b" " * 70_000), "manifest.unreadable", "65536 bytes", "more"),
    case(
        "manifest field twice",
        edited_manifest(lambda t: t.replace("{", '{"rows": 1, ', 1)),
        "manifest.unreadable",
        "JSON",
        "rows twice",
    ),
    case(
        "manifest rows missing",
        sent(csv_bytes(row()), rows=...),
        "manifest.unreadable",
        "the agreed fields",
        "rows",
    ),
    case(
        "manifest rows a text",
        sent(csv_bytes(row()), rows="1"),
        "manifest.unreadable",
        "the agreed fields",
        "rows",
    ),
    case(
        "manifest rows a fraction",
        sent(csv_bytes(row()), rows=1.5),
        "manifest.unreadable",
        "the agreed fields",
        "rows",
    ),
    case(
        "manifest rows negative",
        sent(csv_bytes(row()), rows=-1),
        "manifest.unreadable",
        "the agreed fields",
        "rows",
    ),
    case(
        "manifest rows NaN",
        edited_manifest(lambda t: t.replace('"rows": 1', '"rows": NaN')),
        "manifest.unreadable",
        "JSON",
        "NaN",
    ),
    case(
        "manifest more fields",
        sent(csv_bytes(row()), note="x"),
        "manifest.unreadable",
        "the agreed fields",
        "note",
    ),
    case(
        "manifest hash too short",
        sent(csv_bytes(row()), sha256="abc"),
        "manifest.unreadable",
        "the agreed fields",
        "sha256",
    ),
    case(
        "manifest without time",
        sent(csv_bytes(row()), sent_at=...),
        "manifest.unreadable",
        "the agreed fields",
        "sent_at",
    ),
    case(
        "manifest not a date",
        sent(csv_bytes(row()), business_date="2020-02-30"),
        "manifest.unreadable",
        "the agreed fields",
        "business_date",
    ),
    case(
        "manifest of another department",
        sent(csv_bytes(row()), department="labor"),
        "manifest.slot",
        "department tax",
        "department labor",
    ),
    case(
        "manifest of another extract",
        sent(csv_bytes(row()), extract="taxpayers"),
        "manifest.slot",
        "extract payments",
        "extract taxpayers",
    ),
    case(
        "manifest of another date",
        sent(csv_bytes(row()), business_date="1999-12-31"),
        "manifest.slot",
        "business_date 20",
        "business_date 1999-12-31",
    ),
    case(
        "manifest of another region",
        sent(csv_bytes(row()), region_code="220400"),
        "manifest.slot",
        "610100",
        "220400",
    ),
    case("manifest of other bytes", sent(csv_bytes(row()), sha256="0" * 64), "manifest.sha256", "0" * 64, ""),
    case("file changed after", changed_after, "manifest.sha256", "", ""),
    case(
        "rows fewer",
        sent(csv_bytes(*TWO), rows=3, control_total="2469.00"),
        "manifest.rows",
        "3 rows",
        "2 rows",
    ),
    case(
        "rows more",
        sent(csv_bytes(*TWO), rows=1, control_total="2469.00"),
        "manifest.rows",
        "1 rows",
        "2 rows",
    ),
    case(
        "total differs by a fen",
        sent(csv_bytes(row()), control_total="1234.51"),
        "manifest.control_total",
        "1234.51 yuan",
        "1234.50 yuan",
    ),
    case(
        "total missing",
        sent(csv_bytes(row()), control_total=...),
        "manifest.control_total",
        "yuan as text",
        "none",
    ),
    case(
        "total null",
        sent(csv_bytes(row()), control_total=None),
        "manifest.control_total",
        "yuan as text",
        "none",
    ),
    case(
        "total a number",
        sent(csv_bytes(row()), control_total=1234.5),
        "manifest.unreadable",
        "the agreed fields",
        "control_total",
    ),
    case(
        "total with separators",
        sent(csv_bytes(row()), control_total="1,234.50"),
        "manifest.control_total",
        "yuan as text",
        "1,234.50",
    ),
    case(
        "total with three places",
        sent(csv_bytes(row()), control_total="1234.500"),
        "manifest.control_total",
        "yuan as text",
        "1234.500",
    ),
    # format and workbooks
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
    case("xlsx named csv", sent(b"PK\x03\x04\x14\x00\x00\x00\xff\n"), "encoding", "gb18030", "byte 0xFF at offset 8"),
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


@pytest.mark.parametrize(("drop", "terms", "rule", "expected", "found", "at"), MALFORMED)
def test_refused_with_all_that_the_sender_must_know(
    desk: Desk, drop: Drop, terms: dict[str, Any], rule: str, expected: str, found: str, at: int | None
) -> None:
    desk = desk.under(**terms)
    drop(desk)

    [problem], staged = desk.run()

    assert problem.rule == rule
    assert (problem.department, problem.extract, problem.region) == ("tax", "payments", REGION)
    assert (problem.row, problem.owes) == (at, "tax")
    assert expected in problem.expected
    assert found in problem.found
    assert problem.expected and problem.found and problem.what and problem.next_step  # noqa: PT018 - one thought
    assert ACCOUNT not in problem.sentence()
    assert staged == []


def test_every_refusal_is_in_the_table() -> None:
    """Names and links are the connector's: tests/intake/connectors."""
    covered = {rule for param in MALFORMED for rule in [param.values[2]]}

    assert set(REFUSALS) - covered == {"delivery.name", "delivery.missing_file", "delivery.csv"}
    assert len(MALFORMED) >= 60


def test_refusal_is_kept_in_the_catalog_and_the_bytes_in_the_lake(desk: Desk) -> None:
    path = desk.drop(csv_bytes(row())[:-1] + b",x\n")

    [problem], _ = desk.run()

    with desk.engine.connect() as connection:
        [delivery] = deliveries_for(connection, desk.on)
    assert (delivery.status, delivery.problem) == ("refused", problem.as_dict())
    assert Path(desk.lake.landing_path(delivery.sha256)).read_bytes() == path.read_bytes()


def test_one_refused_file_does_not_stop_the_others(desk: Desk) -> None:
    desk.drop(b"", "220400.csv")
    desk.drop(csv_bytes(row()))
    desk.drop(b"\xff", "620100.csv")

    problems, staged = desk.run()

    assert [p.region for p in problems] == ["220400", "620100"]
    assert [d.region_code for d in staged] == [REGION]


UNREADABLE = {
    "amount": ["12元", "1.234", "x", "1,2"],
    "heads": ["1.5", "x", "١٢"],
    "paid_date": ["2020-02-30", "11.5.2020", "x"],
    "removed_on": ["9999-99-99", "x"],
    "submitted_at": ["2020-05-11", "25:00", "x"],
    "fee_month": ["202013", "x"],
    "is_signed": ["Y", "x"],
    "status": ["未知", "x"],
    "account_no": ["6.2E+18"],
    "unit_name": ["#N/A"],
}
CELLS = [
    pytest.param(name, text, id=f"{name}-{text}") for name, texts in UNREADABLE.items() for text in texts
]


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
@pytest.mark.parametrize(("name", "text"), CELLS)
def test_unreadable_value_keeps_its_row(desk: Desk, name: str, text: str, file_format: str) -> None:
    quoted = f'"{text}"' if file_format == "csv" else text
    bad = row(**{name: quoted})
    content = csv_bytes(row(), bad) if file_format == "csv" else workbook([*SHEET, bad])
    desk.drop(content, f"{REGION}.{file_format}", rows=2, control_total="2469.00")

    problems, [delivery] = desk.run()

    assert problems == []
    with desk.engine.connect() as connection:
        path = desk.lake.path(snapshot_by_id(connection, delivery.staged_snapshot_id or 0).name)
    found = desk.con.execute(
        f"SELECT {name}, unreadable, raw FROM read_parquet('{path}') ORDER BY row_no"
    ).fetchall()
    assert found[0][1:] == (None, None)
    assert found[1][:2] == (None, f";{name};")
    assert json.loads(found[1][2]) == {name: text}


def test_kinds_with_an_unreadable_value_are_all_in_the_table() -> None:
    kinds = {column.kind for column in COLUMNS}

    assert {column.kind for column in COLUMNS if column.name in UNREADABLE} == kinds
