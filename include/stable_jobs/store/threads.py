"""Several pieces of work at once over one engine, each on a connection of its own.

The engine gives way to other threads while it runs, so two statements that use one processor each take the
time of one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import duckdb

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(
    con: duckdb.DuckDBPyConnection,
    work: Callable[[duckdb.DuckDBPyConnection, Item], Result],
    items: Sequence[Item],
    meanwhile: Callable[[], object] = lambda: None,
) -> list[Result]:
    """`work(cursor, item)` for every item, as many at once as the engine has threads; in the items' order.

    A cursor sees the engine's files and limits, but not the temporary tables of `con`. `meanwhile` runs in
    this thread. The first error, or a signal, interrupts what runs, begins nothing more, and is raised.
    """
    free: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()

    def one(item: Item) -> Result:
        own = free.get()
        try:
            return work(own, item)
        finally:
            free.put(own)

    with ExitStack() as stack:
        cursors = [stack.enter_context(con.cursor()) for _ in range(_threads(con))]
        for cursor in cursors:
            free.put(cursor)
        pool = stack.enter_context(ThreadPoolExecutor(len(cursors), "engine"))
        try:
            results = [pool.submit(one, item) for item in items]
            meanwhile()
            return [result.result() for result in results]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for cursor in cursors:
                cursor.interrupt()
            raise


def _threads(con: duckdb.DuckDBPyConnection) -> int:
    ((threads,),) = con.execute("SELECT current_setting('threads')").fetchall()
    return int(threads)
