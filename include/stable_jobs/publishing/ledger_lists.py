"""Lists whose rows are the ledger's: asked there once, then written and checked as every other list."""

# ruff: noqa: S608 - every path and text in SQL goes through quote_literal

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from stable_jobs.publishing.checked import fits_workbook, without, write_checked
from stable_jobs.publishing.manifest import file_entry, workbooks_entry
from stable_jobs.publishing.publish import Published, publish_folder
from stable_jobs.publishing.table import ListTable, Sum
from stable_jobs.publishing.words import DEMONSTRATION, where
from stable_jobs.publishing.workspace import workspace
from stable_jobs.store.engine import quote_literal
from stable_jobs.store.loading import csv_source, unload

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Rows:
    """Rows of the ledger as the engine reads them. total: yuan."""

    source: str
    count: int
    total: Decimal

    @property
    def sum(self) -> Sum:
        """What each list of all these rows must say."""
        return Sum(self.count, self.total)

    def where(self, con: duckdb.DuckDBPyConnection, condition: str) -> Rows:
        """Those that fulfil an SQL condition."""
        return measured(con, f"(FROM {self.source} WHERE {condition})")

    def of(self, con: duckdb.DuckDBPyConnection, column: str, value: str) -> Rows:
        """Those of one region, batch, …."""
        return self.where(con, f"{column} = {quote_literal(value)}")

    def different(self, con: duckdb.DuckDBPyConnection, column: str) -> list[str]:
        """The column's values, each once, in order."""
        asked = con.execute(f"SELECT DISTINCT {column} FROM {self.source} ORDER BY 1")
        return [value for (value,) in asked.fetchall()]


def ledger_rows(
    con: duckdb.DuckDBPyConnection, connection: Connection, query: str, columns: Mapping[str, str], work: Path
) -> Rows:
    """The query's rows, kept as Parquet in `work`.

    columns: name → engine type, with `amount` in yuan among them.
    """
    plain, kept = work / "rows.csv", work / "rows.parquet"
    unload(connection, query, plain)
    con.execute(f"COPY (FROM {csv_source(plain, columns)}) TO {quote_literal(str(kept))} (FORMAT parquet)")
    plain.unlink()
    return measured(con, f"read_parquet({quote_literal(str(kept))})")


def measured(con: duckdb.DuckDBPyConnection, source: str) -> Rows:
    """Count and yuan of a table expression with an `amount`."""
    asked = f"SELECT count(*), coalesce(sum(amount), 0)::DECIMAL(38, 2) FROM {source}"
    ((count, total),) = con.execute(asked).fetchall()
    return Rows(source, count, total)


@dataclass(frozen=True)
class Place:
    """Where a folder of lists belongs: what stands above a workbook's header and in the manifest."""

    region_code: str
    business_date: date
    names: tuple[str, str]
    is_demo: bool
    about: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Above a workbook's header."""
        line = where(self.names, self.region_code, self.business_date)
        return (line, *self.about, *((DEMONSTRATION,) if self.is_demo else ()))


def publish_tables(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    tables: Sequence[ListTable],
    place: Place,
    workbook_rows: int,
    **said: Any,
) -> Published:
    """Write the lists, check each, publish them with a manifest that says `said` too; equal: nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    csv_only = [
        f"{t.name}.xlsx" for t in tables if "xlsx" in t.formats and not fits_workbook(t, workbook_rows)
    ]
    with workspace(folder) as work:
        sums: dict[str, Sum] = {}
        for table in tables:
            sums |= write_checked(con, without(table, csv_only), work)
        manifest = {
            "business_date": place.business_date.isoformat(),
            "region_code": place.region_code,
            "region": dict(zip(("zh", "en"), place.names, strict=True)),
            "demonstration": DEMONSTRATION if place.is_demo else None,
            **said,
            "files": {name: file_entry(found) for name, found in sums.items()},
            "workbooks": workbooks_entry(csv_only, workbook_rows),
        }
        return publish_folder(folder, {name: work / name for name in sums}, manifest)
