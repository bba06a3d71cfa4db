"""An empty ledger, a catalog to fill, and a connection."""

from tests.ledger.conftest import books
from tests.lists.conftest import con
from tests.store.conftest import book, empty_engine

__all__ = ["book", "books", "con", "empty_engine"]
