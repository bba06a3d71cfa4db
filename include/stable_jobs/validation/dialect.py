"""A SQLAlchemy dialect through which Great Expectations works on DuckDB.

Great Expectations does not know DuckDB. Two things make every expectation work (measured on version 1.24):
it reads a result after it gave its connection back, so a result must be whole in memory when its statement
has run; and it picks regular expressions and the like by the dialect's name, of which PostgreSQL's fit.

This module imports DuckDB and SQLAlchemy on top: SQLAlchemy loads it by its entry point
(`duckdb.stable_jobs`), and nothing that is imported at start-up imports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duckdb_sqlalchemy import ConnectionWrapper, Dialect, DuckDBExecutionContext
from sqlalchemy import create_engine
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.pool import StaticPool

if TYPE_CHECKING:
    import duckdb
    from sqlalchemy import Engine

URL = "duckdb+stable_jobs://"


class BufferedExecutionContext(DuckDBExecutionContext):
    """Reads every result whole as soon as its statement has run.

    Fit for counts and short lists, which is what an expectation asks for; failing rows stay in the engine.
    """

    def post_exec(self) -> None:
        """Replace the cursor's fetch strategy by rows in memory."""
        super().post_exec()  # type: ignore[no-untyped-call]  # SQLAlchemy left it untyped
        if self.cursor is not None and self.cursor.description:
            self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(
                self.cursor, initial_buffer=self.cursor.fetchall()
            )


class BufferedDuckDBDialect(Dialect):
    """DuckDB with buffered results under PostgreSQL's name."""

    name = "postgresql"
    driver = "stable_jobs"
    supports_statement_cache = True
    execution_ctx_cls = BufferedExecutionContext


class BorrowedConnection(ConnectionWrapper):
    """A DuckDB connection that belongs to the caller: the pool may drop it, never close it."""

    def close(self) -> None:
        """Leave the caller's connection open."""


def engine_options(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The options of `create_engine(URL, …)` that make `con` its only connection."""
    return {"creator": lambda: BorrowedConnection(con), "poolclass": StaticPool}


def engine_over(con: duckdb.DuckDBPyConnection) -> Engine:
    """A SQLAlchemy engine over `con`, so that it sees its temporary tables and views."""
    return create_engine(URL, **engine_options(con))
