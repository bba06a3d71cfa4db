"""Nights: a calendar of business dates, and what one of them came to, region by region."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from stable_jobs.report.words import place_of
from stable_jobs.review.access import Permission
from stable_jobs.review.airflow import Run
from stable_jobs.review.guard import Guard
from stable_jobs.review.page import html, stores_of
from stable_jobs.review.queries import nights as asked
from stable_jobs.review.queries.nights import Night, RegionNight
from stable_jobs.review.stores import Stores, names_of
from stable_jobs.words import Place

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
    """What a decision came to. Never changes."""

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
        known = asked.nights(connection)
        at = next((i for i, one in enumerate(known) if on in (None, one.business_date)), None)
        at = len(known) - 1 if on is None and known else at
        batches = {} if at is None else asked.batch_states(connection, known[at].business_date)
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
    """What a decision came to, asked of the engine once."""

    def make() -> Figures:
        from stable_jobs.policy.determine import decision_by_id

        with stores.database.connect() as connection:
            decision = decision_by_id(connection, decision_id)
        with stores.duck() as duck:
            regions = asked.region_nights(duck, stores.lake, decision)
            stages = asked.balance(duck, stores.lake, decision)
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
