from __future__ import annotations

import threading
from collections.abc import Iterator

import duckdb
import pytest

from stable_jobs.store.engine import in_threads

Connection = duckdb.DuckDBPyConnection
LONG = "SELECT sum(hash(a.range + b.range)) FROM range(10_000_000) AS a, range(100_000) AS b"


@pytest.fixture
def con() -> Iterator[Connection]:
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("CREATE TABLE shared AS SELECT 7 AS seven")
        yield connection


@pytest.mark.parametrize(
    "items",
    [
        pytest.param([], id="none"),
        pytest.param([3], id="one"),
        pytest.param([5, 1, 4, 2, 9], id="more-than-threads"),
    ],
)
def test_results_come_in_the_items_order(con: Connection, items: list[int]) -> None:
    def work(own: Connection, item: int) -> int:
        row = own.execute("SELECT seven * ? FROM shared", [item]).fetchone()
        assert row is not None
        return int(row[0])

    assert in_threads(con, work, items) == [7 * item for item in items]


def test_as_many_at_once_as_the_engine_has_threads(con: Connection) -> None:
    met = threading.Barrier(2, timeout=30)
    cursors: set[int] = set()

    def work(own: Connection, _: int) -> None:
        cursors.add(id(own))
        met.wait()

    in_threads(con, work, range(4))
    assert len(cursors) == 2
    assert id(con) not in cursors


def test_meanwhile_runs_in_the_callers_thread_while_the_work_waits(con: Connection) -> None:
    called = threading.Event()
    threads: list[threading.Thread] = []

    def meanwhile() -> None:
        threads.append(threading.current_thread())
        called.set()

    assert in_threads(con, lambda _own, _item: called.wait(30), [1, 2], meanwhile) == [True, True]
    assert threads == [threading.current_thread()]


def test_the_first_error_begins_nothing_more(con: Connection) -> None:
    begun: list[int] = []

    def work(_own: Connection, item: int) -> None:
        begun.append(item)
        threading.Event().wait(0.01)
        raise ValueError(f"item {item}")

    with pytest.raises(ValueError, match="item 0"):
        in_threads(con, work, range(1_000))
    assert len(begun) < 1_000


def test_being_told_to_end_interrupts_what_runs(con: Connection) -> None:
    running = threading.Event()
    ended: list[str] = []

    def work(own: Connection, _: int) -> None:
        running.set()
        try:
            own.execute(LONG).fetchall()
        except duckdb.InterruptException:
            ended.append("interrupted")

    def told_to_end() -> None:
        assert running.wait(30)
        threading.Event().wait(0.2)  # the statement begins after the flag
        raise SystemExit(143)

    with pytest.raises(SystemExit):
        in_threads(con, work, [1], told_to_end)
    assert ended == ["interrupted"]
