"""Which decisions there are to compare, and the rows that differ, page by page."""

# ruff: noqa: S608 - the path in SQL goes through read_parquet_sql, the rest is this module's own

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from stable_jobs.review.differences import Pair
from stable_jobs.review.grid import Grid, Order
from stable_jobs.review.queries.nights import decision_of
from stable_jobs.store.engine import read_parquet_sql
from stable_jobs.store.snapshots import earlier_of_date

if TYPE_CHECKING:
    import duckdb

COLUMNS: Mapping[str, str] = {
    "region": "region_code",
    "unit": "unit_name",
    "kind": "change",
    "payable_before": "CASE WHEN is_taken_before THEN payable_before END",
    "payable_after": "CASE WHEN is_taken_after THEN payable_after END",
    "difference": "payable_difference",
    "size": "abs(payable_difference)",
}
"""What the rows may be sorted by."""


@dataclass(frozen=True)
class Which:
    """Of which rows; empty: of all. reason: a code on one of both sides."""

    region: str = ""
    kind: str = ""
    reason: str = ""


def pair_of(connection: Connection, on: date, against: date) -> Pair | None:
    """The newest decisions of both dates; of one and the same date that and the one before it.

    None where one of them is missing.
    """
    after = decision_of(connection, on)
    if after is None:
        return None
    if on == against:
        before = earlier_of_date(connection, after.eligibility)
    else:
        found = decision_of(connection, against)
        before = found.eligibility if found else None
    return Pair(before, after.eligibility) if before else None


def rows(duck: duckdb.DuckDBPyConnection, path: Path, which: Which, order: Order) -> Grid:
    """One page of the rows that differ."""
    source = read_parquet_sql([str(path)])
    where = """
        ($region = '' OR region_code = $region) AND ($kind = '' OR change = $kind)
          AND ($reason = '' OR list_contains(string_split(
              concat_ws(';', reasons_before, reasons_after), ';'), $reason))
    """
    total = duck.execute(f"SELECT count(*) FROM {source} WHERE {where}", vars(which)).fetchone()
    found = duck.execute(
        f"""
        SELECT region_code, uscc, scheme, unit_name, change, decision_before, decision_after,
               string_split(coalesce(reasons_before, ''), ';') AS reasons_before,
               string_split(coalesce(reasons_after, ''), ';') AS reasons_after,
               CASE WHEN is_taken_before THEN payable_before END AS payable_before,
               CASE WHEN is_taken_after THEN payable_after END AS payable_after, payable_difference
        FROM {source} {order.rows_sql(COLUMNS, source, where)}
        """,
        vars(which),
    )
    names = [column[0] for column in found.description or ()]
    listed: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return Grid(listed, total[0] if total else 0, order)
