"""Statements that are written once and run for one enterprise after the other.

Writing a statement from an Ibis expression takes longer than running it for one enterprise. So the enterprise
stands in it as variables of the connection, which the engine reads when it plans: as good as values there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stable_jobs.policy.extracts import Working

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

TYPES = {
    "uscc": "string",
    "region": "string",
    "wanted": "array<string>",
    "codes": "array<string>",
    "levels": "array<string>",
}
"""What may be asked about: the unit's code and region; its code and its parent's; those and the old numbers
they may stand under; the regions from its own upward."""


def asked(name: str) -> Any:
    """The value of that name in an Ibis expression, whatever it is when the statement runs."""
    import ibis

    @ibis.udf.scalar.builtin(name="getvariable", signature=(("string",), TYPES[name]))  # type: ignore[untyped-decorator]  # ibis ships no type for it
    def variable(key: str) -> Any:
        """DuckDB's own function."""

    return variable(f"asked_{name}")


def ask(con: duckdb.DuckDBPyConnection, name: str, value: str | Sequence[str]) -> None:
    """Give the value to the statements that this connection runs next."""
    assert name in TYPES
    con.execute(f"SET VARIABLE asked_{name} = $1", [value if isinstance(value, str) else list(value)])


def rows(con: duckdb.DuckDBPyConnection, statement: str) -> list[dict[str, Any]]:
    """What a statement finds, as plain rows."""
    found = con.execute(statement)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


class Written(Working):
    """Working tables written down instead of made; `run` makes them for what is asked."""

    def __init__(self, backend: BaseBackend) -> None:
        super().__init__(backend)
        self._statements: list[str] = []

    def materialize(self, table: ir.Table) -> ir.Table:
        """An empty working table for others to build on; its rows come with `run`."""
        empty = self.empty(table.schema())
        query = self.backend.compile(table)
        self._statements.append(f"CREATE OR REPLACE TEMP TABLE {empty.get_name()} AS {query}")
        return empty

    def run(self, con: duckdb.DuckDBPyConnection) -> None:
        """Make every table, in the order in which they were written. con: the backend's own connection."""
        for statement in self._statements:
            con.execute(statement)
