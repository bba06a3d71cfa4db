"""Regions and policy: the parameters in force on a date with their references, and what changes when."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import Response

from stable_jobs.ledger.policy_views import confirmations, policy_changes, totals_beyond
from stable_jobs.ledger.views import Which, holds
from stable_jobs.night.policies import policy_line, total_line
from stable_jobs.policy.parameters import participating_regions, region_faults, schemes_open
from stable_jobs.report.words import place_of
from stable_jobs.review.access import Permission
from stable_jobs.review.guard import Guard
from stable_jobs.review.page import html, stores_of
from stable_jobs.review.parameters import changes, parameter_lines, region_cards
from stable_jobs.review.queries.nights import nights
from stable_jobs.review.stores import Stores, names_of
from stable_jobs.settings import now
from stable_jobs.words import Place

router = APIRouter(dependencies=[Depends(Guard(Permission.READ))])
OnDate = Annotated[date | None, Query()]


@router.get("/regions")
def regions(request: Request, on: OnDate = None) -> Response:
    """Every region that takes part in the policy year of the date."""
    stores = stores_of(request)
    day = on or _newest(stores)
    cards = region_cards(stores.policies, day)
    names = names_of(stores)
    faults = region_faults(stores.policies, day)
    places = {code: place_of(code, names) for code in (*(card.code for card in cards), *faults)}
    return html(request, "regions.html", "regions", on=day, cards=cards, places=places, faults=faults)


@router.get("/regions/{code}")
def region(request: Request, code: str, on: OnDate = None) -> Response:
    """One region's parameters, scheme by scheme; 404 for a region that takes no part."""
    stores = stores_of(request)
    policies = stores.policies
    day = on or _newest(stores)
    names = names_of(stores)
    fault = region_faults(policies, day).get(code)
    if fault is not None:
        return html(request, "region_fault.html", "regions", on=day, place=place_of(code, names), fault=fault)
    if code not in participating_regions(policies, day):
        raise HTTPException(404)
    dated = changes(policies, code, day)
    with stores.database.connect() as connection:
        stops = holds(connection, Which(region=code))
        said = confirmations(connection, code)
        policy = [policy_line(one, names) for one in policy_changes(connection, None, code)]
        totals = [total_line(one, names) for one in totals_beyond(connection, None, code)]
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
        policy=policy,
        totals=totals,
        confirmations=said.rows,
    )


def _newest(stores: Stores) -> date:
    """The newest decided night; today where there is none."""
    with stores.database.connect() as connection:
        known = nights(connection)
    return known[-1].business_date if known else now().date()
