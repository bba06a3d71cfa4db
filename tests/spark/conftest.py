"""One cluster and one session with Spark for all tests here, beside a DuckDB."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import ibis
import pytest
from ibis.backends import BaseBackend

from stable_jobs.store.engine import Computing
from tests.spark.cluster import IGNORED, Cluster, cluster, computing


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What py4j leaves to the garbage collector is no fault of a test: its sockets with the Java process."""
    for item in items:
        if item.get_closest_marker("spark") is not None:
            for ignored in IGNORED:
                item.add_marker(pytest.mark.filterwarnings(ignored))
