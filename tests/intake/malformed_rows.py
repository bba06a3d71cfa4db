"""Files whose header or rows are not as agreed."""

from __future__ import annotations

from tests.intake.conftest import GOOD, HEADERS, csv_bytes, lines, row
from tests.intake.malformed import ACCOUNT, case, sent, under

MISSING = HEADERS[:-1]


ROWS = [
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
]
