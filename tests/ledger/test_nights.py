"""Which decision of a date counts, which nights of a region count, and how two people take one back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from stable_jobs import acts
from stable_jobs.disbursement.steps import Closed, Disbursed
from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import proposals, rulings
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.notices import decision_in_force, decision_taken, put_in_force
from stable_jobs.ledger.views import newest_of, waits
from stable_jobs.store import catalog
from tests.ledger.conftest import CODES, REGION, Books, Night, unit
from tests.ledger.full import (
    CLEARED,
    LAST,
    LATER,
    NOW,
    OPENED,
    as_app,
    end_to_end,
    formed,
    person,
    refused,
    withdraw,
)

A, B = CODES[:2]
NEXT = date(2020, 5, 12)
SILENT = {REGION: {"is_suspended": True, "is_silent": True}}
HELD = {REGION: {"is_suspended": True}}
NEWEST = "SELECT business_date::text, is_suspended FROM newest_nights WHERE region_code = '610100'"


# -- the decision in force ------------------------------------------------------------------------------


def decision_of(books: Books, on: date) -> int:
    return int(
        books.ask("SELECT max(id) FROM snapshots WHERE business_date = :on AND kind = 'eligibility'", on=on)[
            0
        ][0]
    )


def other_snapshot(books: Books, kind: str, on: date) -> int:
    with books.engine.begin() as connection:
        made = catalog.register_snapshot(
            connection, kind=kind, business_date=on, fingerprint=catalog.fingerprint(other=kind),
            name=f"snapshots/other-{kind}.parquet", rows=0, inputs={},
        )  # fmt: skip
    return made.id


TAKE = """
    INSERT INTO region_nights (region_code, business_date, decision_id, is_suspended)
    VALUES ('610100', '{on}', {decision}, false)
"""


def test_the_database_takes_over_only_the_decision_in_force(books: Books) -> None:
    books.decide(unit(A), on=OPENED)
    first = decision_of(books, OPENED)
    books.decide(unit(A), unit(B), on=OPENED)
    again = decision_of(books, OPENED)
    books.decide(unit(A), on=NEXT)
    newest = decision_of(books, NEXT)
    kinds = {
        "payees": other_snapshot(books, "payees", NEXT),
        "new": other_snapshot(books, "eligibility", NEXT),
    }
    with as_app(books.engine, on=NEXT) as connection:
        connection.execute(text(TAKE.format(on=NEXT, decision=newest)))
    for decision, word in (
        (first, "it is no decision of that date"),
        (again, "it is no decision of that date"),
        (kinds["payees"], "it is no decision of that date"),
        (9999, "it is no decision of that date"),
        (kinds["new"], f"the one in force is {newest}"),
    ):
        with as_app(books.engine, on=NEXT) as connection:
            refused(connection, TAKE.format(on=NEXT, decision=decision), word)
    with as_app(books.engine, on=OPENED) as connection:
        refused(connection, TAKE.format(on=OPENED, decision=first), f"the one in force is {again}")
    with as_app(books.engine, on=OPENED) as connection:
        refused(connection, TAKE.format(on=NEXT, decision=newest), "it is no decision of that date")


def test_only_a_decision_of_the_date_is_put_in_force(books: Books) -> None:
    books.decide(unit(A), on=OPENED)
    with (
        pytest.raises(LedgerRefused, match="it is no decision of that date"),
        ledger_event(books.engine, "decided", business_date=NEXT) as event,
    ):
        put_in_force(event, decision_of(books, OPENED))


def test_what_was_decided_last_is_in_force_also_when_it_was_decided_before(books: Books) -> None:
    one, other = Night(OPENED, (unit(A),)), Night(OPENED, (unit(A), unit(B)))
    for night in (one, other, one):
        books.apply(night)
    with books.engine.connect() as connection:
        current = decision_in_force(connection, OPENED)
        assert current == decision_taken(connection, OPENED) == decision_of(books, OPENED) - 1
    assert len(books.ask("SELECT * FROM decisions_in_force")) == 3
    books.apply(one)
    assert len(books.ask("SELECT * FROM decisions_in_force")) == 3


@pytest.mark.parametrize("step", ["close", "form", "publish"])
def test_money_waits_where_the_date_was_decided_again(books: Books, step: str) -> None:
    """Decided again, and not taken over yet: nothing goes out by the decision before."""
    night = Night(CLEARED, (unit(A),), regions=NOW)
    books.apply(night)
    if step != "close":
        books.close(CLEARED)
    if step == "publish":
        (batch,) = books.form(night)
    new = other_snapshot(books, "eligibility", CLEARED)
    with ledger_event(books.engine, "decided", business_date=CLEARED) as event:
        put_in_force(event, new)
    deeds: dict[str, Callable[[], object]] = {
        "close": lambda: books.close(CLEARED),
        "form": lambda: books.form(night),
        "publish": lambda: books.publish(batch, CLEARED),
    }
    with pytest.raises(LedgerRefused, match="the date was decided again"):
        deeds[step]()
    assert books.breaks() == []


# -- a night for which nothing came ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("regions", "newest"),
    [
        pytest.param(SILENT, (str(OPENED), False), id="nothing came: the night before stays the newest"),
        pytest.param(HELD, (str(LAST), True), id="something came: the region is held"),
    ],
)
def test_a_held_night_for_which_nothing_came_is_never_the_newest(
    books: Books, regions: dict[str, dict[str, bool]], newest: tuple[str, bool]
) -> None:
    books.decide(unit(A), on=OPENED)
    assert books.decide(on=LAST, regions=regions) == []
    assert books.ask(NEWEST) == [newest]
    events = books.ask("SELECT count(*) FROM audit_events")
    assert books.decide(on=LAST, regions=regions) == []
    assert books.ask("SELECT count(*) FROM audit_events") == events
    assert books.breaks() == []


def test_the_real_next_night_is_taken_over_after_a_silent_one(books: Books) -> None:
    books.decide(unit(A), on=OPENED)
    books.decide(on=LAST, regions=SILENT)
    books.decide(unit(A), unit(B), on=NEXT)
    assert books.ask(NEWEST) == [(str(NEXT), False)]
    assert books.states() == {f"{A[-6:]}.1": "on_notice", f"{B[-6:]}.1": "on_notice"}


def test_only_a_held_region_is_silent(books: Books) -> None:
    books.decide(unit(A), on=OPENED)
    with as_app(books.engine, on=OPENED) as connection:
        statement = TAKE.replace("is_suspended)", "is_suspended, is_silent)").replace(
            "false)", "false, true)"
        )
        refused(
            connection, statement.format(on=OPENED, decision=decision_of(books, OPENED)), "is_silent_check"
        )


# -- a night that two people withdraw -------------------------------------------------------------------


def propose(books: Books, on: date, by: str = "zheng", region: str = "000000") -> int:
    return int(person(books, by, proposals.propose_withdrawal, on, region, "a slip", by)[0])


def confirm(books: Books, number: int, by: str = "wu") -> None:
    person(books, by, acts.decide_proposal, number, "confirmed", "", by)


def test_two_people_withdraw_a_night_and_the_one_before_is_the_newest(books: Books) -> None:
    books.decide(unit(A), on=OPENED)
    books.decide(unit(A), unit(B), on=LAST)
    number = propose(books, LAST)
    with pytest.raises(LedgerRefused, match="another person than zheng"):
        confirm(books, number, "zheng")
    assert books.ask(NEWEST) == [(str(LAST), False)]
    confirm(books, number)
    assert books.ask(NEWEST) == [(str(OPENED), False)]
    assert books.states() == {f"{A[-6:]}.1": "on_notice", f"{B[-6:]}.1": "withdrawn"}
    assert books.breaks() == []
    books.decide(unit(A), unit(B), on=NEXT)
    assert books.states()[f"{B[-6:]}.2"] == "on_notice"
    assert books.breaks() == []


def test_what_its_date_cleared_and_batched_is_taken_back_and_announced_again(books: Books) -> None:
    """A notice that ended in the name of a night that was none has not run its days."""
    books.decide(unit(A), on=OPENED)
    night = Night(LAST, (unit(A),))
    books.apply(night)
    books.close(LAST)
    (batch,) = books.form(night)
    withdraw(books, LAST)
    assert books.ask("SELECT state, reason FROM batches") == [("voided", "the night was withdrawn")]
    assert books.ask("SELECT state, reason FROM payments") == [("withdrawn", "night_withdrawn")]
    with pytest.raises(LedgerRefused):
        books.publish(batch, LAST)
    books.decide(unit(A), on=NEXT)
    assert books.states() == {f"{A[-6:]}.1": "withdrawn", f"{A[-6:]}.2": "on_notice"}
    assert books.breaks() == []


def test_what_is_instructed_stays_and_is_told(books: Books) -> None:
    books.publish(formed(books, unit(A), on=LAST), LAST)
    books.decide(unit(A), unit(B), on=LAST, regions=NOW)
    number, found = person(books, "zheng", proposals.propose_withdrawal, LAST, REGION, "a slip", "zheng")
    (one,) = found
    assert (one.announced, one.instructed, one.instructed_yuan) == (1, 1, Decimal("100.00"))
    confirm(books, number)
    assert books.states() == {f"{A[-6:]}.1": "instructed", f"{B[-6:]}.1": "withdrawn"}
    assert books.breaks() == []


def test_a_recovery_case_of_the_night_goes_with_it(books: Books) -> None:
    books.publish(formed(books, unit(A)), CLEARED)
    books.answer([{"end_to_end_id": end_to_end(A), "outcome": "paid"}])
    books.decide(unit(A, entitlement=Decimal(60)), on=LATER)
    withdraw(books, LATER)
    assert books.ask("SELECT outcome, closed_by FROM recovery_closings") == [("superseded", "stable-jobs")]
    books.decide(unit(A), on=LAST, regions=NOW)
    assert books.states() == {f"{A[-6:]}.1": "paid"}
    assert books.breaks() == []


def test_a_withdrawn_night_that_is_run_again_counts_again(books: Books) -> None:
    books.decide(unit(A), on=OPENED)
    night = Night(LAST, (unit(A), unit(B)))
    books.apply(night)
    withdraw(books, LAST)
    books.apply(night)
    assert books.ask(NEWEST) == [(str(LAST), False)]
    assert books.states()[f"{B[-6:]}.2"] == "on_notice"
    assert books.breaks() == []


@pytest.mark.parametrize(
    ("on", "region"),
    [
        pytest.param(OPENED, "000000", id="an older night"),
        pytest.param(date(2020, 6, 1), "000000", id="no night"),
        pytest.param(LAST, "620100", id="another region"),
    ],
)
def test_only_a_newest_night_is_withdrawn(books: Books, on: date, region: str) -> None:
    books.decide(unit(A), on=OPENED)
    books.decide(unit(A), on=LAST)
    with pytest.raises(
        LedgerRefused, match=f"the night of {on} is the newest night of no region of {region}"
    ):
        propose(books, on, region=region)


def test_nothing_is_withdrawn_once_the_ledger_has_moved_on(books: Books) -> None:
    books.decide(unit(A), on=OPENED)
    number = propose(books, OPENED)
    books.decide(unit(A), unit(B), on=OPENED)
    with pytest.raises(LedgerRefused, match="not the region's newest night any more"):
        confirm(books, number)
    assert books.ask("SELECT * FROM night_withdrawals") == []


def test_only_one_region_is_withdrawn_where_one_is_named(books: Books) -> None:
    both: dict[str, dict[str, Any]] = {REGION: {}, "620100": {}}
    books.decide(unit(A), unit(A, region_code="620100"), on=OPENED, regions=both)
    withdraw(books, OPENED, REGION)
    assert books.ask("SELECT region_code FROM newest_nights") == [("620100",)]
    assert sorted(state for (state,) in books.ask("SELECT state FROM payments")) == ["on_notice", "withdrawn"]


def test_no_withdrawal_by_plain_sql(books: Books) -> None:
    books.decide(unit(A), on=OPENED)
    number = propose(books, OPENED)
    with as_app(books.engine, on=None) as connection:
        refused(
            connection,
            "INSERT INTO night_withdrawals (night_id, region_code, business_date, proposal_id)"
            f" SELECT max(id), '{REGION}', '{OPENED}', {number} FROM region_nights",
            "another person must confirm it",
        )


# -- why nothing is ready -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "cause"),
    [
        pytest.param(OPENED, "newer_night", id="a newer night is known"),
        pytest.param(LATER, "older_night", id="no night of that date"),
        pytest.param(LAST, "nothing_came", id="nothing was sent for it"),
    ],
)
def test_why_a_regions_money_of_a_date_stands_still(books: Books, asked: date, cause: str) -> None:
    books.decide(unit(A), on=OPENED)
    books.decide(unit(A), on=NEXT)
    books.decide(on=LAST, regions=SILENT)
    with books.engine.connect() as connection:
        (one,) = waits(connection, asked)
    assert (one.cause, one.night, one.payments, one.yuan) == (cause, NEXT, 1, Decimal("100.00"))


def test_why_a_regions_money_of_its_newest_night_waits(books: Books) -> None:
    night = Night(CLEARED, (unit(A), unit(B, review_level=1)), regions=NOW)
    books.apply(night)
    books.close(CLEARED)
    books.form(night)
    books.decide(unit(A), unit(B, review_level=1), unit(CODES[2]), on=CLEARED, key="once more")
    with books.engine.connect() as connection:
        found = {one.cause: (one.payments, one.detail) for one in waits(connection, CLEARED)}
    assert found["approval"] in ((1, f"{REGION}-20200519-L0-1"), (1, f"{REGION}-20200519-L1-1"))
    assert found["notice"] == (1, "2020-05-27")
    person(books, "zhao", rulings.hold_region, REGION, "a letter", "zhao")
    books.decide(on=CLEARED, regions=HELD)
    with books.engine.connect() as connection:
        assert {one.cause for one in waits(connection, CLEARED)} == {"held"}


@pytest.mark.parametrize(
    ("night", "newest"),
    [
        pytest.param(Night(CLEARED, (unit(A),), regions=NOW), 1, id="somebody is due something"),
        pytest.param(
            Night(CLEARED, (unit(A, decision="undecided", reasons="size_known_unknown"),), regions=NOW),
            1,
            id="nobody is due anything",
        ),
        pytest.param(Night(CLEARED, (), regions={"610100": {"is_suspended": True}}), 1, id="held"),
        pytest.param(
            Night(CLEARED, (), regions={"610100": {"is_suspended": True, "is_silent": True}}), 0, id="silent"
        ),
    ],
)
def test_a_date_is_the_newest_of_a_region_whoever_is_due_anything(
    books: Books, night: Night, newest: int
) -> None:
    books.apply(night)
    with books.engine.connect() as connection:
        assert (newest_of(connection, CLEARED), newest_of(connection, NEXT)) == (newest, 0)
    made = Disbursed(Closed(0, 0), (), (), (), newest)
    assert made.is_normal is bool(newest)
