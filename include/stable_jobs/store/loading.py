"""Rows between the engine and the database in bulk: CSV streams through COPY, never row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from stable_jobs.store.engine import quote_identifier, quote_literal

if TYPE_CHECKING:
    import duckdb

BLOCK = 1 << 20


def temporary_table(connection: Connection, name: str, columns: Mapping[str, str]) -> None:
    """An empty table of this transaction: column → PostgreSQL type. One of that name is dropped."""
    spelled = ", ".join(f"{quote_identifier(column)} {kind}" for column, kind in columns.items())
    connection.execute(text(f"DROP TABLE IF EXISTS pg_temp.{quote_identifier(name)}"))
    connection.execute(text(f"CREATE TEMPORARY TABLE {quote_identifier(name)} ({spelled}) ON COMMIT DROP"))


def load_rows(connection: Connection, name: str, rows: Iterable[Sequence[Any]]) -> None:
    """A few rows of plain values into a table, in the order of its columns."""
    with _cursor(connection).copy(f"COPY {quote_identifier(name)} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def load_from_engine(
    connection: Connection, name: str, duck: duckdb.DuckDBPyConnection, query: str, work: Path
) -> None:
    """Copy the engine's answer into a table of the same columns; `work` is a folder for the stream."""
    path = work / f"{name}.csv"
    options = "FORMAT csv, HEADER false, QUOTE '\"', ESCAPE '\"', NULLSTR '', FORCE_QUOTE *"
    try:
        duck.execute(f"COPY ({query}) TO {quote_literal(str(path))} ({options})")
        with (
            path.open("rb") as source,
            _cursor(connection).copy(f"COPY {quote_identifier(name)} FROM STDIN (FORMAT csv)") as copy,
        ):
            while block := source.read(BLOCK):
                copy.write(block)
    finally:
        path.unlink(missing_ok=True)
    connection.execute(text(f"ANALYZE {quote_identifier(name)}"))


def unload(connection: Connection, query: str, path: Path) -> None:
    """The query's rows as CSV with a header: every text quoted, NULL empty and unquoted."""
    with (
        path.open("wb") as target,
        _cursor(connection).copy(
            f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER true, FORCE_QUOTE *)"
        ) as copy,
    ):
        for block in copy:
            target.write(block)


def csv_source(path: Path, columns: Mapping[str, str]) -> str:
    """A table expression of the engine over a file that `unload` wrote: column → engine type."""
    types = ", ".join(f"{quote_literal(name)}: {quote_literal(kind)}" for name, kind in columns.items())
    spelled = "delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false"
    head = f"{quote_literal(str(path))}, header = true, auto_detect = false"
    return f"read_csv({head}, {spelled}, columns = {{{types}}})"


def _cursor(connection: Connection) -> Any:
    """The driver's cursor: SQLAlchemy has no COPY."""
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    return driver.cursor()
