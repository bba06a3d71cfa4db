"""A night that brings what the last one brought is taken over unread, unless anything else has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from stable_jobs.acts import decide_proposal
from stable_jobs.ledger import entitlements, notices, policies
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.notices import put_in_force
from tests.ledger.conftest import CODES, REGION, Books, Night, unit
from tests.ledger.full import NOW, end_to_end, person, withdraw

A, B = CODES[:2]
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2020, 5, day) for day in range(11, 15))
NEXT_YEAR = date(2021, 5, 11)
FIRST = Night(MONDAY, (unit(A), unit(B)), regions=NOW)
"""Whose notice is over at once."""


def is_taken_unread(books: Books, night: Night) -> bool:
    """Take the night over, reading it only where the ledger asks for that."""
    with ledger_event(books.engine, "night", business_date=night.on) as event:
        put_in_force(event, books.fill(event.connection, night))
        policies.suspend_stopped(event.connection, is_again=True)
        is_unread = entitlements.take_over_again(event.connection)
        if not is_unread:
            entitlements.apply_night(event.connection)
    return is_unread


def object_to(books: Books) -> None:
    person(books, "wang", notices.add_objection, REGION, A, "a letter", "wang")


def pay(books: Books) -> None:
    """Money goes out on the night's own date."""
    assert books.close(MONDAY) == 2
    (batch,) = books.form(FIRST)
    books.publish(batch, MONDAY)


def pay_and_decide_again(books: Books) -> None:
    """No event follows the night, but money went out on its date: tomorrow it counts as paid before."""
    pay(books)
    books.apply(replace(FIRST, key="again"))


def return_and_decide_again(books: Books) -> None:
    """The answer came on the night's own date: tomorrow the money has come back before."""
    pay(books)
    returned = [{"end_to_end_id": end_to_end(code), "outcome": "returned"} for code in (A, B)]
    books.answer(returned, on=TUESDAY)
    books.apply(replace(FIRST, on=TUESDAY, key="again"))


def fall_out_after_a_return(books: Books) -> None:
    """What went out once is withdrawn by the night itself: tomorrow it is withdrawn before."""
    return_and_decide_again(books)
    books.apply(replace(FIRST, on=WEDNESDAY, units=(unit(B),)))


def disagree(books: Books) -> None:
    one = unit(A, already_paid=Decimal(7), payable=Decimal(93))
    books.apply(replace(FIRST, units=(one, unit(B)), key="disagreeing"))


def take_only_a(books: Books) -> None:
    books.apply(replace(FIRST, regions={**NOW, "620100": {"is_suspended": True}}, key="two"))


CASES: list[Any] = [
    pytest.param(lambda books: None, {}, True, id="nothing happened"),
    pytest.param(lambda books: None, {"on": MONDAY}, True, id="another decision of the date"),
    pytest.param(lambda books: None, {"on": NEXT_YEAR}, False, id="another year"),
    pytest.param(lambda books: None, {"on": date(2020, 5, 8)}, False, id="an earlier date"),
    pytest.param(lambda books: None, {"regions": {REGION: {"is_suspended": True}}}, False, id="held tonight"),
    pytest.param(lambda books: None, {"regions": {**NOW, "620100": {}}}, False, id="a region more"),
    pytest.param(take_only_a, {}, False, id="a region less"),
    pytest.param(
        lambda books: None,
        {"regions": {REGION: {"stopping_doubts": "two_regions"}}},
        False,
        id="other doubts stop payments",
    ),
    pytest.param(object_to, {}, False, id="an objection"),
    pytest.param(lambda books: withdraw(books, MONDAY), {}, False, id="the night was withdrawn"),
    pytest.param(lambda books: books.assign(("zhao", 1)), {}, False, id="anything else people did"),
    pytest.param(pay, {}, False, id="money went out"),
    pytest.param(pay_and_decide_again, {}, False, id="money went out on that date before"),
    pytest.param(return_and_decide_again, {"on": WEDNESDAY}, False, id="money came back on that date"),
    pytest.param(fall_out_after_a_return, {"on": THURSDAY}, False, id="a payment fell out that date"),
    pytest.param(disagree, {}, False, id="a unit disagrees every night"),
]


@pytest.mark.parametrize(("happened", "tonight", "expected"), CASES)
def test_what_is_taken_unread(
    books: Books, happened: Callable[[Books], None], tonight: dict[str, Any], expected: bool
) -> None:
    books.apply(FIRST)
    happened(books)
    assert is_taken_unread(books, replace(FIRST, **{"on": TUESDAY, "key": "tonight", **tonight})) is expected
    assert books.breaks() == []


def test_a_night_that_was_taken_unread_is_a_night(books: Books) -> None:
    """Its date is the region's newest, money moves by it, and the night after it is unread, too."""
    books.apply(FIRST)
    later = [replace(FIRST, on=date(2020, 5, day)) for day in (12, 13)]
    assert [is_taken_unread(books, night) for night in later] == [True, True]
    assert books.ask("SELECT business_date FROM newest_nights") == [(later[-1].on,)]
    assert books.close(later[-1].on) == 2
    (batch,) = books.form(later[-1])
    assert batch.count == 2


def test_the_decision_that_was_taken_last(books: Books) -> None:
    def last(on: date) -> int | None:
        with ledger_event(books.engine, "nothing", business_date=on) as event:
            return entitlements.last_taken(event.connection)

    assert last(MONDAY) is None
    books.apply(FIRST)
    assert last(TUESDAY) == books.ask("SELECT max(id) FROM snapshots")[0][0]
    object_to(books)
    assert last(TUESDAY) is None


def test_its_regions_totals_are_those_of_the_last_night(books: Books) -> None:
    content = {REGION: {"general.total_factor": {"value": "3", "from": "", "reference": ""}}}
    with ledger_event(books.engine, "policy proposed", actor="li") as event:
        number, _ = policies.propose_values(event, content, REGION, MONDAY, "a letter", "li")
    person(books, "wang", decide_proposal, number, "confirmed", "", "wang")

    def noted(on: date) -> None:
        with ledger_event(books.engine, "policy values", business_date=on) as event:
            policies.note_values(event, content)

    noted(MONDAY)
    books.apply(FIRST, before=policies.suspend_stopped)
    noted(TUESDAY)
    assert is_taken_unread(books, replace(FIRST, on=TUESDAY))
    totals = books.ask("SELECT business_date, units, total FROM region_totals ORDER BY id")
    assert totals == [(on, 2, Decimal("200.00")) for on in (MONDAY, TUESDAY)]
