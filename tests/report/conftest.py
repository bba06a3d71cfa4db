"""One engine, lake and fresh database per test, as validation's tests have them."""

from tests.validation.conftest import con, shop

__all__ = ["con", "shop"]
