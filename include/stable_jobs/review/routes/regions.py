"""Regions and policy: the parameters in force on a date with their references, and what changes when."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import Response

from stable_jobs.ledger.views import Which, holds
from stable_jobs.policy.parameters import regions_taking_part, schemes_open
from stable_jobs.quality.report_parts import Place
from stable_jobs.quality.report_words import place_of
from stable_jobs.review.access import Permission
from stable_jobs.review.guard import Guard
from stable_jobs.review.names import names_of
from stable_jobs.review.page import html, stores_of
from stable_jobs.review.parameters import changes, parameter_lines, region_cards
from stable_jobs.review.queries.nights import nights
from stable_jobs.review.stores import Stores
from stable_jobs.settings import now

router = APIRouter(dependencies=[Depends(Guard(Permission.READ))])
OnDate = Annotated[date | None, Query()]


@router.get("/regions")
def regions(request: Request, on: OnDate = None) -> Response:
    """Every region that takes part in the policy year of the date."""
    stores = stores_of(request)
    day = on or _newest(stores)
    cards = region_cards(stores.policies, day)
    names = names_of(stores)
    places = {card.code: place_of(card.code, names) for card in cards}
    return html(request, "regions.html", "regions", on=day, cards=cards, places=places)


@router.get("/regions/{code}")
def region(request: Request, code: str, on: OnDate = None) -> Response:
    """One region's parameters, scheme by scheme; 404 for a region that takes no part."""
    stores = stores_of(request)
    policies = stores.policies
    day = on or _newest(stores)
    if code not in regions_taking_part(policies, day):
        raise HTTPException(404)
    dated = changes(policies, code, day)
    names = names_of(stores)
    with stores.database.connect() as connection:
        stops = holds(connection, Which(region=code))
    return html(
        request,
        "region.html",
        "regions",
        on=day,
        place=place_of(code, names),
        schemes={
            scheme: parameter_lines(policies, code, scheme, day)
            for scheme in schemes_open(policies, code, day)
        },
        changes=dated,
        levels={level: Place(level, words) for level, words in names.items()},
        holds=stops.rows,
    )


def _newest(stores: Stores) -> date:
    """The newest decided night; today where there is none."""
    with stores.database.connect() as connection:
        known = nights(connection)
    return known[-1].business_date if known else now().date()
