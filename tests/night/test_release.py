"""A person releases a held delivery: rows bound to its bytes and rules, in one audit event."""

import json
from typing import Any

import pytest

from stable_jobs.errors import UsageError
from stable_jobs.night.owed import accept_held_delivery
from stable_jobs.store.catalog import Delivery, Release
from tests.ledger.conftest import Books
from tests.ledger.full import DROP, held_delivery

RELEASES = "SELECT rule_id, reason, released_by FROM delivery_releases"
BODIES = "SELECT body FROM audit_events ORDER BY id"


@pytest.fixture
def held(books: Books) -> Delivery:
    return held_delivery(books)


def let_through(
    books: Books, delivery_id: int, by: str = "王处长", reason: str = "两区划转 <b>moved</b>"
) -> list[Release]:
    return accept_held_delivery(books.engine, delivery_id, reason=reason, released_by=by)


def test_a_release_is_an_event_with_person_delivery_and_rules(books: Books, held: Delivery) -> None:
    (made,) = let_through(books, held.id)
    assert (made.delivery_id, made.sha256, made.rule_id) == (held.id, held.sha256, DROP)
    assert books.ask(RELEASES) == [(DROP, "两区划转 <b>moved</b>", "王处长")]
    ((body,),) = books.ask(BODIES)
    said = json.loads(body)
    assert (said["actor"], said["kind"], said["subject"]) == (
        "王处长",
        "delivery_release",
        f"delivery {held.id}",
    )
    assert said["detail"] == {"delivery": held.id, "sha256": held.sha256, "rules": [DROP]}
    assert said["rows"]["release_events"]["rows"] == 1
    assert books.breaks() == []


def test_released_again_it_stays_as_it_was_and_leaves_no_event(books: Books, held: Delivery) -> None:
    first = let_through(books, held.id)
    assert let_through(books, held.id, by="another", reason="too") == first
    assert len(books.ask(BODIES)) == len(books.ask(RELEASES)) == 1


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        pytest.param({"reason": " "}, "needs a reason", id="no reason"),
        pytest.param({"by": ""}, "needs a reason and the name", id="no name"),
        pytest.param({"delivery_id": 404}, "there is no delivery 404", id="no such delivery"),
    ],
)
def test_nothing_is_released_without(
    books: Books, held: Delivery, changed: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        let_through(books, **{"delivery_id": held.id, **changed})
    assert books.ask(RELEASES) == books.ask(BODIES) == []
