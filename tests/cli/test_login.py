"""Acts at the command line: under one's own login through the server, on trust only in a demonstration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import URL
from starlette.testclient import TestClient

from stable_jobs.ledger.people import AIRFLOW, Hand
from stable_jobs.local import login as logins
from stable_jobs.local.configuration import airflow_home
from stable_jobs.settings import Settings, now
from tests.cli.conftest import Run
from tests.conftest import HANDS
from tests.databases import run_sql
from tests.ledger.conftest import REGION, Books, unit
from tests.ledger.full import formed
from tests.review.stand_in import mounted

HOLD = ("hold", REGION, "--reason", "a letter")


@pytest.fixture
def app(settings_with_database: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FastAPI]:
    """The server's pages, which the command line reaches."""
    found = mounted(settings_with_database)
    monkeypatch.setattr(logins, "_client", lambda url: TestClient(found, base_url=url))
    yield found
    [inner] = [route.app for route in found.routes if hasattr(route, "app")]
    inner.state.stores.close()


def logged_in(settings: Settings, token: str, lives: timedelta = timedelta(hours=1)) -> None:
    """Whom the token names, as `login` keeps it."""
    name = token.partition(":")[0]
    said = {"url": "http://airflow", "name": name, "token": token, "expires": (now() + lives).isoformat()}
    path = logins.login_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(said))
    path.chmod(0o600)


def test_with_a_login_it_is_done_by_the_server(
    app: FastAPI, run: Run, books: Books, settings_with_database: Settings
) -> None:
    logged_in(settings_with_database, "li:officer")
    done = run(*HOLD)
    assert (done.code, done.out) == (
        0,
        f"Hold 1: payments of region {REGION} are stopped until another person than li releases it.\n",
    )
    ((who, checked, via, user, host),) = books.ask(
        "SELECT person, is_authenticated, via, os_user, host FROM event_hands"
    )
    assert (who, checked, via) == ("li", True, "command line")
    assert user
    assert host
    assert "未经验证" not in run("holds").out


def test_nobody_acts_in_anothers_name(
    app: FastAPI, run: Run, books: Books, settings_with_database: Settings
) -> None:
    logged_in(settings_with_database, "li:officer")
    done = run(*HOLD, "--by", "sun")
    assert (done.code, "you are logged in as li" in done.err) == (2, True)
    assert run(*HOLD, "--by", "li").code == 0
    assert books.ask("SELECT stopped_by FROM payment_stops") == [("li",)]


def test_each_role_does_what_it_may(app: FastAPI, run: Run, settings_with_database: Settings) -> None:
    logged_in(settings_with_database, "ann:viewer")
    done = run(*HOLD)
    assert (done.code, "not for your role" in done.err) == (1, True)


def test_a_login_that_ended_says_so(app: FastAPI, run: Run, settings_with_database: Settings) -> None:
    logged_in(settings_with_database, "li:officer", -timedelta(minutes=1))
    for arguments in (HOLD, (*HOLD, "--by", "li"), ("whoami",)):
        done = run(*arguments)
        assert (done.code, "log in again" in done.err) == (2, True)
    assert run("logout").out == "Logged out.\n"
    assert run("whoami").out.startswith("Nobody is logged in")


def test_two_people_approve_under_their_logins(
    app: FastAPI, run: Run, books: Books, settings_with_database: Settings
) -> None:
    HANDS.append(Hand(AIRFLOW, "test"))
    books.assign(("first", 1), ("second", 2))
    batch = formed(books, unit(review_level=2))
    HANDS.pop()
    for level, who in (("1", "first"), ("2", "second")):
        logged_in(settings_with_database, f"{who}:approver")
        done = run("batch", "approve", batch.batch_no, "--level", level, "--yes")
        assert done.code == 0, done.err
    shown = run("batch", "show", batch.batch_no)
    assert shown.out.count(" authenticated ") == 2
    assert "unauthenticated" not in shown.out


def test_on_trust_it_says_unauthenticated_everywhere(run: Run, books: Books) -> None:
    for level, who in (("1", "mallory1"), ("2", "mallory2")):
        assert run("approver", "add", who, "--region", REGION, "--level", level, "--by", "nobody").code == 0
    batch = formed(books, unit(review_level=2))
    answer = ("batch", "approve", batch.batch_no, "--yes", "--level")
    assert run(*answer, "1", "--by", "mallory1").code == 0
    asked = run("batch", "show", batch.batch_no)
    assert "（command line，未经验证 unauthenticated）" in asked.out.replace("\\", "")
    assert run(*answer, "2", "--by", "mallory2").code == 0
    assert run("batch", "show", batch.batch_no).out.count("unauthenticated") >= 2
    assert "nobody（未经验证 unauthenticated）" in run("approver", "list").out


def test_a_bureau_takes_no_name_on_trust(
    run: Run, books: Books, database_url: URL, postgres_url: URL
) -> None:
    run_sql(
        postgres_url.set(database=database_url.database),
        "SET session_replication_role = replica; UPDATE installation SET is_demonstration = false",
    )
    done = run(*HOLD, "--by", "li")
    assert (done.code, "nobody checked that this is li: log in" in done.err) == (1, True)
    assert "stable-jobs login" in done.err
    assert books.ask("SELECT count(*) FROM payment_stops") == [(0,)]


def test_where_an_airflow_runs_nobody_acts_without_a_login(
    run: Run, books: Books, settings_with_database: Settings
) -> None:
    import fcntl

    home = airflow_home(settings_with_database)
    home.mkdir(parents=True)
    with (home / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run(*HOLD, "--by", "li")
    assert (done.code, "an Airflow runs for this home" in done.err) == (1, True)


def test_without_a_name_and_a_login(run: Run) -> None:
    done = run(*HOLD)
    assert (done.code, "--by NAME says who acts" in done.err) == (2, True)
