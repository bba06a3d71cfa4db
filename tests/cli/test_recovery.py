"""Recovery cases are closed by people, once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.cli.conftest import Done, Run
from tests.ledger.conftest import CODES, REGION, Books, refund, unit
from tests.ledger.full import CLEARED, LAST, LATER, end_to_end, formed

A = CODES[0]
CLOSED = "SELECT case_id, outcome, reason, closed_by FROM recovery_closings"


@pytest.fixture
def case(books: Books) -> None:
    """100 yuan were paid, 60 are due."""
    books.publish(formed(books, unit(A)), CLEARED)
    books.answer(
        [{"end_to_end_id": end_to_end(A), "outcome": "paid", "amount": Decimal("100.00")}], on=CLEARED
    )
    books.decide(unit(A, entitlement=Decimal("60.00")), on=LATER)


def close(run: Run, outcome: str = "dropped", case: str = "1") -> Done:
    return run("recovery", "close", case, "--outcome", outcome, "--reason", "booked", "--by", "zheng")


def confirm(run: Run, by: str = "wu", number: str = "1") -> Done:
    return run("proposal", "confirm", number, "--by", by)


def money_back(books: Books) -> None:
    """Finance's row with our reference says that 60 of the 100 are left."""
    left = refund(A, payment_reference=end_to_end(A), amount=Decimal(60))
    books.decide(unit(A, entitlement=Decimal(60)), on=LAST, refunds=(left,))


@pytest.mark.parametrize("outcome", ["recovered", "dropped"])
def test_closed_once_by_two(
    run: Run, books: Books, case: None, last_event: Callable[[], tuple[str, str, object]], outcome: str
) -> None:
    money_back(books)
    said = f"Recovery case 1 is to end as {outcome}: proposal 1 waits for another person: stable-jobs"
    assert close(run, outcome).out == f"{said} proposal confirm 1 --by NAME\n"
    assert last_event() == ("zheng", "recovery proposed", None)
    assert books.ask(CLOSED) == []
    assert confirm(run).out == "Proposal 1 (recovery_closing, case 1) is confirmed by wu.\n"
    assert books.ask(CLOSED) == [(1, outcome, "booked", "wu")]
    again = close(run, outcome)
    assert (again.code, "recovery case 1 is not open" in again.err) == (1, True)


def test_one_person_ends_no_case(run: Run, books: Books, case: None) -> None:
    close(run)
    again = confirm(run, "zheng")
    assert (again.code, "another person than zheng must confirm it" in again.err) == (1, True)
    assert books.ask(CLOSED) == []


def test_nothing_is_recovered_that_finance_does_not_show(run: Run, books: Books, case: None) -> None:
    close(run, "recovered")
    refused = confirm(run)
    assert refused.code == 1
    assert "finance's prior_refunds show 0.00 of 40.00 yuan as come back: its row with our" in refused.err
    assert books.ask(CLOSED) == []
    money_back(books)
    assert confirm(run).code == 0
    assert books.breaks() == []


def test_no_such_case(run: Run, books: Books) -> None:
    assert close(run).code == 1


@pytest.mark.parametrize("outcome", ["superseded", "", "Recovered!"])
def test_no_such_outcome(dry: Run, outcome: str) -> None:
    assert close(dry, outcome).code == 2


def test_the_list(run: Run, books: Books, case: None) -> None:
    row = run("recovery", "list").row(A, "40.00", "lowered", "2020-07-01", "open")
    assert row.startswith("1 ")
    assert run("recovery", "list", "--region", REGION).row(A)
    assert run("recovery", "list", "--region", "220400").out == "No recovery case is open.\n"
    close(run)
    confirm(run)
    assert run("recovery", "list").out == "No recovery case is open.\n"
    assert run("recovery", "list", "--all").row(A, "dropped", "wu（未经验证 unauthenticated）", "booked")
