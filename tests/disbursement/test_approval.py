"""What a person who approves a batch is told of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from stable_jobs.disbursement.approval import approval_facts
from tests.ledger.conftest import CODES, REGION, Books, D, Night, unit
from tests.ledger.full import LATER

OTHER = "360100"
A, B, C, AWAY = CODES[:4]


def cleared(books: Books, *units: dict[str, Any]) -> None:
    """Units of which nothing stands in the way of a batch."""
    at_once = {"working_days": 0}
    books.apply(Night(D, units, regions={REGION: at_once, OTHER: at_once}))
    books.close(D)


def fell_out(books: Books, *tonight: dict[str, Any]) -> int:
    """How many a batch of the first region says of a later night."""
    night = Night(LATER, tonight, regions={REGION: {}, OTHER: {}})
    books.apply(night)
    (batch,) = books.form(night)
    with books.engine.connect() as connection:
        return approval_facts(connection, batch).checks["fell_out"]


@pytest.mark.parametrize(
    ("tonight", "count"),
    [
        pytest.param((unit(B), unit(C)), 0, id="all stand"),
        pytest.param((unit(B),), 1, id="one is gone"),
        pytest.param((unit(B, decision="ineligible", reasons="layoff_rate"), unit(C)), 1, id="ineligible"),
        pytest.param((unit(B, decision="undecided", reasons="tax_missing"), unit(C)), 1, id="undecided"),
        pytest.param((unit(B, entitlement=Decimal("90.00")), unit(C)), 0, id="another amount is paid later"),
        pytest.param((unit(B), unit(C, scheme="difficult")), 0, id="another scheme is paid later"),
        pytest.param((), 2, id="both"),
    ],
)
def test_units_that_fell_out_tonight(
    books: Books,
    tonight: tuple[dict[str, Any], ...],
    count: int,
) -> None:
    cleared(books, unit(A), unit(B), unit(C))
    assert fell_out(books, unit(A), *tonight) == count


def test_what_fell_out_another_night_does_not_count(books: Books) -> None:
    cleared(books, unit(A), unit(B))
    books.decide(unit(A), on=date(2020, 5, 12))
    assert fell_out(books, unit(A)) == 0
    assert books.ask("SELECT reason FROM payments WHERE state = 'withdrawn'") == [("unit_gone",)]


def test_what_fell_out_elsewhere_does_not_count(books: Books) -> None:
    cleared(books, unit(A), unit(AWAY, region_code=OTHER))
    assert fell_out(books, unit(A)) == 0
    assert books.ask("SELECT reason FROM payments WHERE state = 'withdrawn'") == [("unit_gone",)]
