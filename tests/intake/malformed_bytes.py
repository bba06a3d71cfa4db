"""Files whose bytes are not as agreed: encoding, emptiness, ends, size."""

from __future__ import annotations

from tests.intake.conftest import HEADERS, REGION, csv_bytes, lines, row, workbook
from tests.intake.malformed import case, half_copied, sent, under

UTF8 = {"encoding": "utf-8"}
MARKED = {"encoding": "utf-8-sig"}


BYTES = [
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
        sent(("\ufeff" + lines(row())).encode("gb18030")),
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
]
