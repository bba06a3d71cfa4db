"""The pages of enterprises."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any
from weakref import finalize

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy import Connection, text

from stable_jobs.contracts.model import Contract
from stable_jobs.errors import PolicyError, Said, StepError
from stable_jobs.ledger import views
from stable_jobs.ledger.views import Listing, Which
from stable_jobs.messages import GROUPS
from stable_jobs.policy.catalogue import SCHEMES
from stable_jobs.policy.determine import Decision
from stable_jobs.policy.explanation import AMOUNTS, LegalTest, RowExplained, tests_alone
from stable_jobs.report.parts import place_of
from stable_jobs.review.access import Guard, Permission
from stable_jobs.review.nights import decision_of, nights
from stable_jobs.review.page import Grid, Order, html, order_of, sentences_of, stores_of, told_of
from stable_jobs.review.stores import Stores, names_of
from stable_jobs.store.engine import read_parquet_sql
from stable_jobs.words import Words

if TYPE_CHECKING:
    import duckdb

    from stable_jobs.policy.explain import ExplainedNight


# --- Explanations ---
# Nights made ready to be explained: in the background, kept as long as the server runs.

KEPT = 4
"""Nights that are kept ready."""
Key = tuple[int, str]
"""A decision and the policies it is explained by."""


class Explanations:
    """Makes nights ready, one after the other, and finds again those that are."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="explanations")
        self._nights: dict[Key, Future[ExplainedNight]] = {}
        self._lock = Lock()

    def find(self, on: date, decision_id: int) -> ExplainedNight | None:
        """The night ready to explain its enterprises; None while it is made so, which begins if it has not.

        decision_id: the newest decision of the date. An error of that work (StepError, PolicyError)
        is raised to the next caller, and the call after that begins the work again.
        """
        key = (decision_id, self._stores.policies.fingerprint)
        with self._lock:
            begun = self._nights.get(key)
            if begun is None:
                self._nights[key] = self._worker.submit(self._prepare, on)
                while len(self._nights) > KEPT:
                    self._nights.pop(next(iter(self._nights)))
                return None
            if not begun.done():
                return None
            if begun.exception() is not None:
                del self._nights[key]
        return begun.result()

    def close(self) -> None:
        """Let the one that is at work end; no other begins, and none is kept."""
        self._worker.shutdown(cancel_futures=True)
        self._nights.clear()

    def _prepare(self, on: date) -> ExplainedNight:
        from stable_jobs.policy.explain import ExplainedNight

        stores = self._stores
        opened = ExitStack()
        duck = opened.enter_context(stores.duck())
        with stores.database.connect() as connection:
            night = ExplainedNight(duck, connection, stores.lake, stores.contracts(on), stores.policies, on)
        # Its connection is its own until the last request has let it go.
        finalize(night, opened.close)
        return night


# --- Queries ---
# Enterprises of a night: found by code or name, one of them, and what became of it over the nights.

# ruff: noqa: S608 - paths in SQL go through read_parquet_sql, the rest is this module's own


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
"""The columns by which the list of enterprises may be sorted."""
WHOLE_CODE = re.compile(r"[0-9A-Z]{18}|[0-9]{15}", re.ASCII)
NIGHTS_SHOWN = 30


@dataclass(frozen=True)
class WhichRows:
    """Of which rows; empty: of all. q: a credit code, its beginning, a name or a part of one."""

    q: str = ""
    region: str = ""
    decision: str = ""
    scheme: str = ""


def found_enterprises(duck: duckdb.DuckDBPyConnection, path: str, which: WhichRows, order: Order) -> Grid:
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
    """The unit's name in a night's facts, else its code; None if labor sent no row of it that is accepted."""
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


def unit_history(
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


def _condition(which: WhichRows) -> tuple[str, dict[str, str]]:
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


# --- Routes ---
# Enterprises: found by code or name, and why one of them was or was not paid.

router = APIRouter(dependencies=[Depends(Guard(Permission.READ))])
LONGEST_SEARCH = 200
Region = Annotated[str, Path(pattern=r"^[0-9]{6}$")]
Uscc = Annotated[str, Path(pattern=r"^[0-9A-Z]{15,18}$")]
DECISIONS = ("eligible", "ineligible", "undecided")


@dataclass(frozen=True)
class Scheme:
    """One row of the eligibility table. told: with its inputs and sources, once they are known."""

    row: Mapping[str, Any]
    tests: tuple[LegalTest, ...]
    told: RowExplained | None


@dataclass(frozen=True)
class Told:
    """An explanation, or why there is none. is_coming: it is being made."""

    rows: tuple[RowExplained, ...] = ()
    is_coming: bool = False
    trouble: Said | str = ""


@router.get("/enterprises")
def enterprises(
    request: Request,
    q: Annotated[str, Query(max_length=LONGEST_SEARCH)] = "",
    night: Annotated[date | None, Query()] = None,
    region: Annotated[str, Query()] = "",
    decision: Annotated[str, Query()] = "",
    scheme: Annotated[str, Query()] = "",
) -> Response:
    """The enterprises of a night, of the newest unless another is asked for; the largest amounts first."""
    stores = stores_of(request)
    which = WhichRows(
        q.strip(), region, decision if decision in DECISIONS else "", scheme if scheme in SCHEMES else ""
    )
    with stores.database.connect() as connection:
        days = [one.business_date for one in reversed(nights(connection))]
        on = night or (days[0] if days else None)
        decided = decision_of(connection, on) if on else None
    if decided is None:
        if night is not None:
            raise HTTPException(404)
        return html(request, "no_nights.html", "enterprises")
    with stores.duck() as duck:
        path = stores.lake.path(decided.eligibility.name)
        grid = found_enterprises(duck, path, which, order_of(request, COLUMNS, "-payable"))
    names = names_of(stores)
    return html(
        request,
        "enterprises.html",
        "enterprises",
        grid=grid,
        which=which,
        night=on,
        nights=days,
        decisions=DECISIONS,
        schemes=SCHEMES,
        places={
            code: place_of(code, names) for code in sorted({*names, *(r["region_code"] for r in grid.rows)})
        },
        sentences=sentences_of(code for row in grid.rows for code in row["reasons"]),
        longest=LONGEST_SEARCH,
    )


@router.get("/nights/{on}/enterprises/{region}/{uscc}")
def enterprise(request: Request, on: date, region: Region, uscc: Uscc) -> Response:
    """One enterprise on a night; 404 where neither a night nor the ledger knows it."""
    stores = stores_of(request)
    with stores.database.connect() as connection:
        decided = decision_of(connection, on)
        if decided is None:
            raise HTTPException(404)
        with stores.duck() as duck:
            rows = unit_rows(duck, stores.lake.path(decided.eligibility.name), region, uscc)
            tables = [stores.lake.path(name) for name in newest_tables(connection)]
            history = unit_history(duck, tables, region, uscc)
            name = unit_name(duck, stores.lake.path(decided.unit_facts.name), region, uscc)
        ledger = _ledger(connection, region, uscc)
        name = name or _name(history, ledger["sums"])
        if name is None:
            raise HTTPException(404)
        told = _told(request, connection, decided, region, uscc) if rows else Told()
    known = {row.scheme: row for row in told.rows}
    page = html(
        request,
        "enterprise.html",
        "enterprises",
        on=on,
        uscc=uscc,
        name=name,
        place=place_of(region, names_of(stores)),
        schemes=[_scheme(row, known.get(row["scheme"])) for row in rows],
        history=history,
        ledger={name: listing for name, listing in ledger.items() if listing.rows},
        told=told,
        amounts=AMOUNTS,
        said=GROUPS["explanation"],
        codes=frozenset(GROUPS["ledger_code"]),
        values=frozenset(GROUPS["plain_value"]),
        columns=_columns(stores.contracts(on)),
        labels=_labels(stores.contracts(on)),
        sentences=sentences_of(code for row in history for code in row["reasons"]),
        reasons=sentences_of(test.reason for row in rows for test in tests_alone(row)),
    )
    if told.is_coming:
        page.headers["Refresh"] = "2"
    return page


def _told(request: Request, connection: Connection, decided: Decision, region: str, uscc: str) -> Told:
    explanations: Explanations = request.app.state.explanations
    try:
        night = explanations.find(decided.eligibility.business_date, decided.id)
        if night is None:
            return Told(is_coming=True)
        return Told(night.explain(connection, uscc, region).rows)
    except (StepError, PolicyError) as error:
        return Told(trouble=told_of(error))


def _scheme(row: Mapping[str, Any], told: RowExplained | None) -> Scheme:
    return Scheme(row, told.tests if told else tests_alone(row), told)


def _ledger(connection: Connection, region: str, uscc: str) -> dict[str, Listing]:
    one = Which(region, uscc, is_all=True)
    return {
        "sums": views.unit_sums(connection, region, uscc),
        "changes": views.unit_changes(connection, region, uscc),
        "lines": views.unit_lines(connection, region, uscc),
        "objections": views.objections(connection, one),
        "recoveries": views.recoveries(connection, one),
        "refunds": views.refunds(connection, one),
        "doubts": views.doubts(connection, one),
        "disagreements": views.disagreements(connection, one),
        "codes": views.changed_codes(connection, region, uscc),
    }


def _name(history: list[dict[str, Any]], sums: Listing) -> str | None:
    """The unit's name on the newest night that knows it, else in the ledger; None if neither does."""
    if history:
        return str(history[0]["unit_name"])
    return str(sums.rows[-1][sums.headers.index("unit")]) if sums.rows else None


def _columns(contracts: Mapping[str, Contract]) -> Mapping[tuple[str, str], Words]:
    """(extract, column) → the department's header and the column's name."""
    return {(c.extract, o.name): Words(o.header, o.name) for c in contracts.values() for o in c.columns}


def _labels(contracts: Mapping[str, Contract]) -> Mapping[str, Words]:
    """A value that departments choose from a list → their label for it."""
    return {
        value: Words(label, value.replace("_", " "))
        for contract in contracts.values()
        for column in contract.columns
        for label, value in column.labels.items()
        if isinstance(value, str)
    }
