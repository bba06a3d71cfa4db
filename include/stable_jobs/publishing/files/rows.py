"""The rows of a list as SQL, before a format writes them."""

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal

from __future__ import annotations

from collections.abc import Callable

from stable_jobs.publishing.files.text import inert, visible
from stable_jobs.publishing.table import Kind, ListTable
from stable_jobs.store.engine import quote_identifier


def ordered_sql(table: ListTable) -> str:
    """All rows in the list's order, columns by name, values as they are.

    Sorted before the columns are made: `ORDER BY` would take a column's new meaning for its old name.
    """
    columns = ", ".join(f"{c.sql} AS {quote_identifier(c.name)}" for c in table.columns)
    return f"SELECT {columns} FROM (SELECT * {table.source} ORDER BY {table.order})"


def changed_sql(table: ListTable, kind: Kind, change: Callable[[str], str], source: str) -> str:
    """`source` with every column of one kind replaced by what `change` makes of it."""
    names = [quote_identifier(c.name) for c in table.columns if c.kind is kind]
    replaced = ", ".join(f"{change(name)} AS {name}" for name in names)
    return f"SELECT * REPLACE ({replaced}) FROM ({source})" if names else source


def inert_sql(table: ListTable) -> str:
    """All rows with foreign text visible and inert: for a format that has no text type."""
    shown = changed_sql(table, Kind.TEXT, visible, ordered_sql(table))
    return changed_sql(table, Kind.WORD, _no_empty, changed_sql(table, Kind.TEXT, inert, shown))


def _no_empty(name: str) -> str:
    return f"nullif({name}, '')"
