"""The demonstration's night, run once by the real command line in a home of its own."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from stable_jobs.store.database import database
from stable_jobs.store.tables import metadata
from tests.databases import Databases
from tests.e2e.home import BUSINESS_DATE, Home, home_with_database, new_home
from tests.e2e.published import delivered
from tests.e2e.reviewed import Reviewed, reviewed_nights
from tests.e2e.small import write_small


@dataclass(frozen=True)
class Night:
    """A finished night: where it ran and what it printed; `progress` is what it said on stderr."""

    home: Home
    printed: str
    progress: str


Homes = Callable[[], AbstractContextManager[Home]]


@pytest.fixture(scope="session")
def homes(databases: Databases, demonstration_database: str) -> Homes:
    """Makes homes of a demonstration, each with a database of the tests' server."""
    return partial(home_with_database, databases, demonstration_database)


@pytest.fixture(scope="session")
def night() -> Iterator[Night]:
    with new_home() as home:
        for arguments in (("demo", "--date", BUSINESS_DATE), ("night", "--date", BUSINESS_DATE)):
            done = home.run_program(*arguments)
            assert done.returncode == 0, done.stdout + done.stderr
        yield Night(home, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def small() -> Iterator[Home]:
    """A home with nothing but a small landing and its answer key; nights over it run in other homes."""
    with new_home() as home:
        write_small(
            home.path / "landing", home.path / "demo" / "expected.json", date.fromisoformat(BUSINESS_DATE)
        )
        yield home


@pytest.fixture(scope="package")
def reviewed() -> Iterator[Reviewed]:
    """For the tests of the pages: they come last here, so that no other test runs beside this Airflow."""
    with reviewed_nights() as running:
        yield running


@pytest.fixture(scope="session")
def report(night: Night) -> dict[str, Any]:
    """The night's validation report for machines."""
    path = night.home.out / "validation" / "validation.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def accounts(night: Night) -> set[str]:
    """Every account number that a department sent."""
    landing = night.home.path / "landing"
    sent = [row.get("账号") for row in delivered(landing, "payee_accounts")]
    sent += [row.get("缴费账号") for row in delivered(landing, "taxpayers")]
    found = {re.sub(r"\D", "", unicodedata.normalize("NFKC", str(text))) for text in sent if text}
    found.discard("")
    assert len(found) > 25_000
    assert min(map(len, found)) >= 10
    return found


@pytest.fixture(scope="session")
def stored(night: Night) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table of the business database after the night."""
    return table_rows(night.home)


def table_rows(home: Home) -> dict[str, list[dict[str, Any]]]:
    with database(home.settings()) as engine, engine.connect() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }
