"""A list as CSV. For people: UTF-8 with BOM and CRLF, so that a spreadsheet reads the Chinese.

For machines: neither. Comma, `"` doubled inside quotes, quoted only where needed, one line per row: line
breaks inside text are made visible.
"""

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.publishing.files.measure import measured
from stable_jobs.publishing.files.rows import inert_sql
from stable_jobs.publishing.table import ListTable, Sum
from stable_jobs.store.engine import quote_identifier, quote_literal

if TYPE_CHECKING:
    import duckdb

BOM = b"\xef\xbb\xbf"
BLOCK = 1 << 20
DIALECT = "FORMAT csv, HEADER true, DELIMITER ',', QUOTE '\"', ESCAPE '\"'"


def write(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> None:
    """Write the list's rows to a new file; the same rows give the same bytes."""
    headers = (f"{quote_identifier(c.name)} AS {quote_identifier(table.header(c))}" for c in table.columns)
    rows = f"SELECT {', '.join(headers)} FROM ({inert_sql(table)})"
    plain = path.with_suffix(".plain") if table.is_for_people else path
    con.execute(f"COPY ({rows}) TO {quote_literal(str(plain))} ({DIALECT})")
    if table.is_for_people:
        _for_people(plain, path)


def measure(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> Sum:
    """Count and total by the file itself."""
    columns = ", ".join(f"{quote_literal(c.name)}: 'VARCHAR'" for c in table.columns)
    reader = f"read_csv({quote_literal(str(path))}, header = true, auto_detect = false, delim = ',', "
    return measured(con, table, reader + f"quote = '\"', escape = '\"', columns = {{{columns}}})")


def _for_people(plain: Path, path: Path) -> None:
    with plain.open("rb") as source, path.open("wb") as target:
        target.write(BOM)
        while block := source.read(BLOCK):
            target.write(block.replace(b"\n", b"\r\n"))
    plain.unlink()
