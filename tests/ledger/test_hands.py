"""By whose hand: what counts under a login that was checked, what a demonstration takes on trust, and that
the two never make one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from stable_jobs import acts as proposal_kinds
from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import batches, event, people, rulings, views
from stable_jobs.ledger.people import Hand, acting
from stable_jobs.ledger.proposals import propose
from tests.databases import Databases
from tests.ledger.conftest import REGION, Books, unit
from tests.ledger.full import as_app, formed, person

CHECKED = Hand(people.AIRFLOW, people.BROWSER)
ON_TRUST = Hand(None, people.COMMAND_LINE, "root (sudo: li)", "desk")
HANDS = "SELECT person, is_authenticated, via, os_user, host FROM event_hands ORDER BY event_id"


@pytest.fixture
def demonstration(databases: Databases, demonstration_database: str, tmp_path: Path) -> Iterator[Books]:
    """An empty ledger that is marked as a demonstration's."""
    name = databases.take(demonstration_database)
    yield Books(databases.engines[name], tmp_path)
    databases.give_back(demonstration_database, name)


def hold(books: Books, who: str, hand: Hand, region: str = REGION) -> Any:
    with acting(hand):
        return person(books, who, rulings.hold_region, region, "a letter", who)


def assigned(books: Books, hand: Hand) -> Any:
    """A batch of level 2, and `first` and `second` assigned by that hand."""
    with acting(hand):
        books.assign(("first", 1), ("second", 2))
    return formed(books, unit(review_level=2))


def test_without_a_word_of_who_acts_nobody_acts(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event, "hand_of", people.hand_of)
    with pytest.raises(LedgerRefused, match="nothing says that this is li"):
        person(books, "li", rulings.hold_region, REGION, "a letter", "li")
    assert books.ask("SELECT count(*) FROM audit_events") == [(0,)]


def test_a_bureau_takes_no_name_on_trust(books: Books) -> None:
    with pytest.raises(LedgerRefused, match="nobody checked that this is li: log in first"):
        hold(books, "li", ON_TRUST)
    assert books.ask("SELECT count(*) FROM payment_stops") == [(0,)]


def test_a_demonstration_does_and_says_so(demonstration: Books) -> None:
    hold(demonstration, "li", ON_TRUST)
    hold(demonstration, "sun", CHECKED, "620000")
    assert demonstration.ask(HANDS) == [
        ("li", False, "command line", "root (sudo: li)", "desk"),
        ("sun", True, "browser", None, None),
    ]
    body = json.loads(demonstration.ask("SELECT body FROM audit_events ORDER BY id LIMIT 1")[0][0])
    assert body["hand"] == {"login": None, "via": "command line", "user": "root (sudo: li)", "host": "desk"}
    assert demonstration.ask("SELECT as_known(stopped_by, event_id) FROM payment_stops ORDER BY id") == [
        ("li（未经验证 unauthenticated）",),
        ("sun",),
    ]
    assert demonstration.breaks() == []


def test_a_preparer_on_trust_is_marked(demonstration: Books) -> None:
    hold(demonstration, "li", ON_TRUST)
    with acting(ON_TRUST):
        person(demonstration, "sun", rulings.release_region, REGION, "answered", "sun")
    batch = formed(demonstration, unit())
    with demonstration.engine.connect() as connection:
        shown = views.batch_preparers(connection, batch.id).rows
    assert [tuple(row) for row in shown] == [("sun（未经验证 unauthenticated）", "release")]


def test_what_no_person_did_has_no_hand(books: Books) -> None:
    books.decide(unit())
    assert books.ask(HANDS) == []


@pytest.mark.parametrize(
    ("assigning", "first", "second", "word"),
    [
        pytest.param(CHECKED, CHECKED, CHECKED, None, id="all under a login"),
        pytest.param(ON_TRUST, ON_TRUST, ON_TRUST, None, id="all on trust"),
        pytest.param(CHECKED, ON_TRUST, ON_TRUST, None, id="on trust by people assigned under a login"),
        pytest.param(CHECKED, CHECKED, ON_TRUST, "do not make one approval", id="the second on trust"),
        pytest.param(CHECKED, ON_TRUST, CHECKED, "do not make one approval", id="the first on trust"),
        pytest.param(ON_TRUST, CHECKED, CHECKED, "assign them again under a login", id="assigned on trust"),
    ],
)
def test_approvals_of_one_batch_are_of_one_kind(
    demonstration: Books, assigning: Hand, first: Hand, second: Hand, word: str | None
) -> None:
    batch = assigned(demonstration, assigning)

    def both() -> None:
        for level, who, hand in ((1, "first", first), (2, "second", second)):
            with acting(hand):
                demonstration.approve(batch, level, who)

    if word is None:
        both()
        assert demonstration.ask("SELECT count(*) FROM approvals") == [(2,)]
    else:
        with pytest.raises(LedgerRefused, match=word):
            both()


def test_an_assignment_on_trust_is_made_good_under_a_login(demonstration: Books) -> None:
    batch = assigned(demonstration, ON_TRUST)
    with demonstration.engine.connect() as connection:
        assert batches.approvers(connection, REGION, 1) == ["first"]
        assert batches.approvers(connection, REGION, 1, is_authenticated=True) == []
        assert batches.hindrance(connection, batch, 1, "first") == "unchecked"
    with acting(CHECKED):
        demonstration.assign(("first", 1))
        demonstration.approve(batch, 1, "first")
    assert demonstration.ask("SELECT is_authenticated FROM approval_hands") == [(True,)]


@pytest.mark.parametrize(("first", "second"), [(CHECKED, ON_TRUST), (ON_TRUST, CHECKED)])
@pytest.mark.parametrize("what", ["hold", "proposal"])
def test_what_two_people_do_is_of_one_kind(
    demonstration: Books, monkeypatch: pytest.MonkeyPatch, what: str, first: Hand, second: Hand
) -> None:
    kinds = {"test": lambda event, proposal, person: None}
    monkeypatch.setattr(proposal_kinds, "KINDS", kinds)
    acts: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "hold": (
            lambda: person(demonstration, "li", rulings.hold_region, REGION, "a letter", "li"),
            lambda: person(demonstration, "sun", rulings.release_region, REGION, "answered", "sun"),
        ),
        "proposal": (
            lambda: person(demonstration, "li", propose, "test", subject="x", reason="y", person="li"),
            lambda: person(demonstration, "sun", proposal_kinds.decide_proposal, 1, "confirmed", "", "sun"),
        ),
    }
    with acting(first):
        acts[what][0]()
    with acting(second), pytest.raises(LedgerRefused, match="authenticated for both or for neither"):
        acts[what][1]()
    with acting(first):
        acts[what][1]()


INSERT = """
    INSERT INTO payment_stops (region_code, reason, stopped_by) VALUES ('610100', 'x', :who)
"""


@pytest.mark.parametrize(
    ("hand", "who", "word"),
    [
        pytest.param("", "li", "done by nobody whose login was checked", id="nobody's hand"),
        pytest.param("sun", "li", "in the name of li: it is done by sun", id="another's hand"),
    ],
)
def test_a_row_in_a_name_needs_that_persons_hand(books: Books, hand: str, who: str, word: str) -> None:
    with as_app(books.engine, hand=hand) as connection, pytest.raises(DBAPIError, match=word):
        connection.execute(text(INSERT), {"who": who})


EVENT = """
    INSERT INTO audit_events (id, body, previous_hash, hash)
    VALUES (1, :body, repeat('0', 64), encode(sha256(convert_to(repeat('0', 64) || :body, 'UTF8')), 'hex'))
"""


@pytest.mark.parametrize(
    ("said", "word"),
    [
        pytest.param({"actor": "first"}, "nothing says that first did it", id="another body"),
        pytest.param({"actor": "stable-jobs"}, "nothing says that stable-jobs did it", id="as nobody's"),
        pytest.param(
            {"actor": "li", "hand": {"login": "airflow", "via": "browser"}}, "nothing says", id="another way"
        ),
        pytest.param(
            {"actor": "li", "hand": {"login": "airflow", "via": "test"}},
            "not among the persons",
            id="unknown",
        ),
    ],
)
def test_an_event_tells_of_its_hand(books: Books, said: dict[str, Any], word: str) -> None:
    with as_app(books.engine, hand="li") as connection:
        connection.execute(text(INSERT), {"who": "li"})
        body = json.dumps({"id": 1, "rows": {}, **said})
        with pytest.raises(DBAPIError, match=word):
            connection.execute(text(EVENT), {"body": body})


def test_the_system_user_is_the_process_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "li")
    assert people.os_user().endswith(" (sudo: li)")
    monkeypatch.delenv("SUDO_USER")
    monkeypatch.setenv("USER", "somebody else")
    assert "somebody" not in people.os_user()
