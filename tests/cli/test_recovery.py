"""Recovery cases are closed by people, once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.ledger.conftest import CODES, REGION, unit
from tests.ledger.full import CLEARED, LATER, end_to_end, formed

A = CODES[0]
CLOSED = "SELECT case_id, outcome, reason, closed_by FROM recovery_closings"


@pytest.fixture
def case(books):
    """100 yuan were paid, 60 are due."""
    books.publish(formed(books, unit(A)), CLEARED)
    books.answer(
        [{"end_to_end_id": end_to_end(A), "outcome": "paid", "amount": Decimal("100.00")}], on=CLEARED
    )
    books.decide(unit(A, entitlement=Decimal("60.00")), on=LATER)


def close(run, outcome="recovered", case="1"):
    return run("recovery", "close", case, "--outcome", outcome, "--reason", "booked", "--by", "zheng")


@pytest.mark.parametrize("outcome", ["recovered", "dropped"])
def test_closed_once(run, books, case, last_event, outcome):
    assert close(run, outcome).out == f"Recovery case 1 is closed as {outcome} by zheng.\n"
    assert books.ask(CLOSED) == [(1, outcome, "booked", "zheng")]
    assert last_event() == ("zheng", "recovery closed", None)
    again = close(run, outcome)
    assert (again.code, "recovery case 1 is not open" in again.err) == (1, True)


def test_no_such_case(run, books):
    assert close(run).code == 1


@pytest.mark.parametrize("outcome", ["superseded", "", "Recovered!"])
def test_no_such_outcome(dry, outcome):
    assert close(dry, outcome).code == 2


def test_the_list(run, books, case):
    row = run("recovery", "list").row(A, "40.00", "lowered", "2020-07-01", "open")
    assert row.startswith("1 ")
    assert run("recovery", "list", "--region", REGION).row(A)
    assert run("recovery", "list", "--region", "220400").out == "No recovery case is open.\n"
    close(run)
    assert run("recovery", "list").out == "No recovery case is open.\n"
    assert run("recovery", "list", "--all").row(A, "recovered", "zheng", "booked")
