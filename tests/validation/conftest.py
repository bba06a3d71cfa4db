"""One engine, lake and fresh database per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import Engine

from stable_jobs.settings import Settings
from stable_jobs.store.engine import connect
from stable_jobs.store.lake import Lake
from tests.validation.staged_rows import Shop


@pytest.fixture
def con(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(settings) as connection:
        yield connection


@pytest.fixture
def shop(con: duckdb.DuckDBPyConnection, engine: Engine, tmp_path: Path) -> Shop:
    return Shop(con, engine, Lake(str(tmp_path / "lake")))
