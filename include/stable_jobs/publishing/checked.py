"""A list's files: each written, then read back and compared with what the list must say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.errors import StepError
from stable_jobs.publishing.files import csv_file, parquet_file, workbook
from stable_jobs.publishing.table import Kind, ListTable, Sum

if TYPE_CHECKING:
    import duckdb

Writer = Callable[["duckdb.DuckDBPyConnection", ListTable, Path], None]
Measurer = Callable[["duckdb.DuckDBPyConnection", ListTable, Path], Sum]

FORMATS: Mapping[str, tuple[Writer, Measurer]] = {
    "csv": (csv_file.write, csv_file.measure),
    "parquet": (parquet_file.write, parquet_file.measure),
    "xlsx": (workbook.write, workbook.measure),
}


class SumDiffers(StepError):
    """A written file says another count or total than its list."""


def write_checked(con: duckdb.DuckDBPyConnection, table: ListTable, work: Path) -> dict[str, Sum]:
    """Write the list in all its formats into a workspace of the folder it is for; file name → what it says.

    SumDiffers where a file's own count or total is not the expected one.
    """
    paths = {ending: work / f"{table.name}.{ending}" for ending in table.formats}
    return {
        path.name: checked_sum(path, table.expected, _write(con, table, path, end))
        for end, path in paths.items()
    }


def checked_sum(path: Path, expected: Sum, found: Sum) -> Sum:
    """What a written file says of itself; SumDiffers where that is not the expected."""
    if found != expected:
        raise SumDiffers(
            f"{path.name} of {path.parents[2].name} says {found.count} and {found.total} yuan,"
            f" expected are {expected.count} and {expected.total}; nothing was published"
        )
    return found


def fits_workbook(table: ListTable, workbook_rows: int) -> bool:
    """False for a list of more rows than a workbook may have."""
    return table.lines <= min(workbook_rows, workbook.MOST_ROWS)


def without(table: ListTable, names: Collection[str]) -> ListTable:
    """The list in its formats but those of the files named."""
    kept = tuple(ending for ending in table.formats if f"{table.name}.{ending}" not in names)
    return replace(table, formats=kept)


def _write(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path, ending: str) -> Sum:
    write, measure = FORMATS[ending]
    write(con, table, path)
    return replace(measure(con, table, path), inert=_inert(table, ending))


def _inert(table: ListTable, ending: str) -> tuple[str, ...]:
    """Parquet has every text as it was sent."""
    return () if ending == "parquet" else tuple(table.header(c) for c in table.columns if c.kind is Kind.TEXT)
