"""One cluster and one session with Spark for all tests here, beside a DuckDB."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import ibis
import pytest
from ibis.backends import BaseBackend

from stable_jobs.store.engine import Computing
from tests.spark.cluster import Cluster, cluster, computing


@pytest.fixture(scope="session")
def made() -> Iterator[Cluster]:
    """A master and two workers."""
    with cluster() as made:
        yield made


@pytest.fixture(scope="session")
def spark(made: Cluster) -> Iterator[Computing]:
    """Spark as a night has it, at that master."""
    with computing(made.master) as spark:
        yield spark


@pytest.fixture(scope="session")
def engines(spark: Computing) -> Iterator[tuple[BaseBackend, BaseBackend]]:
    """DuckDB and Spark."""
    with duckdb.connect() as con:
        yield ibis.duckdb.from_connection(con), spark.backend
