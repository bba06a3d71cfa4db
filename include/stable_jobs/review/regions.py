"""The pages of regions and their policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import Response

from stable_jobs.ledger.policies import confirmations, policy_changes, totals_beyond
from stable_jobs.ledger.views import Which, holds
from stable_jobs.night.policies import policy_line, total_line
from stable_jobs.policy.catalogue import CATALOGUE, SIZES, Parameter
from stable_jobs.policy.load import Policies, Value
from stable_jobs.policy.parameters import (
    Resolved,
    participating_regions,
    region_faults,
    resolve,
    schemes_open,
)
from stable_jobs.regions import upward
from stable_jobs.report.parts import place_of
from stable_jobs.review.access import Guard, Permission
from stable_jobs.review.nights import nights
from stable_jobs.review.page import html, stores_of
from stable_jobs.review.stores import Stores, names_of
from stable_jobs.settings import now
from stable_jobs.words import Place, Words

# --- Parameters ---
# A region's policy as it holds on a date: each parameter with its value, its law, and when it changes.


@dataclass(frozen=True)
class ValueInForce:
    """A value for some sizes (empty: whatever the size). level: the region that set it."""

    sizes: tuple[str, ...]
    value: object
    level: str
    source: Value | None


@dataclass(frozen=True)
class ParameterLine:
    """One parameter of one scheme as it holds."""

    name: str
    unit: str
    meaning: Words
    in_force: tuple[ValueInForce, ...]


@dataclass(frozen=True)
class Change:
    """A dated value of the policy year, of this region or of one above. is_ahead: later than the date."""

    scheme: str
    name: str
    unit: str
    meaning: Words
    level: str
    source: Value
    is_ahead: bool


@dataclass(frozen=True)
class RegionCard:
    """A region that takes part, in the list of all."""

    code: str
    schemes: tuple[str, ...]
    next_change: date | None


def region_cards(policies: Policies, on: date) -> list[RegionCard]:
    """Every region that takes part in the date's policy year, by code."""
    return [
        RegionCard(
            code,
            tuple(schemes_open(policies, code, on)),
            min((c.source.effective_from for c in changes(policies, code, on) if c.is_ahead), default=None),
        )
        for code in participating_regions(policies, on)
    ]


def parameter_lines(policies: Policies, region: str, scheme: str, on: date) -> list[ParameterLine]:
    """Every parameter of the scheme that is set for the region, in the catalogue's order.

    PolicyError where one that must be set is not.
    """
    lines = (
        ParameterLine(p.name, p.unit.value, _meaning(p), tuple(_in_force(policies, p, region, scheme, on)))
        for p in CATALOGUE.values()
        if scheme in p.schemes
    )
    return [line for line in lines if any(one.source is not None for one in line.in_force)]


def changes(policies: Policies, region: str, on: date) -> list[Change]:
    """The values of the date's policy year that hold or will hold here at some time, by date."""
    found = [
        Change(
            scheme,
            name,
            CATALOGUE[name].unit.value,
            _meaning(CATALOGUE[name]),
            level,
            version,
            version.effective_from > on,
        )
        for level in upward(region)
        if level in policies.regions
        for (scheme, name), versions in policies.regions[level].values.items()
        for version in versions
        if version.effective_from.year == on.year
    ]
    order = list(CATALOGUE)
    return sorted(
        found,
        key=lambda c: (c.source.effective_from, c.scheme, order.index(c.name), upward(region).index(c.level)),
    )


def _in_force(
    policies: Policies, parameter: Parameter, region: str, scheme: str, on: date
) -> Iterator[ValueInForce]:
    if not parameter.by_size:
        yield _one(resolve(policies, region, scheme, parameter.name, on), ())
        return
    found = {size: resolve(policies, region, scheme, parameter.name, on, size) for size in SIZES}
    for one in dict.fromkeys((r.value, r.region) for r in found.values()):
        sizes = tuple(size for size in SIZES if (found[size].value, found[size].region) == one)
        yield _one(found[sizes[0]], () if sizes == SIZES else sizes)


def _one(found: Resolved, sizes: tuple[str, ...]) -> ValueInForce:
    return ValueInForce(sizes, found.value, found.region, found.source)


def _meaning(parameter: Parameter) -> Words:
    return Words(parameter.meaning_zh, parameter.meaning_en)


# --- Routes ---
# Regions and policy: the parameters in force on a date with their references, and what changes when.

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
