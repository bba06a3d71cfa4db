"""Good workbooks: what cells become, and which sheet is read."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
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


def test_spreadsheet_error_is_unreadable_and_not_empty(bench: Bench) -> None:
    content = patched_workbook(b'<c r="D2" t="s"><v>14</v></c>', b'<c r="D2" t="e"><v>#DIV/0!</v></c>')

    [found] = bench.stage(content, file_format="xlsx")

    assert (found["amount"], found["unreadable"]) == (None, ";amount;")


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
