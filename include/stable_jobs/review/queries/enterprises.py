"""Enterprises of a night: found by code or name, one of them, and what became of it over the nights."""

# ruff: noqa: S608 - paths in SQL go through read_parquet_sql, the rest is this module's own

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from stable_jobs.review.grid import Grid, Order
from stable_jobs.store.engine import read_parquet_sql

if TYPE_CHECKING:
    import duckdb

TAKEN = "CASE WHEN is_taken THEN payable END"
COLUMNS: Mapping[str, str] = {
    "unit": "unit_name",
    "uscc": "uscc",
    "region": "region_code",
    "scheme": "scheme",
    "decision": "decision",
    "headcount": "headcount",
    "entitlement": "entitlement",
    "payable": TAKEN,
}
"""What the list may be sorted by."""
WHOLE_CODE = re.compile(r"[0-9A-Z]{18}|[0-9]{15}", re.ASCII)
NIGHTS_SHOWN = 30


@dataclass(frozen=True)
class Which:
    """Of which rows; empty: of all. q: a credit code, its beginning, a name or a part of one."""

    q: str = ""
    region: str = ""
    decision: str = ""
    scheme: str = ""


def enterprises(duck: duckdb.DuckDBPyConnection, path: str, which: Which, order: Order) -> Grid:
    """One page of an eligibility table."""
    source = read_parquet_sql([path])
    where, values = _condition(which)
    total = duck.execute(f"SELECT count(*) FROM {source} WHERE {where}", values).fetchone()
    rows = _dicts(
        duck.execute(
            f"""
            SELECT region_code, uscc, unit_name, scheme, decision, is_taken, headcount, entitlement,
                   {TAKEN} AS payable, string_split(reasons, ';') AS reasons
            FROM {source} {order.rows_sql(COLUMNS, source, where)}
            """,
            values,
        )
    )
    return Grid(rows, total[0] if total else 0, order)


def unit_rows(
    duck: duckdb.DuckDBPyConnection, path: str, region_code: str, uscc: str
) -> list[dict[str, Any]]:
    """The unit's rows of an eligibility table, general before difficult; none where it has none."""
    query = f"""
        SELECT * FROM {read_parquet_sql([path])}
        WHERE region_code = $region AND uscc = $uscc ORDER BY scheme DESC
    """
    return _dicts(duck.execute(query, {"region": region_code, "uscc": uscc}))


def unit_name(duck: duckdb.DuckDBPyConnection, path: str, region_code: str, uscc: str) -> str | None:
    """What the facts of a night call the unit; None if labor did not name it, or its row was quarantined."""
    query = f"SELECT unit_name FROM {read_parquet_sql([path])} WHERE region_code = $region AND uscc = $uscc"
    found = duck.execute(query, {"region": region_code, "uscc": uscc}).fetchone()
    return str(found[0] or uscc) if found else None


def newest_tables(connection: Connection) -> list[str]:
    """The eligibility tables of the newest nights, by the newest decision of each."""
    query = """
        SELECT name FROM (
            SELECT DISTINCT ON (business_date) business_date, name FROM snapshots
            WHERE kind = 'eligibility' ORDER BY business_date, id DESC
        ) newest ORDER BY business_date DESC LIMIT :most
    """
    return list(connection.scalars(text(query), {"most": NIGHTS_SHOWN}))


def history(
    duck: duckdb.DuckDBPyConnection, paths: Sequence[str], region_code: str, uscc: str
) -> list[dict[str, Any]]:
    """The unit's rows of several tables, the newest night first."""
    if not paths:
        return []
    query = f"""
        SELECT business_date, unit_name, scheme, decision, is_taken, {TAKEN} AS payable,
               string_split(reasons, ';') AS reasons
        FROM {read_parquet_sql(paths)} WHERE region_code = $region AND uscc = $uscc
        ORDER BY business_date DESC, scheme DESC
    """
    return _dicts(duck.execute(query, {"region": region_code, "uscc": uscc}))


def _condition(which: Which) -> tuple[str, dict[str, str]]:
    """SQL and its values."""
    columns = {"region": "region_code", "decision": "decision", "scheme": "scheme"}
    values = {name: getattr(which, name) for name in columns if getattr(which, name)}
    parts = [f"{columns[name]} = ${name}" for name in values]
    if which.q:
        parts.append(_search(which.q))
        values |= {name: found for name, found in _terms(which.q).items() if f"${name}" in parts[-1]}
    return " AND ".join(parts) or "true", values


def _terms(q: str) -> dict[str, str]:
    return {"code": q.upper(), "folded": q.lower()}


def _search(q: str) -> str:
    """Names are folded to lower case only where that makes a difference: over a province it costs."""
    code, folded = _terms(q).values()
    if WHOLE_CODE.fullmatch(code):
        return "uscc = $code"
    name = "lower(unit_name)" if folded != code else "unit_name"
    return f"(starts_with(uscc, $code) OR contains({name}, $folded))"


def _dicts(found: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
