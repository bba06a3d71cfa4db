"""A home with two small nights and what they paid, and the app over it: made once, only read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from stable_jobs.settings import Settings
from tests.e2e.home import Home, new_home
from tests.e2e.small import write_small
from tests.review.stand_in import StandIn, client, mounted

FIRST, LATER = date(2020, 5, 11), date(2020, 5, 19)


@pytest.fixture(scope="session")
def reviewed_home() -> Iterator[Home]:
    with new_home() as home:
        for day in (FIRST, LATER):
            first = None if day == FIRST else FIRST
            write_small(home.path / "landing", home.path / "demo" / f"{day}.json", day, first)
        for command, day in (("night", FIRST), ("night", LATER), ("disburse", LATER)):
            done = home.run(command, "--date", day.isoformat())
            assert done.returncode == 0, done.stdout + done.stderr
        yield home


@pytest.fixture(scope="session")
def airflow() -> StandIn:
    return StandIn()


@pytest.fixture(scope="session")
def reviewed(reviewed_home: Home, airflow: StandIn) -> Iterator[FastAPI]:
    """The app over the two nights. What writes asks for a home of its own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("STABLE_JOBS_")]:
            patch.delenv(name)
        settings = Settings(_env_file=None, home=reviewed_home.path)
    app = mounted(settings, airflow)
    yield app
    [inner] = [route.app for route in app.routes if hasattr(route, "app")]
    inner.state.differences.close()
    inner.state.stores.close()


@pytest.fixture
def browser(reviewed: FastAPI) -> TestClient:
    """Signed in as somebody with every role."""
    return client(reviewed, "ann:officer,approver,engineer")
