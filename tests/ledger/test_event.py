"""One transaction, one event; and what does not continue the chain is refused."""

import json
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import returns, rulings
from stable_jobs.ledger.event import FIRST, Event, canonical, chained, ledger_event
from tests.ledger.conftest import CODES, REGION, Books, unit
from tests.ledger.full import CLEARED, account, as_app, end_to_end, formed, person


def events(books: Books) -> list[Any]:
    return books.ask("SELECT id, previous_hash, hash, body FROM audit_events ORDER BY id")


def test_each_event_is_hashed_over_the_one_before(books: Books) -> None:
    for name in ("zhao", "qian"):
        person(books, name, rulings.hold_region, REGION, "来信", name)
    (one, two) = events(books)
    assert (one[0], one[1]) == (1, FIRST)
    assert (two[0], two[1]) == (2, one[2])
    assert two[2] == chained(one[2], two[3])
    said = json.loads(two[3])
    assert said == json.loads(canonical(said))
    assert canonical(said) == two[3]
    assert (said["actor"], said["kind"], said["detail"]) == ("qian", "deed", {"hold": 2, "region": REGION})
    assert said["rows"]["region_holds"]["rows"] == 1


def test_what_wrote_nothing_leaves_no_event(books: Books) -> None:
    with ledger_event(books.engine, "nothing"):
        pass
    assert events(books) == []


def test_what_failed_leaves_nothing(books: Books) -> None:
    def fails(event: Event) -> None:
        rulings.hold_region(event, REGION, "x", "zhao")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        person(books, "zhao", fails)
    assert events(books) == books.ask("SELECT id FROM payment_stops") == []


def test_an_error_that_is_no_rule_stays_what_it_is(books: Books) -> None:
    with pytest.raises(DBAPIError, match="no_such_table"), ledger_event(books.engine, "x") as event:
        event.connection.execute(text("SELECT * FROM no_such_table"))


def test_a_refusal_shows_no_value(books: Books) -> None:
    """The database's detail and the statement's parameters name the account: nothing of them gets out."""
    books.publish(formed(books, unit()), CLEARED)
    books.answer([{"end_to_end_id": end_to_end(CODES[0]), "outcome": "returned"}])
    with pytest.raises(LedgerRefused, match="account_corrections_account_check") as caught:
        person(books, "li", returns.enter_account, end_to_end(CODES[0]), "li", **account(bank_code=""))
    assert "622200001111" not in "".join(traceback.format_exception(caught.value))


def test_writers_side_by_side_come_one_after_the_other(books: Books) -> None:
    def hold(number: int) -> None:
        person(books, "zhao", rulings.hold_region, REGION, f"reason {number}", "zhao")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hold, range(24)))
    assert [number for number, *_ in events(books)] == list(range(1, 25))
    assert books.breaks() == []


INSERT = "INSERT INTO audit_events (id, body, previous_hash, hash) VALUES (:id, :body, :before, :hash)"


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda e: {**e, "hash": "a" * 64}, id="a wrong hash"),
        pytest.param(lambda e: rehashed(e, id=e["id"] + 1), id="a gap"),
        pytest.param(lambda e: rehashed(e, id=1), id="a number that is taken"),
        pytest.param(lambda e: rehashed(e, before=FIRST), id="a wrong hash before"),
        pytest.param(
            lambda e: rehashed(e, body=e["body"].replace('"id":', '"id":1')), id="a body of another event"
        ),
        pytest.param(lambda e: rehashed(e, body="{}"), id="a body without a number"),
        pytest.param(
            lambda e: rehashed(e, body=e["body"].replace("rows", "x")), id="a body that says no rows"
        ),
        pytest.param(lambda e: rehashed(e, body="not json"), id="a body that is no JSON"),
    ],
)
def test_a_forged_event_is_refused(full: Books, forge: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    with as_app(full.engine) as connection:
        number, before = connection.execute(
            text("SELECT id, hash FROM audit_events ORDER BY id DESC LIMIT 1")
        ).one()
        body = canonical({"id": number + 1, "rows": {}})
        right = {"id": number + 1, "body": body, "before": before, "hash": chained(before, body)}
        with connection.begin_nested() as probe:
            connection.execute(text(INSERT), right)
            probe.rollback()
        with pytest.raises(
            DBAPIError, match=r"does not continue the chain|invalid input syntax for type json"
        ):
            connection.execute(text(INSERT), forge(right))


def rehashed(event: dict[str, Any], **changed: Any) -> dict[str, Any]:
    event = event | changed
    return event | {"hash": chained(event["before"], event["body"])}
