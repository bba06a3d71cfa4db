"""Comparison of two nights: what appeared, went and changed, by reason, with amounts; and the list of it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import FileResponse, Response

from stable_jobs.report.comparison import KINDS
from stable_jobs.report.words import place_of
from stable_jobs.review.access import Permission
from stable_jobs.review.differences import Differences, Found, Pair
from stable_jobs.review.grid import order_of
from stable_jobs.review.guard import Guard
from stable_jobs.review.page import html, sentences_of, stores_of
from stable_jobs.review.queries import comparison as asked
from stable_jobs.review.queries.comparison import COLUMNS, Which
from stable_jobs.review.queries.nights import Night, nights
from stable_jobs.review.stores import names_of

router = APIRouter()
OnDate = Annotated[date | None, Query()]


@router.get("/comparison", dependencies=[Depends(Guard(Permission.READ))])
def comparison(request: Request, night: OnDate = None, against: OnDate = None) -> Response:
    """Two nights side by side: the newest and the one before it unless the address names others."""
    known, pair = _pair(request, night, against)
    if not known:
        return html(request, "no_nights.html", "comparison")
    chosen: dict[str, Any] = {
        "night": pair.after.business_date if pair else night or known[-1].business_date,
        "against": pair.before.business_date if pair else against,
        "nights": [one.business_date for one in reversed(known)],
    }
    if pair is None:
        return html(request, "comparison.html", "comparison", found=None, is_missing=True, **chosen)
    found = _differences(request).find(pair)
    if found is None:
        page = html(
            request, "comparison.html", "comparison", status=202, found=None, is_missing=False, **chosen
        )
        page.headers["Refresh"] = "2"
        return page
    return html(request, "comparison.html", "comparison", is_missing=False, **chosen, **_rows(request, found))


@router.get("/comparison/changes.csv", dependencies=[Depends(Guard(Permission.LISTS))])
def changes_csv(request: Request, night: date, against: date) -> Response:
    """Every row that differs, as the published list says it; 404 before the page has been looked at."""
    _, pair = _pair(request, night, against)
    found = _differences(request).find(pair) if pair else None
    if found is None:
        raise HTTPException(404)
    name = f"changes-{night.isoformat()}-against-{against.isoformat()}.csv"
    return FileResponse(found.listed, media_type="text/csv; charset=utf-8", filename=name)


def _pair(request: Request, on: date | None, against: date | None) -> tuple[list[Night], Pair | None]:
    with stores_of(request).database.connect() as connection:
        known = nights(connection)
        dates = [one.business_date for one in known]
        after = on or (dates[-1] if dates else None)
        before = against or max((day for day in dates if after and day < after), default=None)
        pair = asked.pair_of(connection, after, before) if after and before else None
    return known, pair


def _rows(request: Request, found: Found) -> dict[str, Any]:
    stores = stores_of(request)
    names = names_of(stores)
    query = request.query_params
    kind = query.get("kind", "")
    which = Which(query.get("region", ""), kind if kind in KINDS else "", query.get("reason", ""))
    with stores.duck() as duck:
        grid = asked.rows(duck, found.rows, which, order_of(request, COLUMNS, "-size"))
    return {
        "found": found.figures,
        "grid": grid,
        "which": which,
        "kinds": KINDS,
        "places": {row["region_code"]: place_of(row["region_code"], names) for row in grid.rows},
        "sentences": sentences_of(
            code for row in grid.rows for side in ("before", "after") for code in row[f"reasons_{side}"]
        ),
    }


def _differences(request: Request) -> Differences:
    found: Differences = request.app.state.differences
    return found
