"""Values that money rests on: what a night finds, what people confirm, and what the database refuses."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from stable_jobs.acts import decide_proposal
from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import policies
from stable_jobs.ledger.entitlements import apply_night
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.notices import put_in_force
from stable_jobs.ledger.policies import FIRST, confirmations, policy_changes, policy_version, totals_beyond
from tests.ledger.conftest import CODES, REGION, Books, Night, unit
from tests.ledger.full import as_app, person, refused

MONDAY, TUESDAY, WEDNESDAY = date(2020, 5, 11), date(2020, 5, 12), date(2020, 5, 13)
ZERO_DAYS = {REGION: {"working_days": 0}}


def values(rate: str = "0.5", **more: Any) -> dict[str, Any]:
    """What the files say for one region."""
    found = {"general.refund_rate.small": rate, "general.deadline": "2020-12-31"} | more
    return {REGION: {k: {"value": v, "from": "2020-01-01", "reference": "某文"} for k, v in found.items()}}


def note(books: Books, on: date = MONDAY, **changed: Any) -> None:
    with ledger_event(books.engine, "policy values", business_date=on) as event:
        policies.note_values(event, values(**changed))


def propose(books: Books, on: date = MONDAY, by: str = "li", **changed: Any) -> int:
    with ledger_event(books.engine, "policy proposed", actor=by) as event:
        number, _ = policies.propose_values(event, values(**changed), REGION, on, "a letter", by)
    return number


def confirm(books: Books, number: int, by: str = "wang") -> None:
    person(books, by, decide_proposal, number, "confirmed", "", by)


def agreed(books: Books, on: date = MONDAY, **changed: Any) -> None:
    confirm(books, propose(books, on, **changed))


def stops(books: Books) -> list[tuple[str, str]]:
    return books.ask("SELECT region_code, cause FROM region_stops ORDER BY 1, 2")


def taken(books: Books, *units: dict[str, Any], on: date = MONDAY) -> list[str]:
    """A night as the step `notices` takes it over; the regions that were stopped."""
    night = Night(on, tuple(units), regions=ZERO_DAYS)
    with ledger_event(books.engine, "night", business_date=on) as event:
        decision = books.fill(event.connection, night)
        stopped = policies.suspend_stopped(event.connection)
        put_in_force(event, decision)
        apply_night(event.connection)
    return stopped


def test_first_values_wait_for_two_people(books: Books) -> None:
    note(books)
    assert stops(books) == [(REGION, "policy")]
    assert taken(books, unit()) == [REGION]
    assert books.states() == {}
    number = propose(books)
    with pytest.raises(LedgerRefused, match="another person than li"):
        confirm(books, number, "Li ")
    confirm(books, number)
    assert stops(books) == []
    assert taken(books, unit()) == []
    assert len(books.states()) == 1
    assert books.breaks() == []


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"rate": "1.0"}, id="a value"),
        pytest.param({"general.lane.small": "application"}, id="one more value"),
        pytest.param({"general.deadline": None}, id="a value ended"),
    ],
)
def test_a_change_stops_the_region_and_leaves_the_ledger_as_it_was(
    books: Books, changed: dict[str, Any]
) -> None:
    agreed(books)
    note(books)
    taken(books, unit(), unit(CODES[1], review_level=1))
    books.close(MONDAY)
    books.form(Night(MONDAY, (unit(), unit(CODES[1], review_level=1)), regions=ZERO_DAYS))
    before = books.ask("SELECT batch_no, state FROM batches ORDER BY 1")
    states = books.states()
    note(books, TUESDAY, **changed)
    assert taken(books, unit(entitlement=Decimal("150.00")), on=TUESDAY) == [REGION]
    assert books.states() == states
    assert books.ask("SELECT batch_no, state FROM batches ORDER BY 1") == before
    assert books.close(TUESDAY) == 0
    agreed(books, TUESDAY, **changed)
    assert taken(books, unit(entitlement=Decimal("150.00")), on=TUESDAY) == []
    assert ("voided",) in books.ask("SELECT state FROM batches")


def test_what_changed_is_told_with_old_new_first_night_and_who_confirmed(books: Books) -> None:
    agreed(books)
    note(books)
    note(books, TUESDAY, rate="0.6")
    note(books, WEDNESDAY, rate="0.6")
    with books.engine.connect() as connection:
        (one,) = policy_changes(connection, WEDNESDAY)
    assert (one.name, one.old, one.new, one.new_reference) == (
        "general.refund_rate.small",
        "0.5",
        "0.6",
        "某文",
    )
    assert (one.first_night, one.is_confirmed, one.confirmed_by) == (TUESDAY, False, "")
    agreed(books, TUESDAY, rate="0.6")
    with books.engine.connect() as connection:
        (one,) = policy_changes(connection, WEDNESDAY)
        assert (one.is_confirmed, one.proposed_by, one.confirmed_by) == (True, "li", "wang")
        assert policy_changes(connection, WEDNESDAY, since=TUESDAY) == []
        assert policy_version(connection, REGION)["policy_confirmed"] == f"proposal {one.proposal_id}"
        assert len(confirmations(connection).rows) == 2


def test_first_values_are_one_change(books: Books) -> None:
    note(books)
    with books.engine.connect() as connection:
        (one,) = policy_changes(connection)
    assert (one.name, one.old, one.new) == (FIRST, "", "2")


def test_a_value_counts_from_its_date_on(books: Books) -> None:
    """Confirmed in advance; and what was confirmed for a later date never speaks for an earlier one."""
    agreed(books)
    agreed(books, WEDNESDAY, rate="0.6")
    note(books, TUESDAY, rate="0.6")
    assert stops(books) == [(REGION, "policy")]
    note(books, WEDNESDAY, rate="0.6")
    assert stops(books) == []
    note(books, WEDNESDAY)
    assert stops(books) == [(REGION, "policy")], "the older law is a change too"


def test_nothing_to_propose(books: Books) -> None:
    agreed(books)
    with pytest.raises(LedgerRefused, match="nothing to propose"):
        propose(books)


def test_a_file_with_a_fault_is_never_confirmed(books: Books) -> None:
    with pytest.raises(LedgerRefused, match="a file with a fault cannot be confirmed"):
        agreed(books, fault="360100/general.yaml: …")


@pytest.mark.parametrize(
    ("row", "match"),
    [
        pytest.param("DATE '2020-05-11', NULL, 'x'", "two people must confirm it", id="as a demonstration's"),
        pytest.param("DATE '2020-05-11', 1, NULL", "proposal 1 does not confirm", id="by an open proposal"),
        pytest.param("DATE '2020-05-10', 1, NULL", "proposal 1 does not confirm", id="from another date"),
    ],
)
def test_the_database_confirms_nothing_by_itself(books: Books, row: str, match: str) -> None:
    note(books)
    propose(books)
    statement = f"""
        INSERT INTO policy_confirmations (effective_on, proposal_id, files, region_code, hash)
        SELECT {row}, region_code, hash FROM policy_values
    """
    with as_app(books.engine) as connection:
        refused(connection, statement, match)


def test_the_database_takes_no_night_over_and_forms_no_batch_while_values_wait(books: Books) -> None:
    note(books)
    with pytest.raises(LedgerRefused, match="is not taken over: policy: 2 values that nobody has confirmed"):
        books.apply(Night(MONDAY, (unit(),), regions=ZERO_DAYS))


def test_values_have_the_hash_of_what_they_are(books: Books) -> None:
    note(books)
    with as_app(books.engine) as connection:
        refused(
            connection,
            "INSERT INTO policy_values (region_code, hash, content)"
            " SELECT '620100', hash, content || '{\"a\": 1}' FROM policy_values",
            "policy_values_hash_check",
        )


def test_bank_profiles_are_noted_beside_the_values_of_the_night(books: Books) -> None:
    bank = {"bank.debtor.name": {"value": "社保中心", "from": "", "reference": ""}}
    whole = {REGION: values()[REGION] | bank}
    with ledger_event(books.engine, "policy proposed", actor="li") as event:
        number, _ = policies.propose_values(event, whole, REGION, MONDAY, "a letter", "li")
    confirm(books, number)
    with ledger_event(books.engine, "policy values", business_date=MONDAY) as event:
        policies.note_values(event, whole)
    assert stops(books) == []
    other = {REGION: {"bank.debtor.name": {"value": "另一家", "from": "", "reference": ""}}}
    with ledger_event(books.engine, "bank profiles", business_date=MONDAY) as event:
        policies.note_banks(event, other | {"620100": other[REGION]})
        assert policies.noted(event.connection) == {REGION: None}
    assert stops(books) == [(REGION, "policy")]
    with books.engine.connect() as connection:
        assert [(c.name, c.old, c.new) for c in policy_changes(connection)] == [
            ("bank.debtor.name", "社保中心", "另一家")
        ]


FACTOR: dict[str, Any] = {"general.total_factor": "3", "general.total_floor": 150}


def known(books: Books, on: date, *amounts: int) -> list[str]:
    note(books, on, **FACTOR)
    return taken(books, *(unit(CODES[n], entitlement=Decimal(a)) for n, a in enumerate(amounts)), on=on)


@pytest.mark.parametrize(
    ("first", "then", "is_stopped"),
    [
        pytest.param((100,), (100, 200), False, id="three times"),
        pytest.param((100,), (100, 201), True, id="beyond three times"),
        pytest.param((10,), (150,), False, id="up to the floor"),
        pytest.param((10,), (151,), True, id="above the floor"),
        pytest.param((300,), (1,), False, id="less"),
    ],
)
def test_a_total_beyond_the_factor_waits_for_a_person(
    books: Books, first: tuple[int, ...], then: tuple[int, ...], is_stopped: bool
) -> None:
    agreed(books, **FACTOR)
    assert known(books, MONDAY, *first) == []
    assert known(books, TUESDAY, *then) == ([REGION] if is_stopped else [])
    assert stops(books) == ([(REGION, "total")] if is_stopped else [])


def test_an_accepted_total_goes_on_and_is_what_the_next_is_measured_by(books: Books) -> None:
    agreed(books, **FACTOR)
    known(books, MONDAY, 100)
    known(books, TUESDAY, 500)
    with books.engine.connect() as connection:
        (beyond,) = totals_beyond(connection, TUESDAY)
    assert (beyond.total, beyond.last_total, beyond.last_date) == (Decimal(500), Decimal(100), MONDAY)
    person(books, "sun", policies.accept_total, REGION, TUESDAY, "new extracts", "sun")
    with pytest.raises(LedgerRefused, match="sun accepted it"):
        person(books, "sun", policies.accept_total, REGION, TUESDAY, "again", "sun")
    assert known(books, TUESDAY, 500) == []
    books.close(TUESDAY)
    night = Night(TUESDAY, (unit(CODES[0], entitlement=Decimal(500)),), regions=ZERO_DAYS)
    (batch,) = books.form(night)
    assert ("sun", "total") in books.ask("SELECT person, deed FROM batch_preparers")
    assert batch.total == Decimal(500)
    assert known(books, WEDNESDAY, 1400) == []
    assert books.breaks() == []


def test_a_stopped_total_is_no_measure(books: Books) -> None:
    agreed(books, **FACTOR)
    known(books, MONDAY, 100)
    known(books, TUESDAY, 500)
    assert known(books, WEDNESDAY, 500) == [REGION]


def test_no_total_to_accept(books: Books) -> None:
    with pytest.raises(LedgerRefused, match="no total of that night is known"):
        person(books, "sun", policies.accept_total, REGION, MONDAY, "x", "sun")


def test_the_database_refuses_a_general_refund_above_its_premium(books: Books) -> None:
    with pytest.raises(LedgerRefused, match="more than the premium it paid"):
        books.decide(unit(entitlement=Decimal("200.01"), premium_base=Decimal("200.00")))
    books.decide(unit(entitlement=Decimal("200.01"), premium_base=Decimal("200.00"), scheme="difficult"))
    with books.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM payments")) == 1
