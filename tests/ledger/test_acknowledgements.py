"""What people say to a finding: rows with a name, a reason and an instant, each an event of the chain."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.rulings import Acknowledgement, acknowledge, acknowledgements
from stable_jobs.settings import now
from tests.ledger.conftest import REGION, Books, D

RULE = "premium_payments.uscc.code"
FINDING = {"business_date": D, "extract": "premium_payments", "rule_id": RULE}


def say(books: Books, person: str = "li", reason: str = "known since May", **changed: Any) -> int:
    with ledger_event(books.engine, "acknowledgement", actor=person) as event:
        return acknowledge(event, person=person, reason=reason, **{**FINDING, **changed})


def said(
    books: Books, on: date = D, extracts: Sequence[str] = ("premium_payments",)
) -> list[Acknowledgement]:
    with books.engine.connect() as connection:
        return acknowledgements(connection, on, extracts)


def test_who_said_what_and_when(books: Books) -> None:
    begun = now()
    say(books, region_code=REGION)
    (one,) = said(books)
    assert (one.extract, one.rule_id, one.region_code) == ("premium_payments", RULE, REGION)
    assert (one.person, one.reason) == ("li", "known since May")
    assert begun <= one.at <= now()
    assert one.at.utcoffset() == timedelta(hours=8)


def test_edits_add(books: Books) -> None:
    for reason in ("known", "no: asked the tax bureau", "no: asked the tax bureau"):
        say(books, reason=reason)
    say(books, "wang", "seen")
    assert [(one.person, one.reason) for one in said(books)] == [
        ("li", "known"),
        ("li", "no: asked the tax bureau"),
        ("li", "no: asked the tax bureau"),
        ("wang", "seen"),
    ]


def test_without_a_region_all_are_meant(books: Books) -> None:
    say(books)
    assert said(books)[0].region_code == "000000"


@pytest.mark.parametrize(
    ("on", "extracts"),
    [
        pytest.param(D + timedelta(1), ("premium_payments",), id="another night"),
        pytest.param(D, ("taxpayers",), id="another extract"),
        pytest.param(D, (), id="no extract"),
    ],
)
def test_other_findings_know_nothing_of_it(books: Books, on: date, extracts: tuple[str, ...]) -> None:
    say(books)
    assert said(books, on, extracts) == []


def test_it_is_an_event_that_verifies(books: Books) -> None:
    number = say(books)
    body = json.loads(books.ask("SELECT body FROM audit_events")[0][0])
    assert (body["actor"], body["kind"], body["business_date"]) == ("li", "acknowledgement", None)
    assert body["detail"] == {
        "acknowledgement": number, "business_date": "2020-05-11", "extract": "premium_payments",
        "rule": RULE, "region": "000000",
    }  # fmt: skip
    assert body["rows"]["acknowledgements"]["rows"] == 1
    assert books.breaks() == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        pytest.param({"reason": " \n\t"}, "an acknowledgement needs a reason", id="no reason"),
        pytest.param({"person": " "}, "event_hands_person_check", id="no name"),
        pytest.param({"rule_id": ""}, "acknowledgements_rule_id_check", id="no rule"),
        pytest.param({"extract": ""}, "acknowledgements_extract_check", id="no extract"),
        pytest.param({"region_code": "西安"}, "acknowledgements_region_code_check", id="no region code"),
    ],
)
def test_nothing_is_kept_without(books: Books, changed: dict[str, str], sentence: str) -> None:
    with pytest.raises(LedgerRefused, match=sentence):
        say(books, **changed)
    assert books.ask("SELECT * FROM acknowledgements") == books.ask("SELECT * FROM audit_events") == []


def test_hostile_words_come_back_as_they_were(books: Books) -> None:
    words = "<script>'\"; DROP TABLE acknowledgements; --\u202e𠮷"
    say(books, words, words)
    assert (said(books)[0].person, said(books)[0].reason) == (words, words)
