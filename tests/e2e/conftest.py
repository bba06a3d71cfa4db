"""The demonstration's night, run once by the real command line in a home of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest

from tests.e2e.home import BUSINESS_DATE, Home, new_home
from tests.e2e.small import write_small


@dataclass(frozen=True)
class Night:
    """A finished night: where it ran and what it printed; `progress` is what it said on stderr."""

    home: Home
    printed: str
    progress: str


@pytest.fixture(scope="session")
def night() -> Iterator[Night]:
    with new_home() as home:
        for arguments in (("demo", "--date", BUSINESS_DATE), ("night", "--date", BUSINESS_DATE)):
            done = home.run(*arguments)
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
