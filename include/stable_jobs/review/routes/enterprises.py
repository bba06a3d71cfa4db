"""Enterprises: found by code or name, and why one of them was or was not paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from stable_jobs.contracts.model import Contract
from stable_jobs.errors import PolicyError, StepError
from stable_jobs.ledger import views
from stable_jobs.ledger.views import Listing, Which
from stable_jobs.messages import GROUPS
from stable_jobs.policy.catalogue import SCHEMES
from stable_jobs.policy.determine import Decision
from stable_jobs.policy.explanation import AMOUNTS, LegalTest, RowExplained, tests_alone
from stable_jobs.report.words import place_of
from stable_jobs.review.access import Permission
from stable_jobs.review.explanations import Explanations
from stable_jobs.review.grid import order_of
from stable_jobs.review.guard import Guard
from stable_jobs.review.page import html, sentences_of, stores_of
from stable_jobs.review.queries import enterprises as asked
from stable_jobs.review.queries.enterprises import COLUMNS
from stable_jobs.review.queries.enterprises import Which as WhichRows
from stable_jobs.review.queries.nights import decision_of, nights
from stable_jobs.review.stores import names_of
from stable_jobs.words import Words

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
    trouble: str = ""


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
        grid = asked.enterprises(duck, path, which, order_of(request, COLUMNS, "-payable"))
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
            rows = asked.unit_rows(duck, stores.lake.path(decided.eligibility.name), region, uscc)
            tables = [stores.lake.path(name) for name in asked.newest_tables(connection)]
            history = asked.history(duck, tables, region, uscc)
            name = asked.unit_name(duck, stores.lake.path(decided.unit_facts.name), region, uscc)
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
        return Told(trouble=str(error))


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
    """What the newest night that knows it calls it, else the ledger."""
    if history:
        return str(history[0]["unit_name"])
    return str(sums.rows[-1][sums.headers.index("unit")]) if sums.rows else None


def _columns(contracts: Mapping[str, Contract]) -> Mapping[tuple[str, str], Words]:
    """What a department calls a column of an extract."""
    return {(c.extract, o.name): Words(o.header, o.name) for c in contracts.values() for o in c.columns}


def _labels(contracts: Mapping[str, Contract]) -> Mapping[str, Words]:
    """What departments call the values that they choose from."""
    return {
        value: Words(label, value.replace("_", " "))
        for contract in contracts.values()
        for column in contract.columns
        for label, value in column.labels.items()
        if isinstance(value, str)
    }
