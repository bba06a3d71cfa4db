"""A budget entered by a person stands instead of finance's; the newest counts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.cli.conftest import Done, Run
from tests.ledger.conftest import REGION, Books, unit
from tests.ledger.full import formed

ENTERED = "SELECT pooling_region, policy_year, amount, reason, entered_by FROM budget_entries"


def enter(run: Run, amount: str = "5000", year: str = "2020", region: str = REGION) -> Done:
    return run(
        "budget", "set", region, "--year", year, "--amount", amount, "--reason", "letter 7", "--by", "wang"
    )


def test_entered(run: Run, books: Books, last_event: Callable[[], tuple[str, str, object]]) -> None:
    done = enter(run, "1234567.5")

    assert done.out == "Budget of pooling region 610100 for 2020: 1,234,567.50 yuan, entered by wang.\n"
    assert books.ask(ENTERED) == [(REGION, 2020, Decimal("1234567.50"), "letter 7", "wang")]
    assert last_event() == ("wang", "budget", None)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"amount": "-1"}, id="less than nothing"),
        pytest.param({"amount": "lots"}, id="no amount"),
        pytest.param({"year": "20"}, id="no year"),
        pytest.param({"region": "610199"}, id="no region"),
    ],
)
def test_wrong_usage(dry: Run, changed: dict[str, str]) -> None:
    assert enter(dry, **changed).code == 2


def test_the_list(run: Run, books: Books) -> None:
    assert run("budget", "list").out == "No budget was entered: finance's own stands.\n"
    enter(run)
    enter(run, "7000")
    enter(run, "9000", "2021")
    formed(books, unit())
    done = run("budget", "list")

    assert done.row("2020", "5,000.00", " no ", "100.00", "letter 7", "wang")
    assert done.row("2020", "7,000.00", " yes ", "100.00")
    assert done.row("2021", "9,000.00", " yes ", " 0.00")
