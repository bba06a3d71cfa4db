"""Workbooks that are none, are dangerous, or hold something else."""

from __future__ import annotations

import gzip
import zipfile
from io import BytesIO

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


def compound(*streams: str) -> bytes:
    """As much of an OLE compound file as its kind is told by: the signature, a header, a directory."""
    entries = (name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", *streams))
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + b"".join(entries)


def zipped(**parts: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return out.getvalue()


HTML = "<html><body><table><tr><td>统一社会信用代码</td></tr></table></body></html>".encode("gb18030")
XML_2003 = (
    b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
    b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>'
)
OLD_XLS, LOCKED = compound("Workbook"), compound("EncryptionInfo", "EncryptedPackage")
NO_BOOK, PLAIN, ITSELF = ("not_a_workbook", "an XLSX workbook"), ("csv", "CSV text"), ("packed", "itself")
OLD = ("old_workbook", "an XLSX workbook", "an old .xls workbook")
GZIP, ODS = gzip.compress(csv_bytes(row())), zipped(mimetype=b"", content_xml=b"<x/>")
LIKE_XLSX = [
    ("old xls", OLD_XLS, *OLD),
    ("older xls", compound("Book"), *OLD),
    ("oldest xls", b"\x09\x08\x10\x00\x00\x06\x05\x00" + bytes(20), *OLD),
    ("old xls with its stream far behind", compound("x") + bytes(3_000) + OLD_XLS[512:], *OLD),
    ("locked xlsx", LOCKED, "encrypted", "without password", "an encrypted workbook"),
    ("locked xlsx with a book inside", compound("Workbook", "EncryptedPackage"), "encrypted", "password", ""),
    ("compound file", compound("WordDocument", "Workbooks"), *NO_BOOK, "another program"),
    ("page", HTML, *NO_BOOK, "an HTML page"),
    ("page with a mark", b"\xef\xbb\xbf \r\n<TABLE border=1>", *NO_BOOK, "an HTML page"),
    ("page in UTF-16", "<html>".encode("utf-16"), *NO_BOOK, "an HTML page"),
    ("saved page", b"MIME-Version: 1.0\r\n", *NO_BOOK, "a saved web page"),
    ("sheet of 2003", XML_2003, *NO_BOOK, "an XML Spreadsheet 2003"),
    ("xml", b"<?xml version='1.0'?><rows/>", *NO_BOOK, "an XML document"),
    ("csv with a mark", csv_bytes(row(), encoding="utf-8-sig"), *NO_BOOK, "text, such as CSV"),
    ("csv in UTF-16", csv_bytes(row(), encoding="utf-16"), *NO_BOOK, "text, such as CSV"),
    ("nothing known", bytes(64), *NO_BOOK, "no known kind"),
    ("pdf", b"%PDF-1.7\n", *NO_BOOK, "a PDF"),
    ("picture", b"\x89PNG\r\n\x1a\n", *NO_BOOK, "a picture"),
    ("program", b"MZ\x90\x00\x03" + bytes(60), *NO_BOOK, "do not open it"),
    ("ods", ODS, *NO_BOOK, "OpenDocument"),
    ("xlsb", zipped(xl__workbook_bin=b""), *NO_BOOK, ".xlsb"),
    ("docx", zipped(word__document_xml=b""), *NO_BOOK, ".docx"),
    ("gzip", GZIP, *ITSELF, "a gzip archive"),
    ("zip of a csv", zipped(a_csv=csv_bytes(row())), *ITSELF, "a ZIP archive"),
    ("7z", b"7z\xbc\xaf\x27\x1c" + bytes(30), *ITSELF, "a 7-Zip archive"),
    ("rar", b"Rar!\x1a\x07\x01\x00", *ITSELF, "a RAR archive"),
]
LIKE_CSV = [
    ("old xls", OLD_XLS, *PLAIN, "an old .xls workbook"),
    ("locked xlsx", LOCKED, *PLAIN, "an encrypted workbook"),
    ("page", HTML, *PLAIN, "an HTML page"),
    ("sheet of 2003", XML_2003, *PLAIN, "an XML Spreadsheet 2003"),
    ("pdf", b"%PDF-1.7\n", *PLAIN, "a PDF"),
    ("ods", ODS, *PLAIN, "OpenDocument"),
    ("gzip", GZIP, *ITSELF, "a gzip archive"),
    ("zip of a csv", zipped(a_csv=csv_bytes(row())), *ITSELF, "a ZIP archive"),
]

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
        "text, such as CSV",
    ),
    case("xlsx named csv", sent(workbook(SHEET)), "csv", "CSV text", "an XLSX workbook"),
    case(
        "damaged xlsx named csv",
        sent(b"PK\x03\x04\x14\x00\x00\x00\xff\n"),
        "csv",
        "CSV text",
        "a damaged ZIP archive",
    ),
    *(
        case(f"{name} named xlsx", sent(content, f"{REGION}.xlsx"), *said)
        for name, content, *said in LIKE_XLSX
    ),
    *(case(f"{name} named csv", sent(content), *said) for name, content, *said in LIKE_CSV),
    case(
        "zip without a workbook",
        sent(rezipped({}).replace(b"xl/workbook.xml", b"xl/workbock.xml"), f"{REGION}.xlsx"),
        "packed",
        "the data file itself",
        "a ZIP archive",
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
        "directory of the archive endless",
        under(
            sent(rezipped({}, **{f"{i:0200}": b"" for i in range(20_000)}), f"{REGION}.xlsx"),
            max_bytes=50_000_000,
        ),
        "too_large",
        "a directory of at most",
        "more",
    ),
    case(
        "cell in the last corner",
        patched(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'),
        "too_large",
        "20000000 cells",
        "row 1048576, column 16384",
    ),
    case(
        "cell in another row than its own",
        patched(b'r="K2"', b'r="K9"'),
        "not_a_workbook",
        "an XLSX workbook",
        "ValueError",
    ),
    case(
        "workbook with a document type",
        patched(b"<worksheet ", b'<!DOCTYPE w [<!ENTITY a "b">]><worksheet '),
        "not_a_workbook",
        "an XLSX workbook",
        "ValueError",
    ),
    case(
        "text beyond the list of texts",
        patched(b'<c r="D2" t="s"><v>14</v></c>', b'<c r="D2" t="s"><v>999</v></c>'),
        "not_a_workbook",
        "an XLSX workbook",
        "CalamineError",
    ),
    case(
        "merged cells without end",
        patched(
            b"</sheetData>",
            b'<row r="200000"><c r="K200000"><v>1</v></c></row></sheetData>'
            b'<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>',
        ),
        "too_large",
        "merged with others",
        "more",
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
