"""Spark as an engine of Ibis: the few places in which it does not do as DuckDB does.

The expressions are the same ones. Where Spark or Ibis's translation for it would give another result, this
module translates otherwise, or `store.spark` sets the session so; nothing else in the package knows of
Spark. docs/how-to/run-on-spark.md lists the differences, and tests/spark has a test for each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import fsspec
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.schema as sch
import pandas
from ibis.backends.pyspark import Backend
from ibis.backends.pyspark.datatypes import PySparkSchema, PySparkType
from ibis.backends.sql.compilers.base import FALSE, NULL, STAR
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.backends.sql.datatypes import PySparkType as PySparkSqlType
from ibis.expr.operations.udf import InputType
from pyarrow import parquet
from pyspark.sql.functions import pandas_udf
from pyspark.sql.pandas.types import from_arrow_schema

from stable_jobs.store.engine import quote_identifier, quote_literal, read_parquet_sql
from stable_jobs.store.lake import OWN_FOLDER
from stable_jobs.store.working import Working, engine_type, nullable

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir
    from ibis import Schema
    from ibis.backends import BaseBackend
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import DataType

# --- Translation and backend ---


class Compiler(PySparkCompiler):  # type: ignore[misc]  # ibis has no types
    """Ibis's translation into Spark's SQL, with DuckDB's meaning where the two differ."""

    __slots__ = ()

    def visit_CountStar(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: N802 - Ibis's name
        """A count of no row is 0; Ibis's own is empty where the condition is empty in all rows of a group."""
        return self.f.count(STAR) if where is None else self.f.count_if(where)

    def visit_ArrayContains(self, op: Any, *, arg: Any, other: Any) -> Any:  # noqa: N802 - Ibis's name
        """Whether an unknown value is in a list is unknown, as in DuckDB; Ibis's own says it is not."""
        is_in = self.f.coalesce(self.f.array_contains(arg, other), FALSE)
        return self.if_(arg.is_(NULL).or_(other.is_(NULL)), NULL, is_in)

    def visit_BitOr(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: N802 - Ibis's name
        """Ibis's own has no translation."""
        return self.agg.bit_or(arg, where=where)

    def visit_BitwiseLeftShift(self, op: Any, *, left: Any, right: Any) -> Any:  # noqa: N802 - Ibis's name
        """Spark takes the number of bits as INT only."""
        return self.f.shiftleft(left, self.cast(right, dt.int32))


class SparkBackend(Backend):  # type: ignore[misc]
    """Ibis's backend over one session. Arrow goes in and out, so no integer passes through a float."""

    compiler = Compiler()

    @classmethod
    def over(cls, session: SparkSession, con: duckdb.DuckDBPyConnection, shared: str) -> SparkBackend:
        """A backend over a session.

        con: the DuckDB of this process, which writes each file. shared: a folder or URL, of this backend
        alone, that this process and every executor reach: for what is on its way into one file.
        """
        backend = cls()
        backend.do_connect(session)
        backend.con, backend.shared = con, shared.rstrip("/")
        backend._parts = {}
        if "://" not in shared:  # accounts pass through it: for its owner alone
            Path(shared).mkdir(mode=OWN_FOLDER, parents=True)
        return backend

    def close(self) -> None:
        """Remove what is under `shared`. The session goes on."""
        self.remove(self.shared)

    @staticmethod
    def remove(folder: str) -> None:
        """Remove a folder with what is in it, if it is there."""
        store, root = fsspec.core.url_to_fs(folder)
        if store.exists(root):
            store.rm(root, recursive=True)

    def computed(self, table: ir.Table) -> DataFrame:
        """The table as Spark's own, in the types that it has in Ibis; computed by whatever reads it."""
        self._run_pre_execute_hooks(table)
        kinds = table.schema().items()
        cells = ", ".join(
            f"CAST({quoted(c)} AS {PySparkSqlType.to_string(t)}) AS {quoted(c)}" for c, t in kinds
        )
        return self._session.sql(f"SELECT {cells} FROM ({self.compile(table)})")  # noqa: S608 - quoted

    def view(self, frame: DataFrame, called: str, schema: Schema | None = None) -> ir.Table:
        """The rows under a name, as a table of Ibis; in the types that Spark says unless they are given."""
        frame.createOrReplaceTempView(called)
        types = schema or sch.Schema(PySparkType.to_ibis(frame.schema))
        return ops.DatabaseTable(called, schema=nullable(types), source=self).to_expr()

    def new_folder(self) -> str:
        """A folder under `shared` that was never used."""
        return f"{self.shared}/{uuid4().hex}"

    def stored(self, table: ir.Table, folder: str) -> DataFrame:
        """Compute the table into Parquet files of that folder; the rows as read from there, in no order."""
        frame = self.computed(table)
        frame.write.parquet(url(folder))
        return self._session.read.schema(frame.schema).parquet(readable(folder))

    def read(self, paths: Sequence[str]) -> DataFrame:
        """The rows of Parquet files in the types of the first; those are read here, which takes no job."""
        store, root = fsspec.core.url_to_fs(paths[0])
        with store.open(root) as file:
            schema = from_arrow_schema(parquet.read_schema(file), prefer_timestamp_ntz=True)
        return self._session.read.schema(schema).parquet(*map(readable, paths))

    def read_parquet(self, path: str | Path, /, **kwargs: Any) -> ir.Table:
        """A file's rows; of one that this backend wrote, from the parts that it was made of."""
        known = self._parts.get(str(path))
        return self.view(self.read([str(path)]) if known is None else known, f"file_{uuid4().hex}")

    def to_parquet(self, expr: ir.Table, /, path: str | Path, **kwargs: Any) -> None:
        """Compute the table on Spark and write it as one file, in its order, as DuckDB writes files."""
        folder = self.new_folder()
        self._parts[str(path)] = self.stored(expr, folder)
        cells = ", ".join(
            f"CAST({quote_identifier(c)} AS {engine_type(t)}) AS {quote_identifier(c)}"
            for c, t in nullable(expr.schema()).items()
        )
        rows = f"SELECT {cells} FROM {read_parquet_sql(_files_of(folder))}"  # noqa: S608 - quoted
        self.con.execute(f"COPY ({rows}) TO {quote_literal(str(path))} (FORMAT parquet)")

    def to_pyarrow(self, expr: ir.Expr, /, **kwargs: Any) -> Any:
        """The rows in the types that they have in Ibis."""
        table = expr.as_table()
        rows = self.computed(table).toArrow()
        return expr.__pyarrow_result__(rows.cast(table.schema().to_pyarrow()))

    def _register_in_memory_table(self, op: ops.InMemoryTable) -> None:
        rows = op.data.to_pyarrow(op.schema)
        self._session.createDataFrame(
            rows, schema=PySparkSchema.from_ibis(nullable(op.schema))
        ).createOrReplaceTempView(op.name)

    def _register_udfs(self, expr: ir.Expr) -> None:
        for node in expr.op().find(ops.ScalarUDF):
            if node.__input_type__ == InputType.PYARROW:
                made = _by_column(node.__func__, PySparkType.from_ibis(node.dtype))
                self._session.udf.register(self.compiler.__sql_name__(node), made)


def quoted(column: str) -> str:
    """`a`b` → `` `a``b` ``."""
    return "`" + column.replace("`", "``") + "`"


def url(path: str) -> str:
    """A path as Spark must be told it: a local folder is one whatever Hadoop's own file system is."""
    scheme, mark, rest = path.partition("://")
    if not mark:
        return f"file://{path}"
    return f"{SCHEMES.get(scheme, scheme)}://{rest}"


SCHEMES = {"s3": "s3a", "gcs": "gs"}
"""fsspec's name of a store → Hadoop's, where they differ."""
PATTERN = re.compile(r"([\\{}\[\]*?])")


def readable(path: str) -> str:
    """The URL of a path to read: Spark takes some characters of a path for a pattern."""
    return PATTERN.sub(r"\\\1", url(path))


def _files_of(parts: str) -> list[str]:
    """What Spark wrote into a folder, in the order of its rows."""
    store, root = fsspec.core.url_to_fs(parts)
    files = sorted(
        path for path in store.ls(root, detail=False) if path.rpartition("/")[2].startswith("part-")
    )
    return files if "://" not in parts else [str(store.unstrip_protocol(path)) for path in files]


def _by_column(function: Any, kind: DataType) -> Any:
    """A function of Arrow arrays as one of Spark's, whole columns at a time.

    Ibis 12 gives it to Spark as a function of single values. It travels to the executors by value, so that
    they need Python with pandas and pyarrow, and not this package.
    """

    def by_column(texts: Any) -> Any:
        import pyarrow

        made = function(pyarrow.Array.from_pandas(texts, type=pyarrow.string()))
        return pandas.Series(made.to_pylist(), dtype=object)

    by_column.__annotations__ = {
        "texts": pandas.Series,
        "return": pandas.Series,
    }  # how Spark is told its kind
    return pandas_udf(by_column, returnType=kind)


# --- Working tables ---


class SparkWorking(Working):
    """The same on Spark: what is computed once stands in Parquet files that every executor reaches.

    So no plan grows with those before it, and an executor that is lost takes nothing with it that was
    finished. (`cache` would keep both: the plans, and the rows in the executors' memory.)
    """

    backend: SparkBackend

    def __init__(self, backend: BaseBackend) -> None:
        super().__init__(backend)
        self._folders: list[str] = []

    def materialize(self, table: ir.Table) -> ir.Table:
        """Compute the table now, in the types that it has in Ibis."""
        self._folders.append(self.backend.new_folder())
        return self._view(self.backend.stored(table, self._folders[-1]), table.schema())

    def empty(self, schema: Schema) -> ir.Table:
        """A table of these columns and types without rows."""
        kinds = PySparkSchema.from_ibis(nullable(schema))
        return self._view(self.backend._session.createDataFrame([], schema=kinds), schema)

    def named(self, table: ir.Table) -> ir.Table:
        """The table under a name of its own, computed by whatever reads it."""
        return self._view(self.backend.computed(table), table.schema())

    def files(self, paths: Iterable[str], columns: Mapping[str, str]) -> ir.Table:
        """Exactly these columns of Parquet files; no file: no rows."""
        schema, known = ibis.schema(dict(columns)), sorted(set(paths))
        if not known:
            return self.empty(schema)
        rows = self.backend.read(known)
        cells = (
            f"CAST({quoted(c)} AS {PySparkSqlType.to_string(t)}) AS {quoted(c)}" for c, t in schema.items()
        )
        return self._view(rows.selectExpr(*cells), schema)

    def failing(self, texts: ir.Table, condition: str) -> list[str]:
        """The same, by DuckDB: the rule stands once."""
        with self.backend.con.cursor() as cursor:
            cursor.register("texts", self.backend.to_pyarrow(texts))
            (column,) = texts.columns
            query = f"SELECT {column} FROM texts WHERE NOT coalesce({condition}, false)"  # noqa: S608 - quoted
            return sorted(row[0] for row in cursor.execute(query).fetchall())

    def drop(self) -> None:
        """Drop the names and remove the files."""
        while self._names:
            self.backend._session.catalog.dropTempView(self._names.pop()[1])
        while self._folders:
            self.backend.remove(self._folders.pop())

    def _view(self, frame: DataFrame, schema: Schema) -> ir.Table:
        return self.backend.view(frame, self._new("VIEW"), schema)
