"""The ledger's SQL: named statements of the files in `sql/`, run one after the other.

A statement begins with a line `-- name: <its name>`; several under one name, each ending in `;`, are run
together. What stands before the first name says what the file does, and which tables it reads and writes.

The ledger writes in one transaction what a server would gather statistics on minutes later. Without them it
takes every new table for empty and joins thousands of rows one by one: after many rows were written the
planner is told.
"""

from __future__ import annotations

import re
from datetime import date
from importlib.resources import files

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql.base import PGDialect

WRITTEN = re.compile(r"\s*(?:CREATE TEMPORARY TABLE|INSERT INTO|UPDATE)\s+(\w+)")
MANY = 1_000
"""Rows from which on statistics are worth gathering."""


class Statements:
    """The named statements of one file of `sql/`, read once. Parameters are bound: `:name` in the text."""

    def __init__(self, file: str) -> None:
        script = files(__package__).joinpath("sql", f"{file}.sql").read_text("utf-8")
        _, *parts = re.split(r"^-- name: (\w+)$", script, flags=re.MULTILINE)
        self.scripts = {name: _split(part) for name, part in zip(parts[::2], parts[1::2], strict=True)}

    def __getitem__(self, name: str) -> str:
        """The statement of that name, where it is one."""
        (statement,) = self.scripts[name]
        return statement

    def written_out(self, name: str, **values: int | date) -> str:
        """The statement with its parameters written into it, for COPY, which binds none."""
        dialect = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]
        bound = text(self[name]).bindparams(**values)
        return str(bound.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))

    def run(self, connection: Connection, *names: str, **values: object) -> int:
        """Run the statements in order with the same parameters; how many rows the last one touched."""
        touched = 0
        for statement in (one for name in names for one in self.scripts[name]):
            touched = connection.execute(text(statement), values).rowcount
            written = WRITTEN.match(statement)
            if written and touched >= MANY:
                connection.execute(text(f"ANALYZE {written[1]}"))
        return touched


def _split(script: str) -> tuple[str, ...]:
    """Each statement without its `;` and without comments."""
    bare = re.sub(r"^\s*--.*\n", "", script, flags=re.MULTILINE)
    return tuple(one for one in (part.strip() for part in re.split(r";$", bare, flags=re.MULTILINE)) if one)
