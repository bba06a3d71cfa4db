"""Two people: one proposes, another confirms, and only then anything follows."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import URL, text

from stable_jobs import acts
from stable_jobs.acts import decide_proposal
from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.proposals import Proposal, propose
from stable_jobs.ledger.views import Which, proposals
from stable_jobs.words import Words
from tests.ledger.conftest import REGION, Books
from tests.ledger.full import person


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """A kind of proposal whose effect is kept in this list: (subject, who confirmed)."""
    seen: list[tuple[str, str]] = []

    def apply(event: Event, proposal: Proposal, who: str) -> None:
        seen.append((proposal.subject, who))

    monkeypatch.setattr(acts, "KINDS", {"example": apply})
    return seen


def proposed(books: Books, subject: str = "case 1", by: str = "wang", **more: Any) -> int:
    return int(person(books, by, propose, "example", subject=subject, reason="a letter", person=by, **more))


def test_another_person_confirms_and_only_then_it_takes_effect(
    books: Books, applied: list[tuple[str, str]]
) -> None:
    number = proposed(books, region_code=REGION, content={"old": "0", "new": "1"})
    assert applied == []
    person(books, "li", decide_proposal, number, "confirmed", "", "li")
    assert applied == [("case 1", "li")]
    assert books.breaks() == []


@pytest.mark.parametrize("who", ["wang", " Wang ", "ＷＡＮＧ"])
def test_nobody_confirms_their_own(books: Books, applied: list[tuple[str, str]], who: str) -> None:
    number = proposed(books)
    with pytest.raises(LedgerRefused, match="another person than wang must confirm it"):
        person(books, who, decide_proposal, number, "confirmed", "", who)
    assert applied == []


def test_whoever_proposed_may_take_it_back_with_a_reason(
    books: Books, applied: list[tuple[str, str]]
) -> None:
    number = proposed(books)
    with pytest.raises(LedgerRefused, match="a rejection needs a reason"):
        person(books, "wang", decide_proposal, number, "rejected", " ", "wang")
    person(books, "wang", decide_proposal, number, "rejected", "a slip", "wang")
    with pytest.raises(LedgerRefused, match="waits for nobody"):
        person(books, "li", decide_proposal, number, "confirmed", "", "li")
    assert applied == []


def test_one_proposal_about_one_subject_waits_at_a_time(books: Books, applied: list[tuple[str, str]]) -> None:
    number = proposed(books)
    with pytest.raises(LedgerRefused, match=f"proposal {number} of wang about case 1 waits"):
        proposed(books, by="zhao")
    assert proposed(books, subject="case 2") != number


def test_what_does_not_fit_any_more_is_not_confirmed(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(event: Event, proposal: Proposal, who: str) -> None:
        raise LedgerRefused(Words.as_written("the case is closed"))

    monkeypatch.setattr(acts, "KINDS", {"example": refuse})
    number = proposed(books)
    with pytest.raises(LedgerRefused, match="the case is closed"):
        person(books, "li", decide_proposal, number, "confirmed", "", "li")
    assert books.ask("SELECT count(*) FROM proposal_decisions") == [(0,)]


def test_a_kind_that_is_not_known_is_not_confirmed(books: Books) -> None:
    number = proposed(books)
    with pytest.raises(LedgerRefused, match="a kind that this version does not know"):
        person(books, "li", decide_proposal, number, "confirmed", "", "li")


def test_lists_what_waits(books: Books, applied: list[tuple[str, str]]) -> None:
    proposed(books, subject="here", region_code=REGION)
    number = proposed(books, subject="done", region_code=REGION)
    person(books, "li", decide_proposal, number, "confirmed", "seen", "li")
    with books.engine.connect() as connection:
        open_ones = proposals(connection, Which(REGION))
        every = proposals(connection, Which(is_all=True))
        elsewhere = proposals(connection, Which("110000"))
    assert [row[3] for row in open_ones.rows] == ["here"]
    assert [(row[3], row[7], row[8]) for row in every.rows] == [
        ("here", "open", None),
        ("done", "confirmed", "li"),
    ]
    assert elsewhere.rows == ()


def rows_broken(books: Books) -> list[str]:
    """Breaks of what events wrote; the column itself is one of the schema's."""
    return [one for one in books.breaks() if one.startswith("rows:")]


def test_a_later_column_counts_where_it_has_a_value(postgres_url: URL, copy: Books) -> None:
    """As a later version adds one: older events verify as they are."""
    assert rows_broken(copy) == []
    with copy.engine.begin() as connection:
        connection.execute(text("ALTER TABLE objections ADD COLUMN later_word text"))
        assert (
            connection.scalar(text("SELECT count(*) FROM later_columns WHERE table_name = 'objections'")) == 0
        )
    assert any("table objections" in one for one in rows_broken(copy))
    with copy.engine.begin() as connection:
        connection.execute(text("INSERT INTO later_columns VALUES ('objections', 'later_word')"))
    assert rows_broken(copy) == []
    with copy.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE objections SET later_word = 'x' WHERE id = 1"))
    assert any("table objections" in one for one in rows_broken(copy))
