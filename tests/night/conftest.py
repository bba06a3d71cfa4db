"""The store's own builder of catalog rows, for what only reads the catalog."""

from tests.store.conftest import book, empty_engine

__all__ = ["book", "empty_engine"]
