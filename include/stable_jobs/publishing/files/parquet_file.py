"""A list as Parquet: exact values and types, nothing escaped.

The bytes follow the list's own rows and nothing else. What DuckDB's own writer makes also depends on the rows
that stood beside them in the engine: a region's file would change with another region's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.publishing.files.measure import measured
from stable_jobs.publishing.files.rows import ordered_sql
from stable_jobs.publishing.table import ListTable, Sum
from stable_jobs.store.engine import quote_literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

GROUP = 122_880
"""Rows of a row group."""


def write(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> None:
    """Write the list's rows to a new file; the same rows give the same bytes."""
    import pyarrow.parquet as pq

    rows = con.sql(ordered_sql(table)).to_arrow_reader(GROUP)
    with pq.ParquetWriter(path, rows.schema, compression="zstd", store_schema=False) as writer:
        for group in _groups(rows):
            writer.write_table(group, row_group_size=GROUP)


def measure(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> Sum:
    """Count and total by the file itself."""
    return measured(con, table, f"read_parquet({quote_literal(str(path))})")


def _groups(rows: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """The rows in groups of one piece each, however the engine cut them."""
    import pyarrow as pa

    held = rows.schema.empty_table()
    for batch in rows:
        held = pa.concat_tables([held, pa.Table.from_batches([batch])])
        while held.num_rows >= GROUP:
            yield held.slice(0, GROUP).combine_chunks()
            held = held.slice(GROUP)
    if held.num_rows:
        yield held.combine_chunks()
