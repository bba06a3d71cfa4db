"""Approvals: for these lines, by people assigned who did not prepare them, by two where two are asked."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import batches, notices, returns, rulings
from stable_jobs.ledger.batches import Batch
from stable_jobs.ledger.event import ledger_event
from stable_jobs.store import catalog
from tests.ledger.conftest import CODES, REGION, Books, Night, refund, unit
from tests.ledger.full import CLEARED, LAST, LATER, NOW, account, as_app, end_to_end, formed, person

A = CODES[0]


@pytest.fixture
def two(books: Books) -> Batch:
    """A batch that asks for two, and the people assigned."""
    books.assign(("first", 1), ("second", 2), ("both", 1), ("both", 2))
    return formed(books, unit(review_level=2))


def end(books: Books, name: str, level: int, region: str = "000000") -> None:
    person(books, "head", batches.assign_approver, name, region, level, False, "head")


def test_two_people_approve_and_the_batch_goes_out(books: Books, two: Batch) -> None:
    assert batches.missing_level(books.engine.connect(), two) == 1
    books.approve(two, 1, "first")
    assert batches.missing_level(books.engine.connect(), two) == 2
    with pytest.raises(LedgerRefused, match="1 of 2 approvals"):
        books.publish(two, CLEARED)
    books.approve(two, 2, "second")
    assert batches.missing_level(books.engine.connect(), two) is None
    books.publish(two, CLEARED)
    assert books.breaks() == []


def test_nothing_goes_out_unapproved(books: Books, two: Batch) -> None:
    with pytest.raises(LedgerRefused, match="0 of 2 approvals"):
        books.publish(two, CLEARED)


@pytest.mark.parametrize(
    ("level", "who", "changed", "word"),
    [
        pytest.param(
            2, "second", {}, "the first approval is not there yet", id="the second before the first"
        ),
        pytest.param(1, "nobody", {}, "nobody is not assigned as approver 1", id="not assigned"),
        pytest.param(
            1, "second", {}, "second is not assigned as approver 1", id="assigned for the other level"
        ),
        pytest.param(1, "first", {"batch_hash": "a" * 64}, "for other lines", id="another hash"),
        pytest.param(1, "First", {}, "First is not assigned", id="another spelling is not assigned"),
        pytest.param(1, "first", {"answer": "perhaps"}, "approvals_answer_check", id="neither yes nor no"),
        pytest.param(3, "first", {}, "asks for 2 approvals", id="a third approval"),
        pytest.param(0, "first", {}, "approvals_level_check|not assigned", id="level 0"),
        pytest.param(1, " ", {}, "event_hands_person_check|not assigned", id="no name"),
    ],
)
def test_an_answer_is_refused(
    books: Books, two: Batch, level: int, who: str, changed: dict[str, str], word: str
) -> None:
    with pytest.raises(LedgerRefused, match=word):
        books.approve(two, level, who, **changed)
    assert books.ask("SELECT count(*) FROM approvals") == [(0,)]


@pytest.mark.parametrize(
    "second", ["both", "Both ", "ｂoth"], ids=["the same name", "case and blanks", "full width"]
)
def test_the_same_person_does_not_answer_twice(books: Books, two: Batch, second: str) -> None:
    books.approve(two, 1, "both")
    books.assign((second, 2), region=REGION)
    with pytest.raises(LedgerRefused, match="the second approver is another person"):
        books.approve(two, 2, second)


def test_the_same_answer_again_is_known(books: Books, two: Batch) -> None:
    books.approve(two, 1, "first")
    books.approve(two, 1, "first")
    assert books.ask("SELECT count(*) FROM approvals") == [(1,)]
    with pytest.raises(LedgerRefused, match="for other lines"):
        books.approve(two, 1, "first", batch_hash="a" * 64)
    with pytest.raises(LedgerRefused, match="first has answered already"):
        books.approve(two, 1, "first", answer="refused")


@pytest.mark.parametrize(
    ("region", "may"),
    [
        ("610100", True),
        ("610000", True),
        ("000000", True),
        ("610102", False),
        ("620100", False),
        ("620000", False),
    ],
)
def test_people_are_assigned_for_a_region_and_all_below_it(books: Books, region: str, may: bool) -> None:
    books.assign(("li", 1), region=region)
    batch = formed(books, unit(review_level=1))
    assert batches.approvers(books.engine.connect(), REGION, 1) == (["li"] if may else [])
    if may:
        books.approve(batch, 1, "li")
    else:
        with pytest.raises(LedgerRefused, match="li is not assigned"):
            books.approve(batch, 1, "li")


def test_an_assignment_ends(books: Books, two: Batch) -> None:
    end(books, "first", 1)
    with pytest.raises(LedgerRefused, match="first is not assigned"):
        books.approve(two, 1, "first")
    books.assign(("first", 1))
    books.approve(two, 1, "first")


def test_an_assignment_known_already_writes_nothing(books: Books) -> None:
    books.assign(("first", 1))
    books.assign(("first", 1))
    assert books.ask("SELECT count(*) FROM approver_changes") == books.ask(
        "SELECT count(*) FROM audit_events"
    )


def test_nobody_assigns_themselves(books: Books) -> None:
    with pytest.raises(LedgerRefused, match="li cannot assign themselves"):
        person(books, "li", batches.assign_approver, "li", REGION, 1, True, "li")
    with pytest.raises(LedgerRefused, match="another person than li"):
        person(books, "li", batches.assign_approver, "li", REGION, 1, True, "LI")


def test_a_refusal_ends_the_batch_and_frees_its_payments(books: Books, two: Batch) -> None:
    books.approve(two, 1, "first")
    books.approve(two, 2, "second", answer="refused", reason="a total I cannot explain")
    assert books.ask("SELECT state, reason FROM batches") == [("refused", "a total I cannot explain")]
    assert set(books.states().values()) == {"cleared"}
    deeds: dict[str, Callable[[], None]] = {
        "refused cannot become published": lambda: books.publish(two, CLEARED),
        "nobody is asked any more": lambda: books.approve(two, 2, "both"),
    }
    for word, deed in deeds.items():
        with pytest.raises(LedgerRefused, match=word):
            deed()
    (again,) = books.form(Night(CLEARED, (unit(review_level=2),), regions=NOW))
    assert (again.batch_no[-1], batches.approval_answers(books.engine.connect(), again.id)) == ("2", [])
    assert books.breaks() == []


def test_approvals_do_not_pass_to_the_next_batch(books: Books, two: Batch) -> None:
    books.approve(two, 1, "first")
    books.approve(two, 2, "second")
    other = Night(LATER, (unit(review_level=2, account_no="999"),), regions=NOW)
    books.apply(other)
    (again,) = books.form(other)
    with pytest.raises(LedgerRefused, match="voided cannot become published"):
        books.publish(two, LATER)
    with pytest.raises(LedgerRefused, match="0 of 2 approvals"):
        books.publish(again, LATER)
    with pytest.raises(LedgerRefused, match="for other lines"):
        books.approve(again, 1, "first", batch_hash=two.hash)


INSERT = """
    INSERT INTO approvals (batch_id, batch_hash, level, approver, answer, reason, answered_in, event_id)
    SELECT id, {hash}, {level}, '{who}', 'approved', '', 'psql', {event} FROM batches
"""


@pytest.mark.parametrize(
    ("values", "event", "word"),
    [
        pytest.param({"hash": "repeat('a', 64)"}, "next", "for other lines", id="another hash"),
        pytest.param({"hash": "NULL"}, "next", "for other lines", id="no hash"),
        pytest.param({"who": "nobody"}, "next", "not assigned", id="nobody assigned"),
        pytest.param(
            {"level": 2, "who": "second"}, "next", "first approval is not there", id="the second first"
        ),
        pytest.param({}, "", "needs an audit event", id="no event"),
        pytest.param({}, "1", "cannot be of event 1", id="an event that is written"),
        pytest.param({"event": 1}, "", "needs an audit event", id="a forged event in the row, none open"),
    ],
)
def test_a_row_put_in_by_hand_is_refused(
    books: Books, two: Batch, values: dict[str, Any], event: str, word: str
) -> None:
    given = {"hash": "hash", "level": 1, "who": "first", "event": "ledger_event()"} | values
    with as_app(books.engine, event=event) as connection, pytest.raises(DBAPIError, match=word):
        connection.execute(text(INSERT.format(**given)))


def test_a_row_put_in_by_hand_for_the_right_lines_leaves_its_event_or_nothing(
    books: Books, two: Batch
) -> None:
    with as_app(books.engine) as connection:
        connection.execute(text(INSERT.format(hash="hash", level=1, who="first", event="ledger_event()")))
        with pytest.raises(DBAPIError, match="event_id_fkey"):
            connection.commit()
    assert books.ask("SELECT count(*) FROM approvals") == [(0,)]


# Preparers: each deed, then the batch it had a hand in.


def objection(books: Books, name: str) -> Batch:
    books.decide(unit(review_level=1), on=CLEARED, regions={REGION: {"working_days": 1}})
    number = person(books, "zhao", notices.add_objection, REGION, A, "x", "zhao", on=CLEARED)
    person(books, name, notices.decide_objection, number, "dismissed", "x", name, on=CLEARED)
    return formed(books, unit(review_level=1), on=LATER)


def corrected(books: Books, name: str, *, enters: bool) -> Batch:
    books.assign(("one", 1))
    batch = formed(books, unit(review_level=1))
    books.approve(batch, 1, "one")
    books.publish(batch, CLEARED)
    books.answer([{"end_to_end_id": end_to_end(A), "outcome": "returned"}])
    people = (name, "other") if enters else ("other", name)
    number = person(books, people[0], returns.enter_account, end_to_end(A), people[0], **account())
    person(books, people[1], returns.confirm_account, number, people[1], account()["account_no"])
    return formed(books, unit(review_level=1), on=LATER)


def budget(books: Books, name: str) -> Batch:
    person(books, name, rulings.enter_budget, REGION, 2020, Decimal(1000), "letter", name)
    return formed(books, unit(review_level=1))


def ruling(books: Books, name: str) -> Batch:
    books.publish(formed(books, unit()), CLEARED)
    books.answer([{"end_to_end_id": end_to_end(A), "outcome": "paid"}])
    more = unit(review_level=1, entitlement=Decimal("150.00"))
    books.decide(more, on=LATER, refunds=(refund(A),), regions=NOW)
    person(books, name, rulings.rule_on_refund, 1, "same", "asked", name)
    night = Night(LAST, (more,), refunds=(refund(A),), regions=NOW)
    books.apply(night)
    books.close(LAST)
    return books.form(night)[0]


RELEASE = """
    INSERT INTO delivery_releases (delivery_id, sha256, rule_id, reason, released_by, released_at)
    SELECT id, sha256, 'r', 'x', :by, received_at FROM deliveries WHERE id = :id
"""


def delivery(
    books: Books,
    name: str,
    *,
    region: str = REGION,
    extract: str = "insured_units",
    on: date = CLEARED,
    again: date | None = None,
) -> Batch:
    with ledger_event(books.engine, "delivery_release", actor=name) as event:
        for number, day in enumerate((on, again) if again else (on,), 1):
            found = catalog.record_delivery(
                event.connection, department="labor", extract=extract, business_date=day, region_code=region,
                sequence=1, file_name=f"{number}.csv", file_format="csv", sha256="a" * 64, size_bytes=1,
                rows=1, control_total=None, received_at=datetime(2020, 5, 1, tzinfo=UTC),
            )  # fmt: skip
            if number == 1:
                event.connection.execute(text(RELEASE), {"id": found.id, "by": name})
    return formed(books, unit(review_level=1))


PREPARED = [
    pytest.param(objection, {}, id="decided an objection"),
    pytest.param(corrected, {"enters": True}, id="entered a corrected account"),
    pytest.param(corrected, {"enters": False}, id="confirmed a corrected account"),
    pytest.param(budget, {}, id="entered the budget"),
    pytest.param(ruling, {}, id="ruled on a refund"),
    pytest.param(delivery, {}, id="released a delivery of the region"),
    pytest.param(delivery, {"region": "000000"}, id="released a delivery for all"),
    pytest.param(
        delivery, {"region": "610000", "extract": "fund_balances"}, id="released the province's balances"
    ),
    pytest.param(
        delivery, {"region": "620100", "extract": "exclusion_list"}, id="released another region's list"
    ),
    pytest.param(
        delivery, {"region": "620100", "extract": "enterprise_sizes"}, id="released another region's sizes"
    ),
]


@pytest.mark.parametrize(("deed", "how"), PREPARED)
@pytest.mark.parametrize("spelled", ["li", "LI "], ids=["", "spelled otherwise"])
def test_a_preparer_may_not_approve(
    books: Books, deed: Callable[..., Batch], how: dict[str, Any], spelled: str
) -> None:
    batch = deed(books, "li", **how)
    books.assign((spelled, 1), ("third", 1))
    with pytest.raises(LedgerRefused, match="prepared it and may not approve it"):
        books.approve(batch, 1, spelled)
    with pytest.raises(LedgerRefused, match="0 of 1 approvals"):
        books.publish(batch, batch.business_date)
    books.approve(batch, 1, "third")
    books.publish(batch, batch.business_date)
    assert books.breaks() == []


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"region": "620100"}, id="another region's"),
        pytest.param({"on": LAST}, id="of a later night"),
        pytest.param({"on": CLEARED.replace(year=2018)}, id="of long ago"),
    ],
)
def test_who_released_something_else_may_approve(books: Books, how: dict[str, Any]) -> None:
    batch = delivery(books, "li", **how)
    books.assign(("li", 1))
    books.approve(batch, 1, "li")


def test_a_release_reaches_the_same_bytes_sent_again(books: Books) -> None:
    batch = delivery(books, "li", on=CLEARED.replace(year=2018), again=CLEARED)
    books.assign(("li", 1))
    with pytest.raises(LedgerRefused, match="prepared it"):
        books.approve(batch, 1, "li")


def test_an_unknown_batch_is_refused(books: Books) -> None:
    with pytest.raises(LedgerRefused, match="there is no batch 1: `stable-jobs batch list`"):
        person(
            books, "li", batches.record_answer, "1", batch_hash="", level=1, person="li", answer="approved",
            reason="", answered_in="test",
        )  # fmt: skip
    assert batches.batch_by_no(books.engine.connect(), "1") is None


def test_an_open_batch_stays_open_while_nobody_answers(books: Books, two: Batch) -> None:
    books.decide(unit(review_level=2), on=LATER)
    with ledger_event(books.engine, "x", business_date=LATER) as event:
        assert batches.open_batches(event.connection) == [two]
