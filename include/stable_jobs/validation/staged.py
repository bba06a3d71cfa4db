"""The temporary relations that rules read: staged rows, known regions, registered codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stable_jobs.contracts.model import Column
from stable_jobs.regions import around, known_codes
from stable_jobs.store.engine import quote_identifier, quote_literal, read_parquet_sql

if TYPE_CHECKING:
    import duckdb


def open_staged(
    con: duckdb.DuckDBPyConnection, paths: Sequence[str], registered: Sequence[tuple[str, str]] = ()
) -> None:
    """Make the temporary relations the rules read.

    The view `staged`, the tables `known_regions (code)` and `registered_codes (code, region)`. A registered
    code counts in its region, in those below it, and in rows about the enterprise sent for one above.
    """
    con.execute(f"CREATE OR REPLACE TEMP VIEW staged AS SELECT * FROM {read_parquet_sql(paths)}")  # noqa: S608 - quoted
    con.execute(
        "CREATE OR REPLACE TEMP TABLE known_regions AS SELECT unnest(?) AS code", [sorted(known_codes())]
    )
    pairs = [(code, place) for region, code in registered for place in around(region)]
    con.execute(
        "CREATE OR REPLACE TEMP TABLE registered_codes AS "
        "SELECT unnest(?::VARCHAR[]) AS code, unnest(?::VARCHAR[]) AS region",
        [[code for code, _ in pairs], [region for _, region in pairs]],
    )


def as_sent(column: Column) -> str:
    """SQL of the column as it was sent: the raw text where staging changed it, else the staged value."""
    name = quote_identifier(column.name)
    pointer = quote_literal(f'$."{column.name}"')
    return f"coalesce(json_extract_string(raw, {pointer}), CAST({name} AS VARCHAR))"
