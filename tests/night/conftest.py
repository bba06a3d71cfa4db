"""The store's own builder of catalog rows, for what only reads the catalog; an empty ledger; a night."""

import pytest
from sqlalchemy import URL

from tests.ledger.conftest import books
from tests.night.small_night import FirstNight, first_night
from tests.store.conftest import book, empty_engine

__all__ = ["book", "books", "empty_engine"]


@pytest.fixture(scope="session")
def made(postgres_url: URL, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> FirstNight:
    """For the tests of the group `tasks`, which one worker runs: its homes are copies."""
    return first_night(postgres_url, template_database, tmp_path_factory.mktemp("small"))
