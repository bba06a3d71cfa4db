"""What the bank contradicts itself about: a case that stops the unit, settled by two people."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from stable_jobs import acts
from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import proposals
from stable_jobs.ledger.batches import Batch
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.proposals import Proposal
from tests.ledger.conftest import CODES, Books, Night, unit
from tests.ledger.full import CLEARED, LAST, LATER, NOW, as_app, end_to_end, formed, person, refused

A, B = CODES[:2]
ONE, AGAIN = end_to_end(A), end_to_end(A, 1, 2)
PAID, RETURNED = "paid", "returned"
FAULT = {"reason_code": "AC04", "reason_text": "账户已销户", "fault": "payee_account"}


def row(outcome: str, end_to_end_id: str = ONE, **changed: Any) -> dict[str, Any]:
    return (
        {"end_to_end_id": end_to_end_id, "outcome": outcome}
        | (FAULT if outcome == RETURNED else {})
        | changed
    )


@pytest.fixture
def sent(books: Books) -> Books:
    """Two payments of 100 yuan, instructed."""
    books.publish(formed(books, unit(A), unit(B)), CLEARED)
    return books


def say(books: Books, *outcomes: str, on: date = CLEARED, line: str = ONE) -> None:
    for number, outcome in enumerate(outcomes):
        books.answer([row(outcome, line)], name=f"{line} {on} {number} {outcome}", on=on)


def propose(books: Books, outcome: str, line: str = ONE, by: str = "li") -> int:
    return int(person(books, by, proposals.propose_settlement, line, outcome, "the bank's letter 9", by))


def settle(books: Books, outcome: str, line: str = ONE) -> None:
    number = propose(books, outcome, line)
    person(books, "wang", acts.decide_proposal, number, "confirmed", "", "wang")
    assert books.breaks() == []


def cases(books: Books) -> list[tuple[str, str, str]]:
    return books.ask("SELECT end_to_end_id, known, outcome FROM open_contradictions ORDER BY id")


def state(books: Books) -> str:
    return books.states()[f"{A[-6:]}.1"]


def standing(books: Books, uscc: str = A) -> tuple[int, int, int, int]:
    query = """
        SELECT entitled_amount::int, paid::int, open::int, to_recover::int FROM entitlement_balances
        WHERE uscc = :uscc
    """
    found: tuple[int, int, int, int] = books.ask(query, uscc=uscc)[0]
    return found


def next_night(books: Books, *says: dict[str, Any], on: date = LATER) -> tuple[Night, list[Batch]]:
    night = Night(on, says or (unit(A), unit(B)), regions=NOW)
    books.apply(night)
    books.close(on)
    return night, books.form(night)


@pytest.mark.parametrize(
    ("first", "then"), [(PAID, RETURNED), (RETURNED, PAID)], ids=["退票 after 成功", "成功 after 退票"]
)
def test_a_contradiction_opens_one_case(sent: Books, first: str, then: str) -> None:
    say(sent, first, then)
    say(sent, then, first, on=LATER)
    assert cases(sent) == [(ONE, first, then)]
    assert state(sent) == first
    found = sent.ask("SELECT cause, detail FROM unit_stops")
    assert [cause for cause, _ in found] == ["contradiction"]
    assert ONE in found[0][1]
    assert sent.breaks() == []


def test_a_contradiction_stops_the_unit_and_no_other(sent: Books) -> None:
    say(sent, RETURNED, PAID)
    more = [unit(code, account_no=f"99{code[-3:-1]}", entitlement=Decimal(150)) for code in (A, B)]
    say(sent, PAID, line=end_to_end(B))
    _, (batch,) = next_night(sent, *more)
    assert sent.ask("SELECT end_to_end_id FROM payment_lines WHERE batch_id = :id", id=batch.id) == [
        (end_to_end(B, 2, 1),)
    ]


@pytest.mark.parametrize(
    ("first", "then", "outcome", "after"),
    [
        pytest.param(PAID, RETURNED, RETURNED, RETURNED, id="it came back"),
        pytest.param(PAID, RETURNED, PAID, PAID, id="it did not come back"),
        pytest.param(RETURNED, PAID, PAID, PAID, id="it arrived after all"),
        pytest.param(RETURNED, PAID, RETURNED, RETURNED, id="it did not arrive"),
    ],
)
def test_two_people_settle_it(sent: Books, first: str, then: str, outcome: str, after: str) -> None:
    say(sent, first, then)
    number = propose(sent, outcome)
    assert state(sent) == first
    with pytest.raises(LedgerRefused, match="another person than li"):
        person(sent, "Li", acts.decide_proposal, number, "confirmed", "", "Li")
    person(sent, "wang", acts.decide_proposal, number, "confirmed", "", "wang")
    assert state(sent) == after
    assert cases(sent) == sent.ask("SELECT cause FROM unit_stops") == []
    assert standing(sent) == ((100, 100, 0, 0) if after == PAID else (100, 0, 100, 0))
    assert sent.ask("SELECT outcome, fault FROM line_results") == [
        (outcome, None if outcome == PAID else "payee_account")
    ]
    say(sent, first, then, on=LATER)
    assert cases(sent) == []
    assert sent.breaks() == []


class Killed(BaseException):
    """Nobody catches it, as nobody catches a kill."""


@pytest.mark.parametrize("place", ["settled", "moved", "balancing", "end"])
def test_a_killed_settlement_leaves_nothing(sent: Books, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    say(sent, PAID, RETURNED)
    number = propose(sent, RETURNED)
    before = sent.ask("SELECT count(*) FROM audit_events"), state(sent), standing(sent), cases(sent)
    real = proposals.settle

    def killed(event: Event, proposal: Proposal, by: str) -> None:
        if place != "end":
            monkeypatch.setitem(proposals.SETTLEMENTS_SQL.scripts, place, ("SELECT 1 FROM no_such_table",))
        real(event, proposal, by)
        raise Killed

    with monkeypatch.context() as patch:
        kinds = {proposals.CONTRADICTION: killed}
        patch.setattr(acts, "KINDS", kinds)
        with pytest.raises((Killed, DBAPIError)):
            person(sent, "wang", acts.decide_proposal, number, "confirmed", "", "wang")
    assert (sent.ask("SELECT count(*) FROM audit_events"), state(sent), standing(sent), cases(sent)) == before
    monkeypatch.undo()
    person(sent, "wang", acts.decide_proposal, number, "confirmed", "", "wang")
    assert (state(sent), sent.breaks()) == (RETURNED, [])


def test_a_rejected_settlement_leaves_the_case(sent: Books) -> None:
    say(sent, PAID, RETURNED)
    number = propose(sent, RETURNED)
    person(sent, "wang", acts.decide_proposal, number, "rejected", "no letter", "wang")
    assert (state(sent), len(cases(sent))) == (PAID, 1)


def test_money_that_came_back_goes_out_again_to_another_account(sent: Books) -> None:
    say(sent, PAID, RETURNED)
    settle(sent, RETURNED)
    assert next_night(sent)[1] == []
    night, none = next_night(sent, unit(A, account_no="999"), unit(B), on=LAST)
    assert none == []
    person(sent, "wei", proposals.accept_account, ONE, "asked the firm", "wei")
    (batch,) = sent.form(night)
    sent.publish(batch, LAST)
    say(sent, PAID, line=AGAIN, on=LAST)
    assert standing(sent) == (100, 100, 0, 0)
    people = [tuple(one) for one in sent.ask("SELECT person, deed FROM batch_preparers ORDER BY 1")]
    assert people == [("li", "contradiction"), ("wang", "contradiction"), ("wei", "new account")]
    assert sent.breaks() == []


def second_attempt(books: Books) -> None:
    """The first line came back, the second is under way, and the bank says that the first arrived."""
    say(books, RETURNED)
    night, _ = next_night(books, unit(A, account_no="999"), unit(B))
    person(books, "wei", proposals.accept_account, ONE, "asked the firm", "wei")
    books.publish(books.form(night)[0], LATER)
    say(books, PAID, on=LATER)
    assert cases(books) == [(ONE, RETURNED, PAID)]


@pytest.mark.parametrize("second", [PAID, RETURNED])
@pytest.mark.parametrize("is_settled_first", [True, False])
def test_money_paid_twice_is_recovered(sent: Books, second: str, is_settled_first: bool) -> None:
    second_attempt(sent)
    if is_settled_first:
        settle(sent, PAID)
        assert standing(sent) == (100, 100, 100, 100)
    say(sent, second, line=AGAIN, on=LATER)
    if not is_settled_first:
        settle(sent, PAID)
    assert state(sent) == PAID
    twice = second == PAID
    assert standing(sent) == ((100, 200, 0, 100) if twice else (100, 100, 0, 0))
    found = sent.ask("""
        SELECT c.reason, c.amount FROM recovery_cases c LEFT JOIN recovery_closings k ON k.case_id = c.id
        WHERE k.case_id IS NULL
    """)
    assert found == ([("paid_twice", Decimal("100.00"))] if twice else [])
    assert sent.breaks() == []
    assert next_night(sent, unit(A, account_no="999"), unit(B), on=LAST)[1] == []
    assert sent.breaks() == []


@pytest.mark.parametrize(
    ("entitlement", "after"),
    [
        pytest.param("60.00", (60, 100, 0, 40), id="less is due now"),
        pytest.param("160.00", (100, 100, 0, 0), id="more is due now"),
    ],
)
def test_a_withdrawn_payment_that_arrived_after_all_counts(
    sent: Books, entitlement: str, after: tuple[int, ...]
) -> None:
    """Its amount changed: another payment stands in its place, which is weighed again."""
    say(sent, RETURNED)
    changed = unit(A, entitlement=Decimal(entitlement))
    next_night(sent, changed, unit(B))
    assert state(sent) == "withdrawn"
    say(sent, PAID, on=LATER)
    settle(sent, PAID)
    assert sent.states()[f"{A[-6:]}.2"] == "withdrawn"
    assert standing(sent) == after
    next_night(sent, changed, unit(B), on=LAST)
    assert sent.breaks() == []
    assert standing(sent)[1] + standing(sent)[2] - standing(sent)[3] == int(Decimal(entitlement))


def test_what_is_not_paid_is_not_recovered(sent: Books) -> None:
    say(sent, PAID)
    next_night(sent, unit(A, entitlement=Decimal("60.00")), unit(B))
    assert standing(sent) == (60, 100, 0, 40)
    say(sent, RETURNED, on=LATER)
    settle(sent, RETURNED)
    assert standing(sent) == (100, 0, 100, 0)
    next_night(sent, unit(A, entitlement=Decimal("60.00")), unit(B), on=LAST)
    assert standing(sent) == (60, 0, 60, 0)
    assert sent.breaks() == []


@pytest.mark.parametrize("outcome", [PAID, RETURNED])
def test_a_duplicate_of_which_the_bank_says_no_more_is_settled(sent: Books, outcome: str) -> None:
    sent.answer([row("duplicate", reason_code="AM05")])
    settle(sent, outcome)
    assert state(sent) == outcome
    say(sent, outcome, on=LATER)
    assert cases(sent) == []


@pytest.mark.parametrize(
    ("outcomes", "line", "outcome"),
    [
        pytest.param((PAID,), ONE, RETURNED, id="no contradiction"),
        pytest.param((), ONE, PAID, id="no answer"),
        pytest.param((PAID, RETURNED), "20-X", PAID, id="another line"),
        pytest.param((PAID, RETURNED), ONE, "dropped", id="another outcome"),
    ],
)
def test_nothing_else_is_settled(sent: Books, outcomes: tuple[str, ...], line: str, outcome: str) -> None:
    say(sent, *outcomes)
    with pytest.raises(LedgerRefused, match="settled"):
        propose(sent, outcome, line)


def test_a_case_is_settled_once(sent: Books) -> None:
    say(sent, PAID, RETURNED)
    settle(sent, RETURNED)
    with pytest.raises(LedgerRefused, match="nothing is to be settled"):
        propose(sent, PAID)


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        pytest.param(
            "INSERT INTO settlements (line_id, outcome, proposal_id, settled_on)"
            " VALUES (1, 'returned', (SELECT max(id) FROM proposals), '2020-05-19')",
            "two people must settle it",
            id="a settlement that one person proposed",
        ),
        pytest.param(
            "UPDATE payments SET state = 'returned' WHERE id = 1",
            "nothing in the ledger makes it returned",
            id="a paid payment returned without one",
        ),
        pytest.param(
            "INSERT INTO contradictions (line_id, answer_id, row_no, outcome) VALUES (1, 1, 1, 'returned')",
            "no answer of the bank contradicts itself",
            id="a case without an answer",
        ),
    ],
)
def test_the_database_refuses_it_too(sent: Books, statement: str, match: str) -> None:
    say(sent, PAID, RETURNED)
    propose(sent, RETURNED)
    with as_app(sent.engine) as connection:
        refused(connection, statement, match)


@pytest.mark.parametrize("number", ["6200001", "62-0000 1"], ids=["the same", "another spelling"])
def test_the_database_refuses_a_line_to_an_account_that_failed(sent: Books, number: str) -> None:
    say(sent, RETURNED)
    night, _ = next_night(sent, unit(A, account_no="999"), unit(B))
    person(sent, "wei", proposals.accept_account, ONE, "asked the firm", "wei")
    with as_app(sent.engine, on=LATER) as connection:
        connection.exec_driver_sql(
            "INSERT INTO batches"
            " (batch_no, region_code, policy_year, review_level, ordinal, count, total, hash)"
            " VALUES ('610100-20200701-L0-1', '610100', 2020, 0, 1, 1, 100, repeat('0', 64))"
        )
        with pytest.raises(DBAPIError, match="would go to an account that failed"):
            connection.exec_driver_sql(f"""
                INSERT INTO payment_lines (batch_id, line_no, payment_id, attempt, end_to_end_id,
                    pooling_region, unit_name, scheme, priority, amount, account_name, account_no,
                    bank_code, account_source)
                SELECT max(b.id), 1, 1, 2, '{AGAIN}', '610100', 'x', 'general', 1, 100,
                       '单位{A[-6:]}', '{number}', '102791000014', 'corporate' FROM batches b
            """)
    assert night.on == LATER
