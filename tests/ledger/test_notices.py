"""Notices close when their days are over; an objection holds its unit and no other."""

from datetime import date
from decimal import Decimal

import pytest

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import notices
from tests.ledger.conftest import CODES, REGION, Books, Night, unit
from tests.ledger.full import CLEARED, LATER, OPENED, person

A, B = CODES[:2]


@pytest.fixture
def posted(books: Books) -> Books:
    """Two units on notice from 11 to 18 May."""
    books.decide(unit(A), unit(B), on=OPENED)
    return books


def object_to(books: Books, uscc: str = A, on: date = OPENED) -> int:
    return int(person(books, "zhao", notices.add_objection, REGION, uscc, "a neighbour", "zhao", on=on))


def decide(books: Books, number: int, outcome: str, on: date = OPENED) -> None:
    person(books, "sun", notices.decide_objection, number, outcome, "looked into", "sun", on=on)


def state(books: Books, uscc: str = A, ordinal: int = 1) -> str:
    return books.states()[f"{uscc[-6:]}.{ordinal}"]


@pytest.mark.parametrize(
    ("days", "on", "closed"),
    [
        pytest.param(0, OPENED, 1, id="no days: at once"),
        pytest.param(1, OPENED, 0, id="one day: not the same day"),
        pytest.param(1, date(2020, 5, 12), 0, id="one day: not on that day"),
        pytest.param(1, date(2020, 5, 13), 1, id="one day: the day after"),
        pytest.param(5, date(2020, 5, 18), 0, id="five days: not on the fifth"),
        pytest.param(5, date(2020, 5, 19), 1, id="five days: the day after"),
        pytest.param(5, date(2020, 6, 30), 1, id="long after"),
    ],
)
def test_days_are_working_days_after_the_opening(books: Books, days: int, on: date, closed: int) -> None:
    night = {"regions": {REGION: {"working_days": days}}}
    books.decide(unit(A), on=OPENED, **night)
    books.decide(unit(A), on=on, key="again", **night)
    assert books.close(on) == closed
    assert books.close(on) == 0


def test_a_region_without_tonights_decision_is_not_closed(posted: Books) -> None:
    assert posted.close(CLEARED) == 0
    posted.decide(unit(A), unit(B), on=LATER)
    assert posted.close(CLEARED) == 0
    assert posted.close(LATER) == 2


def test_a_region_that_the_date_s_last_decision_leaves_out_stops_no_other(books: Books) -> None:
    """Decided in the morning, and again without it: its policy was taken away. Its notice waits."""
    both = {REGION: {"working_days": 0}, "610300": {"working_days": 0}}
    books.decide(unit(A), unit(B, region_code="610300"), on=CLEARED, regions=both)
    books.decide(unit(A), on=CLEARED, regions={REGION: {"working_days": 0}})
    assert books.close(CLEARED) == 1
    assert books.states() == {f"{A[-6:]}.1": "cleared", f"{B[-6:]}.1": "on_notice"}
    assert books.breaks() == []


def test_an_objection_holds_its_unit_only(posted: Books) -> None:
    object_to(posted)
    posted.decide(unit(A), unit(B), on=CLEARED)
    assert posted.close(CLEARED) == 1
    assert (state(posted, A), state(posted, B)) == ("objected", "cleared")
    assert [b.count for b in posted.form(Night(CLEARED, (unit(A), unit(B))))] == [1]
    assert posted.breaks() == []


@pytest.mark.parametrize(
    ("outcome", "on", "after"),
    [
        pytest.param("dismissed", OPENED, "on_notice", id="dismissed while the notice stands"),
        pytest.param("dismissed", CLEARED, "cleared", id="dismissed after it closed"),
        pytest.param("upheld", OPENED, "withdrawn", id="upheld"),
    ],
)
def test_a_decision_moves_the_unit(posted: Books, outcome: str, on: date, after: str) -> None:
    number = object_to(posted)
    posted.decide(unit(A), unit(B), on=CLEARED)
    if on == CLEARED:
        posted.close(CLEARED)
    decide(posted, number, outcome, on=on)
    assert state(posted) == after
    assert posted.breaks() == []


def test_the_last_of_two_objections_decides(posted: Books) -> None:
    first, second = object_to(posted), object_to(posted)
    decide(posted, first, "dismissed")
    assert state(posted) == "objected"
    decide(posted, second, "dismissed")
    assert state(posted) == "on_notice"


def test_an_upheld_objection_bars_that_amount_and_no_other(posted: Books) -> None:
    decide(posted, object_to(posted), "upheld")
    posted.decide(unit(A), unit(B), on=CLEARED)
    assert len(posted.states()) == 2
    posted.decide(unit(A, entitlement=Decimal("120.00")), unit(B), on=LATER)
    assert state(posted, A, 2) == "on_notice"
    assert posted.breaks() == []


def test_a_fallen_payments_objection_is_decided_without_moving_it(posted: Books) -> None:
    number = object_to(posted)
    posted.decide(unit(A, decision="ineligible", reasons="active"), unit(B), on=CLEARED)
    decide(posted, number, "dismissed", on=CLEARED)
    assert state(posted) == "withdrawn"


@pytest.mark.parametrize("uscc", [CODES[9], "x' OR true --"], ids=["no such unit", "hostile"])
def test_a_unit_that_is_not_on_notice_has_no_objection(posted: Books, uscc: str) -> None:
    with pytest.raises(LedgerRefused, match="is not on notice: an objection comes too late or too early"):
        object_to(posted, uscc)


def test_after_the_notice_an_objection_comes_too_late(posted: Books) -> None:
    posted.decide(unit(A), unit(B), on=CLEARED)
    posted.close(CLEARED)
    with pytest.raises(LedgerRefused, match="too late"):
        object_to(posted)


def test_an_objection_is_to_the_newest_years_notice(books: Books) -> None:
    books.decide(unit(A), on=date(2020, 12, 31))
    books.decide(unit(A), on=date(2021, 1, 1))
    object_to(books, on=date(2021, 1, 1))
    query = (
        "SELECT policy_year, state FROM payments p JOIN entitlements e ON e.id = p.entitlement_id ORDER BY 1"
    )
    assert books.ask(query) == [(2020, "on_notice"), (2021, "objected")]


@pytest.mark.parametrize(
    ("outcome", "word"),
    [("upheld", "objection 1 was decided: dismissed"), ("dismissed", "objection 1 was decided: dismissed")],
)
def test_a_decision_is_not_taken_twice(posted: Books, outcome: str, word: str) -> None:
    decide(posted, object_to(posted), "dismissed")
    with pytest.raises(LedgerRefused, match=word):
        decide(posted, 1, outcome)


@pytest.mark.parametrize(
    ("number", "outcome", "word"),
    [
        pytest.param(7, "upheld", "there is no objection 7: `stable-jobs objection list`", id="unknown"),
        pytest.param(1, "perhaps", "objection_decisions_outcome_check", id="neither"),
    ],
)
def test_a_decision_is_refused(posted: Books, number: int, outcome: str, word: str) -> None:
    object_to(posted)
    with pytest.raises(LedgerRefused, match=word):
        decide(posted, number, outcome)
    assert state(posted) == "objected"


@pytest.mark.parametrize("reason", ["", "  "])
def test_an_objection_needs_a_reason(posted: Books, reason: str) -> None:
    with pytest.raises(LedgerRefused, match="objections_reason_check"):
        person(posted, "zhao", notices.add_objection, REGION, A, reason, "zhao", on=OPENED)
