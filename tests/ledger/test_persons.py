"""What people decide: holds released by another, recovery cases closed, budgets; what the deadline waives."""

from datetime import date
from decimal import Decimal

import pytest

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import rulings
from stable_jobs.ledger.event import ledger_event
from stable_jobs.store.loading import load_rows, temporary_table
from tests.ledger.conftest import CODES, REGION, Books, Night, refund, unit
from tests.ledger.full import CLEARED, LAST, LATER, NOW, end_case, end_to_end, formed, person

A, B = CODES[:2]


def hold(books: Books, name: str = "zhao", region: str = REGION) -> int:
    return int(person(books, name, rulings.hold_region, region, "a letter", name))


def release(books: Books, name: str = "qian", region: str = REGION) -> int:
    return int(person(books, name, rulings.release_region, region, "answered", name))


def test_another_person_releases_every_hold_of_the_region(books: Books) -> None:
    hold(books, "zhao")
    hold(books, "sun")
    hold(books, "zhao", "620100")
    assert release(books) == 2
    assert books.ask("SELECT region_code FROM payment_stops_in_force") == [("620100",)]


@pytest.mark.parametrize(
    "name", ["zhao", "ZHAO ", "ｚhao"], ids=["the same", "case and blanks", "full width"]
)
def test_nobody_releases_their_own_hold(books: Books, name: str) -> None:
    hold(books)
    with pytest.raises(LedgerRefused, match="another person than zhao"):
        release(books, name)
    assert len(books.ask("SELECT * FROM payment_stops_in_force")) == 1


@pytest.mark.parametrize("region", ["620100", "610102", "000000"], ids=["another", "below", "above"])
def test_only_exactly_what_is_held_is_released(books: Books, region: str) -> None:
    hold(books)
    with pytest.raises(LedgerRefused, match=f"payments of region {region} are not held"):
        release(books, region=region)


def test_released_twice_is_refused(books: Books) -> None:
    hold(books)
    release(books)
    with pytest.raises(LedgerRefused, match="are not held"):
        release(books)


@pytest.mark.parametrize(
    ("region", "reason", "word"),
    [
        pytest.param("6101", "x", "region_code_check", id="no region code"),
        pytest.param(REGION, " ", "reason_check", id="no reason"),
    ],
)
def test_a_hold_is_refused(books: Books, region: str, reason: str, word: str) -> None:
    with pytest.raises(LedgerRefused, match=word):
        person(books, "zhao", rulings.hold_region, region, reason, "zhao")


@pytest.fixture
def lowered(books: Books) -> Books:
    """100 yuan paid where 60 were due: a recovery case of 40."""
    books.publish(formed(books, unit(A)), CLEARED)
    books.answer([{"end_to_end_id": end_to_end(A), "outcome": "paid"}])
    books.decide(unit(A, entitlement=Decimal(60)), on=LATER)
    return books


def close(books: Books, outcome: str, number: int = 1) -> None:
    if outcome == "recovered":
        left = refund(A, payment_reference=end_to_end(A), amount=Decimal(60))
        books.decide(unit(A, entitlement=Decimal(60)), on=LATER, refunds=(left,), key="finance's row")
    end_case(books, number, outcome)


@pytest.mark.parametrize(
    ("outcome", "then", "amounts", "cases"),
    [
        pytest.param("recovered", "60.00", ["100.00"], ["40.00"], id="recovered: nothing more"),
        pytest.param(
            "recovered", "100.00", ["100.00", "40.00"], ["40.00"], id="recovered, raised: paid again"
        ),
        pytest.param("recovered", "50.00", ["100.00"], ["40.00", "10.00"], id="recovered, lowered again"),
        pytest.param("dropped", "60.00", ["100.00"], ["40.00"], id="dropped: nothing more"),
        pytest.param(
            "dropped", "90.00", ["100.00"], ["40.00"], id="dropped, raised by less than it was left"
        ),
        pytest.param("dropped", "100.00", ["100.00"], ["40.00"], id="dropped, raised: it has had it already"),
        pytest.param(
            "dropped", "120.00", ["100.00", "20.00"], ["40.00"], id="dropped, raised above what it has had"
        ),
        pytest.param("dropped", "50.00", ["100.00"], ["40.00", "10.00"], id="dropped, lowered again"),
    ],
)
def test_a_closed_case_and_the_next_decision(
    lowered: Books, outcome: str, then: str, amounts: list[str], cases: list[str]
) -> None:
    close(lowered, outcome)
    for on in (LAST, LAST.replace(day=3)):
        lowered.decide(unit(A, entitlement=Decimal(then)), on=on, regions=NOW)
        assert [
            str(amount) for (amount,) in lowered.ask("SELECT amount FROM payments ORDER BY id")
        ] == amounts
        assert [
            str(amount) for (amount,) in lowered.ask("SELECT amount FROM recovery_cases ORDER BY id")
        ] == cases
        assert lowered.breaks() == []
    assert "withdrawn" not in lowered.states().values()


def test_what_was_topped_up_above_a_dropped_case_is_paid_once(lowered: Books) -> None:
    close(lowered, "dropped")
    night = Night(LAST, (unit(A, entitlement=Decimal(120)),), regions=NOW)
    lowered.apply(night)
    lowered.close(LAST)
    lowered.publish(lowered.form(night)[0], LAST)
    lowered.answer([{"end_to_end_id": end_to_end(A, 2), "outcome": "paid"}], name="second")
    for day in (3, 4):
        lowered.decide(unit(A, entitlement=Decimal(120)), on=LAST.replace(day=day), regions=NOW)
    assert lowered.ask("SELECT sum(amount), count(*) FROM payments") == [(Decimal("120.00"), 2)]
    assert lowered.breaks() == []


@pytest.mark.parametrize(
    ("number", "outcome", "word"),
    [
        pytest.param(9, "dropped", "recovery case 9 is not open: `stable-jobs recovery list`", id="unknown"),
        pytest.param(1, "superseded", "recovered or dropped, not as superseded", id="what only a night does"),
        pytest.param(1, "x", "recovered or dropped, not as x", id="neither"),
    ],
)
def test_a_closing_is_refused(lowered: Books, number: int, outcome: str, word: str) -> None:
    with pytest.raises(LedgerRefused, match=word):
        close(lowered, outcome, number)


def test_a_case_is_closed_once(lowered: Books) -> None:
    close(lowered, "dropped")
    with pytest.raises(LedgerRefused, match="recovery case 1 is not open"):
        close(lowered, "recovered")


@pytest.mark.parametrize(
    ("region", "amount", "reason", "word"),
    [
        pytest.param("61", Decimal(1), "x", "pooling_region_check", id="no region code"),
        pytest.param(REGION, Decimal(-1), "x", "amount_check", id="below nothing"),
        pytest.param(REGION, Decimal(1), "", "reason_check", id="no reason"),
    ],
)
def test_a_budget_is_refused(books: Books, region: str, amount: Decimal, reason: str, word: str) -> None:
    with pytest.raises(LedgerRefused, match=word):
        person(books, "wang", rulings.enter_budget, region, 2020, amount, reason, "wang")


def waive(books: Books, on: date, deadline: date) -> int:
    with ledger_event(books.engine, "waive", business_date=on) as event:
        temporary_table(event.connection, "night_deadlines", {"region_code": "text", "deadline": "date"})
        load_rows(event.connection, "night_deadlines", [(REGION, deadline)])
        return rulings.waive_overdue(event)


@pytest.mark.parametrize(
    ("on", "deadline", "count"),
    [
        pytest.param(date(2020, 11, 30), date(2020, 11, 30), 0, id="on the deadline"),
        pytest.param(date(2020, 12, 1), date(2020, 11, 30), 1, id="the day after"),
        pytest.param(date(2021, 1, 1), date(2021, 12, 31), 1, id="in the next policy year"),
    ],
)
def test_what_came_back_and_was_not_corrected_is_waived(
    books: Books, on: date, deadline: date, count: int
) -> None:
    books.publish(formed(books, unit(A), unit(B)), CLEARED)
    books.answer(
        [
            {"end_to_end_id": end_to_end(A), "outcome": "returned"},
            {"end_to_end_id": end_to_end(B), "outcome": "paid"},
        ]
    )
    assert waive(books, on, deadline) == count
    assert books.states() == {f"{A[-6:]}.1": "waived" if count else "returned", f"{B[-6:]}.1": "paid"}
    assert books.breaks() == []


def test_what_was_waived_is_not_paid_again(books: Books) -> None:
    books.publish(formed(books, unit(A)), CLEARED)
    books.answer([{"end_to_end_id": end_to_end(A), "outcome": "returned"}])
    waive(books, LATER, CLEARED)
    books.decide(unit(A, account_no="999"), on=LAST, regions=NOW)
    assert books.states() == {f"{A[-6:]}.1": "waived"}
    assert books.breaks() == []
