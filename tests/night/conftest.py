"""The store's own builder of catalog rows, for what only reads the catalog; an empty ledger."""

from tests.ledger.conftest import books
from tests.store.conftest import book, empty_engine

__all__ = ["book", "books", "empty_engine"]
