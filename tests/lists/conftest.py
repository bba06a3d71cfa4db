"""A small night and a connection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from stable_jobs.lists.inputs import Inputs
from tests.lists.night_files import write_night


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2, "temp_directory": str(tmp_path / "spill")}) as connection:
        yield connection


@pytest.fixture
def inputs(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Inputs:
    return write_night(con, tmp_path / "snapshots")
