"""The tests' own databases: what one test leaves, the next does not see."""

from __future__ import annotations

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.rulings import hold_region
from tests.databases import Databases, run_sql

HELD = "SELECT id, region_code FROM payment_stops"


@pytest.fixture
def own(postgres_url: URL) -> Databases:
    return Databases(postgres_url)


def held(databases: Databases, name: str) -> list[tuple[int, str]]:
    with ledger_event(databases.engines[name], "hold", actor="head") as event:
        hold_region(event, "610100", "a letter", "head")
    with databases.engines[name].connect() as connection:
        return [(row.id, row.region_code) for row in connection.execute(text(HELD))]


def test_the_next_one_begins_as_the_first_did(own: Databases, template_database: str) -> None:
    name = own.take(template_database)
    first = held(own, name)
    own.give_back(template_database, name)
    assert own.take(template_database) == name
    assert held(own, name) == first == [(1, "610100")]
    own.close()


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param("ALTER TABLE payments DISABLE TRIGGER check_new", id="a guard is off"),
        pytest.param("ALTER TABLE payment_stops ADD COLUMN more text", id="a column more"),
        pytest.param("DROP VIEW newest_nights CASCADE", id="a view is gone"),
        pytest.param("GRANT DELETE ON payment_stops TO stable_jobs_app", id="a right more"),
        pytest.param("CREATE TABLE more (id int)", id="a table more"),
        pytest.param(
            "SET session_replication_role = replica; UPDATE installation SET is_demonstration = true",
            id="a row that every database has",
        ),
    ],
)
def test_what_was_changed_otherwise_is_made_anew(
    own: Databases, template_database: str, changed: str
) -> None:
    name = own.take(template_database)
    run_sql(own.postgres.set(database=name), changed)
    own.give_back(template_database, name)
    assert own.take(template_database) != name
    own.close()


def test_who_is_still_connected_is_sent_away(own: Databases, template_database: str) -> None:
    name = own.take(template_database)
    other = create_engine(own.postgres.set(database=name), poolclass=NullPool)
    with pytest.raises(OperationalError), other.connect() as connection:  # noqa: PT012  # the last one breaks
        connection.execute(text("LOCK TABLE payment_stops"))
        own.give_back(template_database, name)
        connection.execute(text("SELECT 1"))
    own.close()
