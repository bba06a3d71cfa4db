"""Results that several queries read, computed once and dropped again with the decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

Hold = Callable[[Any], Any]
"""Computes a table now and gives it back as a working table of the engine."""


@contextmanager
def working_tables(backend: BaseBackend) -> Iterator[Hold]:
    """Working tables that live until the block ends.

    Not `Table.cache()`: that drops its table whenever Python collects it, also after the connection is
    closed. Not `drop_table`: ibis 12 with sqlglot 30 writes it without the table's name. The names are ours.
    """
    names: list[str] = []

    def hold(table: Any) -> Any:
        name = f"working_{uuid4().hex}"
        made = backend.create_table(name, table, temp=True)
        names.append(name)
        return made

    try:
        yield hold
    finally:
        for name in names:
            backend.raw_sql(f"DROP TABLE IF EXISTS {name}")


def step(table: ir.Table, **columns: Any) -> ir.Table:
    """The table with these columns, computed once: what builds on them names them.

    A plain `mutate` is merged into the next one by writing the expressions out again wherever they are used;
    a dozen such steps grow the query a hundredfold.
    """
    return table.mutate(**columns).view()


def rows_of(table: ir.Table) -> list[dict[str, Any]]:
    """A small result as plain rows: what is counted, listed or explained, never the units of a night."""
    return list(table.to_pyarrow().to_pylist())


def count_of(table: ir.Table) -> int:
    """How many rows a table has."""
    return int(rows_of(table.aggregate(rows=table.count()))[0]["rows"])
