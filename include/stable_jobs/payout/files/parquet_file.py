"""A list as Parquet: exact values and types, nothing escaped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.payout.files.measure import measured
from stable_jobs.payout.files.rows import ordered_sql
from stable_jobs.payout.table import ListTable, Sum
from stable_jobs.store.engine import quote_literal

if TYPE_CHECKING:
    import duckdb

OPTIONS = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880"


def write(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> None:
    """Write the list's rows to a new file; the same rows give the same bytes."""
    con.execute(f"COPY ({ordered_sql(table)}) TO {quote_literal(str(path))} ({OPTIONS})")


def measure(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> Sum:
    """Count and total by the file itself."""
    return measured(con, table, f"read_parquet({quote_literal(str(path))})")
