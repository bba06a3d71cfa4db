"""DuckDB in process: one bounded connection per step, several threads over it, and the quoting of SQL.

And the choice of the engine that computes a decision: that DuckDB, or Spark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from stable_jobs.settings import Settings

if TYPE_CHECKING:
    import duckdb
    from ibis.backends import BaseBackend


# --- Connections ---
# SQL is quoted nowhere but here.


def connect(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A fresh in-memory DuckDB within the settings' memory and threads, spilling to disk under the home.

    Each connection spills to a folder of its own, since DuckDB's spill files have fixed names. A lake that
    is not a local folder is registered, so that its paths can be read and written.
    """
    import duckdb

    connection = duckdb.connect(":memory:", config=_config(settings))
    if "://" in settings.lake_url:
        import fsspec

        connection.register_filesystem(fsspec.core.url_to_fs(settings.lake_url)[0])
    return connection


def _config(settings: Settings) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "memory_limit": settings.memory_limit,
        "threads": settings.threads,
        "temp_directory": str(_spill_folder(settings)),
        "preserve_insertion_order": True,
        "autoinstall_known_extensions": False,
    }


def _spill_folder(settings: Settings) -> Path:
    parent = settings.scratch_root
    parent.mkdir(parents=True, exist_ok=True)
    return parent / f"duckdb-{uuid4().hex}"


def quote_identifier(name: str) -> str:
    """`a"b` → `"a""b"`. ValueError for a name that SQL cannot carry (empty, or with a NUL)."""
    if not name or "\0" in name:
        raise ValueError(f"not an SQL identifier: {name!r}")
    return '"' + name.replace('"', '""') + '"'


def quote_literal(value: str) -> str:
    """`a'b` → `'a''b'`. ValueError for a text with a NUL."""
    if "\0" in value:
        raise ValueError(f"not an SQL text: {value!r}")
    return "'" + value.replace("'", "''") + "'"


def read_parquet_sql(paths: Sequence[str]) -> str:
    """A table expression over Parquet files, in the order given: `read_parquet(['…', '…'])`.

    ValueError if there are none: an empty list has no columns.
    """
    if not paths:
        raise ValueError("no Parquet files to read")
    return f"read_parquet([{', '.join(map(quote_literal, paths))}])"


# --- The engine of a decision ---


@dataclass(frozen=True)
class Computing:
    """Where facts, decision and comparison are computed: a connection of DuckDB, or Spark if settings say so.

    The backend is opened when it is first asked for; `close` ends what was opened, but not the connection.
    """

    con: duckdb.DuckDBPyConnection
    settings: Settings | None = None

    @cached_property
    def backend(self) -> BaseBackend:
        """The engine as Ibis sees it. UsageError or StepError where Spark cannot be had."""
        if self.settings is not None and self.settings.engine == "spark":
            from stable_jobs.store.spark import open_spark

            return open_spark(self.settings, self.con)
        import ibis

        return ibis.duckdb.from_connection(self.con)

    def close(self) -> None:
        """End the session with Spark, if there is one."""
        opened = vars(self).pop("backend", None)
        if opened is not None and opened.name == "pyspark":
            from stable_jobs.store.spark import close_spark

            close_spark(opened)


# --- Threads ---
# Several pieces of work at once over one engine, each on a connection of its own.
#
# The engine gives way to other threads while it runs, so two statements that use one processor each take the
# time of one.

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
