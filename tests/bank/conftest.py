"""A connection to the engine."""

from tests.lists.conftest import con

__all__ = ["con"]
