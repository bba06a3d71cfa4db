"""What the store and the ledger make for their tests, and a whole night."""

import pytest
from sqlalchemy import URL

from tests.ledger.conftest import books
from tests.night.bureau import WholeNight, whole_night
from tests.shared import made_once
from tests.store.conftest import book, empty_engine

__all__ = ["book", "books", "empty_engine"]


@pytest.fixture(scope="session", name="whole_night")
def once_whole_night(postgres_url: URL, template_database: str) -> WholeNight:
    """The bureau after a night. Not to change, nor to connect to for longer than a query."""
    return made_once("whole_night", lambda folder: whole_night(postgres_url, template_database, folder))
