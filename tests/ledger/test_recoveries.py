"""A recovery case ends by two people, recovered only with finance's row; both prepare what is paid then."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from stable_jobs import acts
from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import rulings
from tests.ledger.conftest import CODES, REGION, Books, Night, refund, unit
from tests.ledger.full import CLEARED, LAST, LATER, NOW, as_app, end_case, end_to_end, formed, person, refused

A, B = CODES[:2]
DAYS = [LAST.replace(day=day) for day in range(3, 9)]


@pytest.fixture
def lowered(books: Books) -> Books:
    """100 yuan paid to two units where 60 were due to the first: a recovery case of 40."""
    books.publish(formed(books, unit(A), unit(B)), CLEARED)
    books.answer([{"end_to_end_id": end_to_end(code), "outcome": "paid"} for code in (A, B)])
    books.decide(unit(A, entitlement=Decimal(60)), unit(B), on=LATER)
    return books


def finance(
    books: Books, left: str, on: date, *, uscc: str = A, of: str = A, entitlement: str = "60.00"
) -> None:
    """A night on which finance's row says what is left of a payment."""
    row = refund(uscc, payment_reference=end_to_end(of), amount=Decimal(left), voucher_no=f"V{left}")
    books.decide(unit(A, entitlement=Decimal(entitlement)), unit(B), on=on, refunds=(row,), regions=NOW)


@pytest.mark.parametrize(
    ("left", "back"),
    [
        pytest.param(None, "0.00", id="no row"),
        pytest.param("100.00", "0.00", id="all of it is left"),
        pytest.param("61.00", "39.00", id="a yuan is missing"),
        pytest.param("140.00", "0.00", id="more than was paid"),
    ],
)
def test_nothing_is_recovered_that_finance_does_not_show(lowered: Books, left: str | None, back: str) -> None:
    if left is not None:
        finance(lowered, left, LAST)
    with pytest.raises(LedgerRefused, match=f"show {back} of 40.00 yuan as come back"):
        end_case(lowered, 1, "recovered")
    assert lowered.ask("SELECT * FROM recovery_closings") == []


@pytest.mark.parametrize(
    ("uscc", "of"), [(B, A), (B, B)], ids=["another unit's row", "another unit's payment"]
)
def test_what_came_back_from_another_unit_proves_nothing(lowered: Books, uscc: str, of: str) -> None:
    finance(lowered, "60.00", LAST, uscc=uscc, of=of)
    with pytest.raises(LedgerRefused, match=r"show 0\.00 of 40\.00 yuan"):
        end_case(lowered, 1, "recovered")


def test_what_came_back_ends_one_case_and_no_other(lowered: Books) -> None:
    finance(lowered, "60.00", LAST)
    end_case(lowered, 1, "recovered")
    finance(lowered, "60.00", DAYS[0], entitlement="50.00")
    with pytest.raises(LedgerRefused, match=r"show 0\.00 of 10\.00 yuan"):
        end_case(lowered, 2, "recovered")
    finance(lowered, "50.00", DAYS[1], entitlement="50.00")
    person(lowered, "wu", acts.decide_proposal, 2, "confirmed", "", "wu")
    assert lowered.breaks() == []


def test_finance_may_take_its_word_back(lowered: Books) -> None:
    finance(lowered, "60.00", LAST)
    finance(lowered, "100.00", DAYS[0])
    with pytest.raises(LedgerRefused, match=r"show 0\.00 of 40\.00 yuan"):
        end_case(lowered, 1, "recovered")
    assert lowered.ask("SELECT left_amount FROM reported_recoveries ORDER BY id") == [
        (Decimal("60.00"),),
        (Decimal("100.00"),),
    ]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        pytest.param(
            "1, 'dropped', 'x', 'zheng'", "two people must agree that it ends, not zheng alone", id="dropped"
        ),
        pytest.param("1, 'recovered', 'x', 'stable-jobs'", "not stable-jobs alone", id="recovered"),
        pytest.param("1, 'superseded', 'x', 'zheng'", "only a night decides a case again", id="superseded"),
    ],
)
def test_no_case_ends_by_plain_sql(lowered: Books, values: str, word: str) -> None:
    with as_app(lowered.engine, on=None) as connection:
        refused(
            connection,
            f"INSERT INTO recovery_closings (case_id, outcome, reason, closed_by) VALUES ({values})",
            word,
        )


def test_whoever_ended_a_case_or_released_a_hold_approves_nothing_of_it(lowered: Books) -> None:
    finance(lowered, "60.00", LAST)
    end_case(lowered, 1, "recovered")
    person(lowered, "zhao", rulings.hold_region, REGION, "a letter", "zhao")
    person(lowered, "qian", rulings.release_region, REGION, "answered", "qian")
    lowered.assign(*((name, 1) for name in ("zheng", "wu", "qian", "sun")))
    night = Night(DAYS[0], (unit(A, review_level=1), unit(B)), regions=NOW)
    lowered.apply(night)
    lowered.close(DAYS[0])
    (batch,) = lowered.form(night)
    assert batch.total == Decimal("40.00")
    preparers = "SELECT person, deed FROM batch_preparers ORDER BY person"
    assert lowered.ask(preparers) == [("qian", "release"), ("wu", "recovery"), ("zheng", "recovery")]
    for name in ("zheng", "wu", "qian"):
        with pytest.raises(LedgerRefused, match=f"{name} prepared it and may not approve it"):
            lowered.approve(batch, 1, name)
    lowered.approve(batch, 1, "sun")
    assert lowered.breaks() == []
