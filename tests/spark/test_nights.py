"""Two nights by the command line, once on each engine: the same tables, the same published files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from stable_jobs.policy.determine import KINDS
from tests.conftest import TWO_NIGHTS
from tests.databases import Databases
from tests.e2e.home import Home, home_with_database, tree
from tests.e2e.small import write_small
from tests.spark.cluster import Cluster

pytestmark = pytest.mark.spark


def write_traps(home: Home) -> None:
    """One city whole, of the others every trap."""
    first, later = TWO_NIGHTS
    write_small(home.path / "landing", home.path / "demo" / "first.json", first)
    write_small(home.path / "landing", home.path / "demo" / "later.json", later, first)


def write_demonstration(home: Home) -> None:
    """Five cities, as `make demo` writes them."""
    done = home.run("demo", *(word for day in TWO_NIGHTS for word in ("--date", day.isoformat())))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("write", [write_traps, write_demonstration])
def test_two_nights_are_the_same(
    made: Cluster, databases: Databases, template_database: str, write: object
) -> None:
    """The nine tables row for row and in order; comparison, lists, notices and report by their bytes."""
    assert callable(write)
    with (
        home_with_database(databases, template_database) as duckdb,
        home_with_database(databases, template_database) as spark,
    ):
        write(duckdb)
        shutil.copytree(duckdb.path / "landing", spark.path / "landing")
        spark.more.update(STABLE_JOBS_ENGINE="spark", STABLE_JOBS_SPARK_MASTER=made.master)
        for day in TWO_NIGHTS:
            said = []
            for home in (duckdb, spark):
                done = home.run("night", "--date", day.isoformat())
                assert done.returncode == 0, done.stdout + done.stderr
                said.append(done.stdout)
            assert said[0] == said[1]
        published = [tree(home.path / "out") for home in (duckdb, spark)]
        assert len(published[0]) > 50
        assert published[0] == published[1]
        for kind in KINDS:
            expected, found = (snapshots(home.path / "lake", kind) for home in (duckdb, spark))
            assert len(expected) == len(TWO_NIGHTS)
            assert found == expected, kind
        assert not list((spark.path / "lake" / "working").iterdir())


def snapshots(lake: Path, kind: str) -> list[list[dict[str, Any]]]:
    """The rows of the files of a kind, in the order of their nights."""
    files = sorted((lake / "snapshots" / kind).glob("*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    return [pq.read_table(path).to_pylist() for path in files]
