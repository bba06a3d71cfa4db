"""The app over a home with two small nights and what they paid: made once, only read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.conftest import TWO_NIGHTS
from tests.e2e.home import Home
from tests.review.stand_in import StandIn, client, mounted

FIRST, LATER = TWO_NIGHTS


@pytest.fixture(scope="session")
def airflow() -> StandIn:
    return StandIn()


@pytest.fixture(scope="session")
def reviewed(two_nights: Home, airflow: StandIn) -> Iterator[FastAPI]:
    """The app over the two nights. What writes asks for a home of its own."""
    app = mounted(two_nights.settings(), airflow)
    yield app
    [inner] = [route.app for route in app.routes if hasattr(route, "app")]
    inner.state.differences.close()
    inner.state.stores.close()


@pytest.fixture
def browser(reviewed: FastAPI) -> TestClient:
    """Signed in as somebody with every role."""
    return client(reviewed, "ann:officer,approver,engineer")
