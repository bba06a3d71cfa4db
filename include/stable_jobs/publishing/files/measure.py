"""What a written file says of itself, asked with the list's own aggregates."""

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from stable_jobs.publishing.table import ListTable, Sum

if TYPE_CHECKING:
    import duckdb


def measured(con: duckdb.DuckDBPyConnection, table: ListTable, source: str) -> Sum:
    """Count and total (yuan) over a table expression that has the list's columns."""
    asked = f"SELECT {table.count_sql}, {table.total_sql or 'NULL'} FROM {source}"
    ((count, total),) = con.execute(asked).fetchall()
    return Sum(int(count), None if total is None else Decimal(total))
