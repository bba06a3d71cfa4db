"""The figures of two decisions side by side, counted in the engine: only sums and ten rows leave it."""

# ruff: noqa: S608 - every path in SQL goes through read_parquet_sql

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stable_jobs.compare import changes, summary
from stable_jobs.messages.decision import REASON
from stable_jobs.report.comparison import (
    Baseline,
    KindLine,
    LargestChange,
    ReasonChange,
    RegionChanges,
)
from stable_jobs.report.words import place_of
from stable_jobs.store.engine import read_parquet_sql
from stable_jobs.words import Words

if TYPE_CHECKING:
    import duckdb

LARGEST = 10
Names = Mapping[str, Words]


@dataclass(frozen=True)
class Differences:
    """Parquet files: the rows that differ (`compare.changes`), and their sums (`compare.summary`)."""

    rows: Path
    sums: Path


def write_differences(con: duckdb.DuckDBPyConnection, before: str, after: str, stem: Path) -> Differences:
    """Compare two eligibility tables (Parquet paths) into `<stem>_rows.parquet` and `<stem>_sums.parquet`."""
    import ibis

    backend = ibis.duckdb.from_connection(con)
    found = Differences(*(stem.with_name(f"{stem.name}_{what}.parquet") for what in ("rows", "sums")))
    changes(backend.read_parquet(before), backend.read_parquet(after)).to_parquet(str(found.rows))
    summary(backend.read_parquet(str(found.rows))).to_parquet(str(found.sums))
    return found


def baseline_figures(
    con: duckdb.DuckDBPyConnection,
    business_date: date,
    before: str,
    after: str,
    found: Differences,
    names: Names,
) -> Baseline:
    """What the report shows of a comparison with an earlier decision of `business_date`."""
    return Baseline(
        business_date=business_date,
        regions=_regions(con, _codes(con, before), _codes(con, after), found, names),
        reasons=_reasons(con, found),
        largest=_largest(con, found, names),
    )


def _regions(
    con: duckdb.DuckDBPyConnection, before: set[str], after: set[str], found: Differences, names: Names
) -> tuple[RegionChanges, ...]:
    lines = defaultdict(list)
    sums = read_parquet_sql([str(found.sums)])
    asked = f"SELECT region_code, change, rows, payable_before, payable_after FROM {sums} ORDER BY ALL"
    for code, *line in con.execute(asked).fetchall():
        lines[code].append(KindLine(*line))
    return tuple(
        RegionChanges(place_of(code, names), tuple(of), code in before, code in after)
        for code, of in lines.items()
    )


def _codes(con: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    """The regions that have rows."""
    found = con.execute(f"SELECT DISTINCT region_code FROM {read_parquet_sql([table])}")
    return {code for (code,) in found.fetchall()}


def _reasons(con: duckdb.DuckDBPyConnection, found: Differences) -> tuple[ReasonChange, ...]:
    """Reasons by how many rows have them now and not before, or the other way round; most first.

    A row that is missing on a side has no reasons there.
    """
    new, old = (
        "list_filter(b, lambda r: NOT list_contains(a, r))",
        "list_filter(a, lambda r: NOT list_contains(b, r))",
    )
    asked = f"""
        WITH sides AS (
            SELECT string_split(coalesce(reasons_before, ''), ';') AS a,
                   string_split(coalesce(reasons_after, ''), ';') AS b
            FROM {read_parquet_sql([str(found.rows)])}
        ), moved AS (
            SELECT unnest({new}) AS reason, 1 AS gained, 0 AS lost FROM sides
            UNION ALL SELECT unnest({old}), 0, 1 FROM sides
        )
        SELECT reason, sum(gained)::BIGINT, sum(lost)::BIGINT FROM moved WHERE reason <> ''
        GROUP BY reason ORDER BY count(*) DESC, reason
    """
    return tuple(ReasonChange(code, reason_sentence(code), *n) for code, *n in con.execute(asked).fetchall())


def reason_sentence(code: str) -> Words:
    """An earlier night may have a reason that the code no longer knows: it is its own sentence."""
    return REASON.get(code) or Words(code, code)


def _largest(con: duckdb.DuckDBPyConnection, found: Differences, names: Names) -> tuple[LargestChange, ...]:
    """The rows with the most yuan of difference, up or down."""
    asked = con.execute(f"""
        SELECT region_code, uscc, unit_name, scheme, change AS kind, decision_before, decision_after,
               CASE WHEN is_taken_before THEN payable_before END AS payable_before,
               CASE WHEN is_taken_after THEN payable_after END AS payable_after
        FROM {read_parquet_sql([str(found.rows)])} WHERE payable_difference <> 0
        ORDER BY abs(payable_difference) DESC, region_code, uscc, scheme LIMIT {LARGEST}
    """)
    columns = [column[0] for column in asked.description or ()]
    rows = [dict(zip(columns, row, strict=True)) for row in asked.fetchall()]
    return tuple(_large(row, names) for row in rows)


def _large(row: dict[str, Any], names: Names) -> LargestChange:
    return LargestChange(place=place_of(row.pop("region_code"), names), **row)
