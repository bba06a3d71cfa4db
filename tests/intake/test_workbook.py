"""Good workbooks: what cells become, and which sheet is read."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest

from tests.intake.conftest import COLUMNS, HEADERS, STAGED, Bench, row, workbook
from tests.intake.malformed import patched_workbook
from tests.intake.test_reading import at

LONG = 6222021234567890123
NAMES = [column.name for column in COLUMNS]


def cells(**changed: Any) -> list[Any]:
    return [{**dict(zip(NAMES, row(), strict=True)), **changed}[name] for name in NAMES]


@pytest.mark.parametrize(
    ("name", "cell", "value", "raw"),
    [
        pytest.param("heads", 12, 12, None, id="whole number"),
        pytest.param("heads", 12.5, None, "12.5", id="fraction of a person"),
        pytest.param("amount", 1234.5, Decimal("1234.50"), None, id="amount"),
        pytest.param("amount", 0.1 + 0.2, Decimal("0.30"), None, id="binary noise"),
        pytest.param("amount", 1234.567, None, "1234.567", id="three places"),
        pytest.param("amount", 1e15, None, "1.00000000000000E+15", id="more digits than a sheet holds"),
        pytest.param("amount", -3, Decimal("-3.00"), None, id="negative"),
        pytest.param("fee_month", 202004, 202004, None, id="month as a number"),
        pytest.param("uscc", 110105012345678, "110105012345678", None, id="15 digits are exact"),
        pytest.param(
            "account_no", 6222021234567890123, None, "6.22202123456789E+18", id="19 digits are lost"
        ),
        pytest.param(
            "account_no", "6222021234567890123", "6222021234567890123", None, id="19 digits as text"
        ),
        pytest.param("account_no", 1e-7, "0.0000001", None, id="no exponent for small numbers"),
        pytest.param(
            "unit_name", 6222021234567890123, None, "6.22202123456789E+18", id="digits lost in a text"
        ),
        pytest.param("paid_date", at(2020, 5, 11), date(2020, 5, 11), None, id="date"),
        pytest.param("paid_date", at(2020, 5, 11, 8), None, "2020-05-11 08:00:00", id="date with a clock"),
        pytest.param("paid_date", 43962, None, "43962", id="serial number"),
        pytest.param("paid_date", "2020/5/11", date(2020, 5, 11), "2020/5/11", id="date as text"),
        pytest.param("paid_date", time(8, 30), None, "08:30:00", id="clock"),
        pytest.param("removed_on", at(9999, 12, 31), None, "9999-12-31", id="open end"),
        pytest.param("submitted_at", at(2020, 5, 11, 8, 30), at(2020, 5, 11, 8, 30), None, id="moment"),
        pytest.param("submitted_at", at(2020, 5, 11), at(2020, 5, 11), None, id="midnight"),
        pytest.param("is_signed", True, None, "TRUE", id="boolean is no label"),
        pytest.param("unit_name", '西安\n"公司", 一', '西安\n"公司", 一', None, id="line end and quotes"),
        pytest.param("unit_name", "=1+2", "=1+2", None, id="formula-like text"),
        pytest.param("account_no", "", None, None, id="empty"),
    ],
)
def test_cells(bench: Bench, name: str, cell: Any, value: Any, raw: str | None) -> None:
    sheet = [list(HEADERS), cells(**{name: cell})]

    [found] = bench.stage(workbook(sheet, strings_to_formulas=False), file_format="xlsx")

    assert found[name] == value
    assert found["raw"] == (None if raw is None else f'{{"{name}":"{raw}"}}')


D2 = b'<c r="D2" t="s"><v>14</v></c>'
TOTAL = Decimal("7.00")


def cell(name: str, xml: str, value: Decimal | None = None, *, lost: bool = True) -> Any:
    return pytest.param(xml.encode(), value, lost, id=name)


@pytest.mark.parametrize(
    ("xml", "value", "is_lost"),
    [
        cell("an error", '<c r="D2" t="e"><v>#DIV/0!</v></c>'),
        cell("an error without its place", '<c t="e"><v>#N/A</v></c>'),
        cell("an error, attributes the other way", "<c t='e' s='1' r='D2'><v>#REF!</v></c>"),
        cell("an error of a formula", '<c r="D2" t="e"><f>1/0</f><v>#DIV/0!</v></c>'),
        cell("an error without words", '<c r="D2" t="e"/>'),
        cell("a formula without a value", '<c r="D2"><f>SUM(A1:A9)</f></c>'),
        cell("a formula without a value or place", "<c><f>SUM(A1:A9)</f></c>"),
        cell("a formula with an empty value", '<c r="D2"><f>1+1</f><v></v></c>'),
        cell("a formula with an empty value, closed", '<c r="D2"><f>1+1</f><v/></c>'),
        cell("a shared formula without a value", '<c r="D2"><f t="shared" si="0"/></c>'),
        cell("a formula of text without a value", '<c r="D2" t="str"><f>A1</f></c>'),
        cell("a formula that gives an empty text", '<c r="D2" t="str"><f>""</f><v></v></c>', lost=False),
        cell("a formula with its value", '<c r="D2"><f>3+4</f><v>7</v></c>', TOTAL, lost=False),
        cell("a formula with its text", '<c r="D2" t="str"><f>A1</f><v>7</v></c>', TOTAL, lost=False),
        cell("a text's number below the list", '<c r="D2" t="s"><v>-1</v></c>'),
        cell("a text's number that is a fraction", '<c r="D2" t="s"><v>1.5</v></c>'),
        cell("a text without its number", '<c r="D2" t="s"><v></v></c>'),
        cell("a text in the cell", '<c r="D2" t="inlineStr"><is><t>7.00</t></is></c>', TOTAL, lost=False),
        cell(
            "a text in pieces, with how it sounds",
            '<c r="D2" t="inlineStr"><is><r><t>7</t></r><r><rPr><b/></rPr><t>.00</t></r>'
            '<rPh sb="0" eb="1"><t>9</t></rPh></is></c>',
            TOTAL,
            lost=False,
        ),
        cell("a truth value", '<c r="D2" t="b"><v>1</v></c>'),
        cell("a truth value without one", '<c r="D2" t="b"><v></v></c>'),
        cell("no number", '<c r="D2"><v>NaN</v></c>'),
        cell("no end", '<c r="D2"><v>-inf</v></c>'),
        cell("two values", '<c r="D2"><v>7</v><v>8</v></c>'),
        cell("a place taken twice", '<c r="D2"><v>7</v></c><c r="D2"><v>8</v></c>'),
        cell("a place out of order", '<c r="E2"><v>12</v></c><c r="D2"><v>7</v></c>'),
        cell("a place in small letters", '<c r="d2"><v>7</v></c>', TOTAL, lost=False),
        cell("a value without its place", "<c><v>7</v></c>", TOTAL, lost=False),
        cell("nothing", '<c r="D2"/>', lost=False),
        cell("nothing but a style", '<c r="D2" s="1"></c>', lost=False),
        cell("nothing, of a kind", '<c r="D2" t="n"/>', lost=False),
    ],
)
def test_a_cell_is_right_or_unreadable_and_never_silently_empty(
    bench: Bench, xml: bytes, value: Decimal | None, is_lost: bool
) -> None:
    [found] = bench.stage(patched_workbook(D2, xml), file_format="xlsx")

    assert found["amount"] == value
    assert (";amount;" in (found["unreadable"] or "")) == is_lost
    assert found["paid_date"] == date(2020, 5, 11)


def test_a_last_row_of_formulas_that_nobody_calculated_is_a_row(bench: Bench) -> None:
    lost = b"".join(b'<c r="%s3"><f>1</f></c>' % letter.encode() for letter in "ABCDEFGHIJK")

    rows = bench.stage(
        patched_workbook(b"</sheetData>", b'<row r="3">' + lost + b"</row></sheetData>"), file_format="xlsx"
    )

    assert [r["unreadable"] for r in rows] == [None, f";{';'.join(NAMES)};"]


def test_rows_without_places_are_numbered_on(bench: Bench) -> None:
    """No row and no cell says where it is: the error is the fourth cell of the second data row."""
    row_2 = b"".join(b"<c><v>1</v></c>" if i != 3 else b'<c t="e"><v>#N/A</v></c>' for i in range(11))

    rows = bench.stage(
        patched_workbook(b"</sheetData>", b"<row>" + row_2 + b"</row></sheetData>"), file_format="xlsx"
    )

    assert rows[0]["unreadable"] is None
    assert (rows[1]["amount"], rows[1]["heads"]) == (None, 1)
    assert ";amount;" in rows[1]["unreadable"]


MERGED = [
    pytest.param("C2:D2", {"C2": "6222021234567890"}, [";amount;"], id="beside"),
    pytest.param("D2:D4", {"D2": "7.00"}, [None, ";amount;", ";amount;"], id="below"),
    pytest.param("D2:E3", {"D2": "7.00"}, [";heads;", ";amount;heads;"], id="a block"),
    pytest.param("D3:D4", {}, [None, None, None], id="of nothing"),
    pytest.param("M2:N9", {}, [None], id="outside"),
]


@pytest.mark.parametrize(("place", "values", "unreadable"), MERGED)
def test_a_merged_cell_leaves_no_place_empty(
    bench: Bench, place: str, values: dict[str, str], unreadable: list[str | None]
) -> None:
    """Its value is written once; what else it covers looks empty and is not."""
    import openpyxl

    book = openpyxl.load_workbook(BytesIO(workbook([list(HEADERS), *[row() for _ in unreadable]])))
    sheet = book.worksheets[0]
    if place == "D3:D4":
        sheet["D3"] = None
    for name, value in values.items():
        sheet[name] = value
    sheet.merge_cells(place)
    out = BytesIO()
    book.save(out)

    rows = bench.stage(out.getvalue(), file_format="xlsx")

    assert [r["unreadable"] for r in rows] == unreadable


DATES = [
    pytest.param(0, False, None, id="day 0"),
    pytest.param(-1, False, None, id="before day 0"),
    pytest.param(1, False, date(1900, 1, 1), id="day 1"),
    pytest.param(58, False, date(1900, 2, 27), id="two days before the day that never was"),
    pytest.param(59, False, None, id="read as the same as the day that never was"),
    pytest.param(60, False, None, id="the day that never was"),
    pytest.param(61, False, date(1900, 3, 1), id="the day after it"),
    pytest.param(43962, False, date(2020, 5, 11), id="today"),
    pytest.param(2958465, False, None, id="the last day of 9999"),
    pytest.param(2958466, False, None, id="after the last day"),
    pytest.param(42500, True, date(2020, 5, 11), id="today since 1904"),
    pytest.param(0, True, None, id="day 0 since 1904, which is shown as a clock"),
    pytest.param(1, True, date(1904, 1, 2), id="day 1 since 1904"),
    pytest.param(60, True, date(1904, 3, 1), id="no day is missing since 1904"),
]


@pytest.mark.parametrize(("serial", "since_1904", "value"), DATES)
def test_a_days_number_is_its_date_or_unreadable(
    bench: Bench, serial: float, since_1904: bool, value: date | None
) -> None:
    import xlsxwriter

    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "date_1904": since_1904})
    sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
    for place, (header, text) in enumerate(zip(HEADERS, row(), strict=True)):
        sheet.write(0, place, header)
        sheet.write(1, place, text)
    sheet.write_number(1, NAMES.index("paid_date"), serial, day)
    book.close()

    [found] = bench.stage(out.getvalue(), file_format="xlsx")

    assert (found["paid_date"], found["unreadable"]) == (value, None if value else ";paid_date;")


@pytest.mark.parametrize(
    "sheets",
    [
        pytest.param([[["说明"], ["见第二页"]], [list(HEADERS), row()]], id="notes before"),
        pytest.param([[list(HEADERS), row()], [["说明"]]], id="notes after"),
        pytest.param([[[]], [list(HEADERS), row()]], id="empty sheet before"),
        pytest.param([[[], [], list(HEADERS), row()]], id="blank rows above"),
        pytest.param([[list(HEADERS), [], row(), []]], id="blank rows between"),
        pytest.param([[["", *HEADERS], ["", *row()]]], id="blank column before"),
        pytest.param([[[*HEADERS[::-1]], row()[::-1]]], id="columns in another order"),
    ],
)
def test_the_sheet_with_the_header_is_read(bench: Bench, sheets: list[list[list[Any]]]) -> None:
    [found] = bench.stage(workbook(*sheets), file_format="xlsx")

    assert {name: found[name] for name in STAGED} == STAGED
    assert found["row_no"] == 1
