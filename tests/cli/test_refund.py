"""A refund in doubt is ruled on by a person, once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.cli.conftest import Done, Run
from tests.ledger.conftest import CODES, Books, refund, unit
from tests.ledger.full import CLEARED, LATER, end_to_end, formed

A, B = CODES[:2]
RULED = "SELECT refund_id, ruling, reason, ruled_by FROM refund_rulings"


@pytest.fixture
def doubtful(books: Books) -> None:
    """Finance reports our payment to A without its reference, and our payment to B with it."""
    books.publish(formed(books, unit(A), unit(B)), CLEARED)
    paid = [
        {"end_to_end_id": end_to_end(one), "outcome": "paid", "amount": Decimal("100.00")} for one in (A, B)
    ]
    books.answer(paid, on=CLEARED)
    refunds = (refund(A), refund(B, payment_reference=end_to_end(B)))
    books.decide(unit(A), unit(B), on=LATER, refunds=refunds)


def rule(run: Run, *how: str, number: str = "1") -> Done:
    return run("refund", "rule", number, *how, "--reason", "asked finance", "--by", "feng")


@pytest.mark.parametrize("ruling", ["same", "outside"])
def test_ruled_once(
    run: Run, books: Books, doubtful: None, last_event: Callable[[], tuple[str, str, object]], ruling: str
) -> None:
    assert rule(run, f"--{ruling}").code == 0
    assert books.ask(RULED) == [(1, ruling, "asked finance", "feng")]
    assert last_event() == ("feng", "refund ruling", None)
    again = rule(run, f"--{ruling}")
    assert (again.code, again.err.startswith("stable-jobs: ")) == (1, True)
    assert len(books.ask(RULED)) == 1


@pytest.mark.parametrize("how", [(), ("--same", "--outside")], ids=["neither", "both"])
def test_one_ruling(dry: Run, how: tuple[str, ...]) -> None:
    done = rule(dry, *how)
    assert (done.code, "either --same or --outside" in done.err) == (2, True)


@pytest.mark.parametrize("number", ["2", "99"], ids=["ours", "unknown"])
def test_what_is_not_in_doubt(run: Run, books: Books, doubtful: None, number: str) -> None:
    done = rule(run, "--same", number=number)
    assert (done.code, "is not in doubt" in done.err) == (1, True)
    assert books.ask(RULED) == []


def test_the_list(run: Run, books: Books, doubtful: None) -> None:
    assert run("refund", "list").row(A, "100.00", "doubtful").startswith("1 ")
    assert B not in run("refund", "list").out
    assert run("refund", "list", "--all").row(B, "ours", end_to_end(B))
    assert run("refund", "list", "--region", "220400").out == "No refund is in doubt.\n"
    rule(run, "--same")
    assert run("refund", "list").out == "No refund is in doubt.\n"
    assert run("refund", "list", "--all").row(A, "same", "feng", "asked finance")
