"""What a value looks like, and that no row of a list is lost or two."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from stable_jobs.cli.ledger_tables import cell, print_rows


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(None, "", id="nothing"),
        pytest.param(Decimal("1234.5"), "1,234.50", id="yuan"),
        pytest.param(1234, "1,234", id="a count"),
        pytest.param("1234", "1234", id="an id"),
        pytest.param(True, "yes", id="yes"),
        pytest.param(False, "no", id="no"),
        pytest.param(date(2020, 5, 11), "2020-05-11", id="a date"),
        pytest.param("[red]", r"\[red]", id="markup"),
        pytest.param("a\u202eb\nc", "a⟨U+202E⟩b⟨U+000A⟩c", id="hidden"),
        pytest.param("甲" * 500, "甲" * 400 + "…(+100)", id="a long name"),
    ],
)
def test_cells(value: Decimal | int | str | date | None, shown: str) -> None:
    assert cell(value) == shown


def test_where_no_terminal_is_each_row_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    long = "甲" * 300
    print_rows(
        ("id", "unit", "reason", "yuan"), [("1", long, long, Decimal(1)), ("2", "b", "", Decimal(2))], "none"
    )

    header, first, second = capsys.readouterr().out.splitlines()
    assert (first.count(long), first.split()[-1], second.split()) == (2, "1.00", ["2", "b", "2.00"])
    assert header.split() == ["id", "unit", "reason", "yuan"]


def test_a_list_of_nothing_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(("id",), [], "Nothing waits.")
    assert capsys.readouterr().out == "Nothing waits.\n"
