"""The tables of a decision while it is made: read from files, written down as views, or computed once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING
from uuid import uuid4

from stable_jobs.store.engine import quote_identifier, read_parquet_sql

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis import DataType, Schema
    from ibis.backends import BaseBackend


class Working:
    """Tables and views of one engine under names of their own, until `drop`. This class is DuckDB's.

    An expression that is read by several is computed once (`materialize`), or written down once (`named`):
    writing a statement from an Ibis expression costs more than running it, and grows faster than it.
    Neither uses Ibis's own `create_table`, `cache` or `read_parquet`: those ask the engine, statement by
    statement, for the types that the expression already has. `cache` also drops its table whenever Python
    collects it, and `drop_table` of ibis 12 with sqlglot 30 leaves out the table's name.
    """

    def __init__(self, backend: BaseBackend) -> None:
        self.backend = backend
        self._names: list[tuple[str, str]] = []

    def materialize(self, table: ir.Table) -> ir.Table:
        """Compute the table now and give it back as one of the engine, in the types that it has in Ibis."""
        self.backend._run_pre_execute_hooks(table)  # registers its in-memory tables
        statement = self.backend.compile(table)
        made = self.empty(table.schema())
        self.backend.raw_sql(f"INSERT INTO {made.get_name()} {statement}")
        return made

    def empty(self, schema: Schema) -> ir.Table:
        """A table of these columns and types without rows."""
        name, schema = self._new("TABLE"), nullable(schema)
        columns = ", ".join(f"{quote_identifier(c)} {engine_type(t)}" for c, t in schema.items())
        self.backend.raw_sql(f"CREATE TEMP TABLE {name} ({columns})")
        return self._table(name, schema)

    def named(self, table: ir.Table) -> ir.Table:
        """The table under a name of its own, computed by whatever reads it.

        It must rest on tables of the engine alone, no in-memory one.
        """
        name = self._new("VIEW")
        self.backend.raw_sql(f"CREATE TEMP VIEW {name} AS {self.backend.compile(table)}")
        return self._table(name, nullable(table.schema()))

    def files(self, paths: Iterable[str], columns: Mapping[str, str]) -> ir.Table:
        """Exactly these columns of Parquet files; no file: no rows. Same path order, same rows."""
        import ibis

        schema, found = ibis.schema(dict(columns)), sorted(set(paths))
        name = self._new("VIEW")
        cells = (
            f"CAST({quote_identifier(c) if found else 'NULL'} AS {engine_type(t)})" for c, t in schema.items()
        )
        selected = ", ".join(
            f"{cell} AS {quote_identifier(c)}" for cell, c in zip(cells, columns, strict=True)
        )
        source = f"FROM {read_parquet_sql(found)}" if found else "WHERE false"
        self.backend.raw_sql(f"CREATE TEMP VIEW {name} AS SELECT {selected} {source}")
        return self._table(name, schema)

    def failing(self, texts: ir.Table, condition: str) -> list[str]:
        """The texts, sorted, for which a condition in DuckDB's SQL is not true.

        texts: a working table of one text column, by whose name the condition speaks of it.
        """
        (column,) = texts.columns
        asked = f"SELECT {column} FROM {texts.get_name()} WHERE NOT coalesce({condition}, false)"  # noqa: S608
        return sorted(row[0] for row in self.backend.raw_sql(asked).fetchall())

    def drop(self) -> None:
        """Drop everything that was made here, the last first."""
        while self._names:
            kind, name = self._names.pop()
            self.backend.raw_sql(f"DROP {kind} IF EXISTS {name}")

    def _new(self, kind: str) -> str:
        name = f"working_{uuid4().hex}"
        self._names.append((kind, name))
        return name

    def _table(self, name: str, schema: Schema) -> ir.Table:
        import ibis.expr.operations as ops

        place = ops.Namespace(catalog="temp", database="main")
        return ops.DatabaseTable(name, schema=schema, source=self.backend, namespace=place).to_expr()


@contextmanager
def working_tables(backend: BaseBackend) -> Iterator[Working]:
    """Working tables of the backend's engine that are dropped when the block ends."""
    working: Working
    if backend.name == "pyspark":
        from stable_jobs.store.spark_backend import SparkWorking

        working = SparkWorking(backend)
    else:
        working = Working(backend)
    try:
        yield working
    finally:
        working.drop()


def nullable(schema: Schema) -> Schema:
    """The same columns, each of which may be empty."""
    import ibis

    return ibis.schema({name: kind(nullable=True) for name, kind in schema.items()})


@cache
def engine_type(kind: DataType) -> str:
    """DuckDB's name of a type of Ibis."""
    from ibis.backends.sql.datatypes import DuckDBType

    return str(DuckDBType.to_string(kind))
