"""A small night and a connection.

`pytest tests/payout --regen` writes the golden files anew: look at the difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from stable_jobs.payout.night import Inputs
from tests.payout.night_files import write_night


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regen", action="store_true", help="write tests/payout/golden anew")


@pytest.fixture
def is_regen(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--regen", default=False))


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2, "temp_directory": str(tmp_path / "spill")}) as connection:
        yield connection


@pytest.fixture
def inputs(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Inputs:
    return write_night(con, tmp_path / "snapshots")
