"""Set-based statements one after the other, with the planner told what the ones before have made.

The ledger writes in one transaction what a server would gather statistics on minutes later. Without them it
takes every new table for empty and joins thousands of rows one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy import Connection, text

WRITTEN = re.compile(r"\s*(?:CREATE TEMPORARY TABLE|INSERT INTO|UPDATE)\s+(\w+)")
MANY = 1_000
"""Rows from which on statistics are worth gathering."""


def run_statements(connection: Connection, statements: Iterable[str], **values: object) -> int:
    """Run SQL statements in order; how many rows the last one touched."""
    touched = 0
    for statement in statements:
        touched = connection.execute(text(statement), values).rowcount
        written = WRITTEN.match(statement)
        if written and touched >= MANY:
            connection.execute(text(f"ANALYZE {written[1]}"))
    return touched
