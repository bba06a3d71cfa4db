"""The pages of nights."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response
from sqlalchemy import Connection, text

from stable_jobs.night.figures import after_lists
from stable_jobs.policy.determine import Decision, decision_by_id
from stable_jobs.report.parts import Reconciliation, place_of
from stable_jobs.review.access import Guard, Permission, Run
from stable_jobs.review.page import html, stores_of
from stable_jobs.review.stores import Stores, names_of
from stable_jobs.store.engine import read_parquet_sql
from stable_jobs.words import Place

if TYPE_CHECKING:
    import duckdb

    from stable_jobs.store.lake import Lake


# --- Queries ---
# Which nights there are, how each stands, and what a night came to, region by region.

# ruff: noqa: S608 - every path in SQL goes through read_parquet_sql


@dataclass(frozen=True)
class Night:
    """A business date that was decided. held: regions; waiting: batches formed that wait for people."""

    business_date: date
    decision_id: int
    held: int
    waiting: int

    @property
    def state(self) -> str:
        """One of `messages.night.NIGHT_STATE`: what asks for a person comes first."""
        return "held" if self.held else "waiting" if self.waiting else "published"


@dataclass(frozen=True)
class RegionNight:
    """One region in one night. Units, but payable: yuan. `eligible` counts units once; `payable_units` those
    that get something. `held`: (reason, department, extract), the reason of `words.HELD`; a held region has
    no figures.
    """

    region_code: str
    eligible: int = 0
    ineligible: int = 0
    undecided: int = 0
    payable_units: int = 0
    payable: Decimal = Decimal("0.00")
    held: tuple[tuple[str, str, str], ...] = ()

    @property
    def units(self) -> tuple[tuple[str, int], ...]:
        """Parts of a bar, by their code in `words.SEGMENT`."""
        return tuple((code, getattr(self, code)) for code in ("eligible", "ineligible", "undecided"))


NIGHTS = """
    WITH newest AS (
        SELECT DISTINCT ON (business_date) business_date, id, fingerprint FROM snapshots
        WHERE kind = 'eligibility' ORDER BY business_date, id DESC
    )
    SELECT n.business_date, n.id AS decision_id, coalesce((
               SELECT l.rows FROM snapshots l WHERE l.kind = 'held_by_lists'
               AND l.inputs ->> 'decision' = n.fingerprint ORDER BY l.id DESC LIMIT 1), h.rows, 0) AS held,
           (SELECT count(*) FROM batches b WHERE b.business_date = n.business_date AND b.state = 'formed')
               AS waiting
    FROM newest n LEFT JOIN snapshots h ON h.kind = 'held' AND h.fingerprint = n.fingerprint
    ORDER BY n.business_date
"""


def nights(connection: Connection) -> list[Night]:
    """Every decided business date, oldest first, by its newest decision."""
    return [Night(**row) for row in connection.execute(text(NIGHTS)).mappings()]


def decision_of(connection: Connection, on: date) -> Decision | None:
    """The newest decision of a business date; None if it was never decided."""
    found = connection.scalar(
        text("SELECT max(id) FROM snapshots WHERE kind = 'eligibility' AND business_date = :on"), {"on": on}
    )
    return None if found is None else after_lists(connection, decision_by_id(connection, found))


def region_nights(
    duck: duckdb.DuckDBPyConnection, lake: Lake, decision: Decision
) -> Mapping[str, RegionNight]:
    """Every region that was decided or held, by code."""
    decided = duck.execute(f"""
        SELECT region_code, count(*) FILTER (best = 2), count(*) FILTER (best = 0),
               count(*) FILTER (best = 1), count(*) FILTER (payable > 0), sum(payable)::DECIMAL(38, 2)
        FROM (
            SELECT region_code, uscc,
                   max(CASE decision WHEN 'eligible' THEN 2 WHEN 'undecided' THEN 1 ELSE 0 END) AS best,
                   coalesce(sum(payable) FILTER (is_taken), 0) AS payable
            FROM {_table(lake, decision.eligibility.name)} GROUP BY region_code, uscc
        ) GROUP BY region_code ORDER BY region_code
    """).fetchall()
    causes: dict[str, tuple[tuple[str, str, str], ...]] = {}
    for code, *cause in duck.execute(f"""
        SELECT region_code, reason, coalesce(department, ''), coalesce(extract, '')
        FROM {_table(lake, decision.held.name)} ORDER BY ALL
    """).fetchall():
        causes[code] = (*causes.get(code, ()), (cause[0], cause[1], cause[2]))
    found = {code: RegionNight(code, held=of) for code, of in causes.items()}
    found |= {row[0]: RegionNight(*row) for row in decided if row[0] not in causes}
    return dict(sorted(found.items()))


def balance(duck: duckdb.DuckDBPyConnection, lake: Lake, decision: Decision) -> tuple[tuple[str, int], ...]:
    """Units in, readable, decided, eligible: the first stages of the funnel, over all regions."""
    row = duck.execute(f"""
        SELECT sum(units_in)::BIGINT, sum(units_quarantined)::BIGINT, sum(units_undecided)::BIGINT,
               sum(CASE WHEN is_held THEN units_in - units_quarantined ELSE 0 END)::BIGINT,
               sum(units_eligible)::BIGINT
        FROM {_table(lake, decision.reconciliation.name)}
    """).fetchone()
    units, quarantined, undecided, held, eligible = (number or 0 for number in row or (0,) * 5)
    readable = units - quarantined
    left = (units, readable, readable - held - undecided, eligible)
    return tuple(zip(Reconciliation.STAGES, left, strict=True))


def batch_states(connection: Connection, on: date) -> Mapping[str, Mapping[str, int]]:
    """Region → state of a batch → how many batches of that date are in it."""
    found: dict[str, dict[str, int]] = {}
    asked = "SELECT region_code, state, count(*) FROM batches WHERE business_date = :on GROUP BY 1, 2"
    for code, state, count in connection.execute(text(asked), {"on": on}):
        found.setdefault(code, {})[state] = count
    return found


def _table(lake: Lake, name: str) -> str:
    return read_parquet_sql([lake.path(name)])


# --- Routes ---
# Nights: a calendar of business dates, and what one of them came to, region by region.

router = APIRouter(dependencies=[Depends(Guard(Permission.READ))])
MONTHS_SHOWN = 3
ACTIVE = frozenset({"queued", "running"})


@dataclass(frozen=True)
class Day:
    """A square of the calendar; the night is None where nothing was decided."""

    on: date
    night: Night | None
    state: str


@dataclass(frozen=True)
class Month:
    """Weeks from Monday; a square is None outside the month."""

    first: date
    weeks: tuple[tuple[Day | None, ...], ...]


@dataclass(frozen=True)
class Line:
    """A region beside itself in the night before; None where that has none."""

    place: Place
    night: RegionNight
    before: RegionNight | None
    state: str


@dataclass(frozen=True)
class Figures:
    """The figures of a decision, which never change."""

    regions: Mapping[str, RegionNight]
    stages: tuple[tuple[str, int], ...]

    @property
    def payable(self) -> Decimal:
        """Yuan over all regions."""
        return sum((one.payable for one in self.regions.values()), Decimal("0.00"))


@router.get("/")
@router.get("/nights")
def newest(request: Request) -> Response:
    """The newest night."""
    return _page(request, None)


@router.get("/nights/{on}")
def night(request: Request, on: date) -> Response:
    """One night; 404 for a date that was not decided."""
    return _page(request, on)


def _page(request: Request, on: date | None) -> Response:
    stores = stores_of(request)
    with stores.database.connect() as connection:
        known = nights(connection)
        at = next((i for i, one in enumerate(known) if on in (None, one.business_date)), None)
        at = len(known) - 1 if on is None and known else at
        batches = {} if at is None else batch_states(connection, known[at].business_date)
    if at is None:
        if on is not None:
            raise HTTPException(404)
        return html(request, "no_nights.html", "nights")
    night, before = known[at], known[at - 1] if at else None
    runs = request.app.state.airflow.runs([one.business_date for one in known[-366:]])
    figures = figures_of(stores, night.decision_id)
    earlier = figures_of(stores, before.decision_id) if before else None
    names = names_of(stores)
    return html(
        request,
        "nights.html",
        "nights",
        night=night,
        before=before,
        run=runs.get(night.business_date),
        state=_state(night, runs.get(night.business_date)),
        months=_months(known, night.business_date, runs),
        figures=figures,
        earlier=earlier,
        lines=[
            Line(
                place_of(code, names),
                one,
                earlier.regions.get(code) if earlier else None,
                _region_state(one, batches.get(code, {})),
            )
            for code, one in figures.regions.items()
        ],
    )


def figures_of(stores: Stores, decision_id: int) -> Figures:
    """The figures of a decision, computed by the engine once."""

    def make() -> Figures:

        with stores.database.connect() as connection:
            decision = decision_by_id(connection, decision_id)
        with stores.duck() as duck:
            regions = region_nights(duck, stores.lake, decision)
            stages = balance(duck, stores.lake, decision)
        payable = sum(one.payable_units for one in regions.values())
        return Figures(regions, (*stages, ("payable", payable)))

    return stores.known.get(("figures", decision_id), make)


def _state(night: Night, run: Run | None) -> str:
    return "running" if run is not None and run.state in ACTIVE else night.state


def _region_state(one: RegionNight, batches: Mapping[str, int]) -> str:
    if one.held:
        return "held"
    if batches.get("formed"):
        return "waiting"
    return "published"


def _months(known: Sequence[Night], chosen: date, runs: Mapping[date, Run]) -> list[Month]:
    """The last months up to the chosen night's, or to the newest if that is near, that have nights."""
    by_date = {one.business_date: one for one in known}
    months = [key for key, _ in groupby(sorted(by_date), key=lambda day: (day.year, day.month))]
    at = months.index((chosen.year, chosen.month))
    shown = months[max(0, at - MONTHS_SHOWN + 2) : at + 2][-MONTHS_SHOWN:]
    weeks = Calendar().monthdatescalendar

    def day(on: date, month: int) -> Day | None:
        if on.month != month:
            return None
        found = by_date.get(on)
        run = runs.get(on)
        if found is None:
            return Day(on, None, "running" if run and run.state in ACTIVE else "")
        return Day(on, found, _state(found, run))

    return [
        Month(date(y, m, 1), tuple(tuple(day(on, m) for on in week) for week in weeks(y, m)))
        for y, m in shown
    ]
