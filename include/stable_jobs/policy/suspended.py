"""Regions for which nothing is decided tonight, and why. A region is suspended, never the night (design:
section 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from stable_jobs.policy.extracts import Extracts, Inputs, rows_of
from stable_jobs.policy.load import Policies
from stable_jobs.policy.parameters import (
    Row,
    parameter_table,
    participating_regions,
    province_fault,
    region_faults,
)
from stable_jobs.regions import NATION, is_province

COLUMNS = {
    "region_code": "string",
    "reason": "string",
    "department": "string",
    "extract": "string",
    "detail": "string",
}
ALWAYS = (
    "insured_units",
    "monthly_headcount",
    "benefit_claims",
    "premium_payments",
    "taxpayers",
    "fund_balances",
    "prior_refunds",
    "payee_accounts",
    "exclusion_list",
    "enterprise_sizes",
)
NOT_ONE_UNREADABLE = ("exclusion_list", "prior_refunds")
"""One quarantined row whose unit cannot be read holds its region: it may be about any unit there."""


def regions_of_night(extracts: Extracts, policies: Policies, on: date) -> tuple[str, ...]:
    """The participating regions, to be decided or suspended: a province only where it insures somebody."""
    insuring = _senders(extracts)
    participating = participating_regions(policies, on)
    return tuple(code for code in participating if not is_province(code) or code in insuring)


def suspended_regions(extracts: Extracts, policies: Policies, on: date) -> tuple[Row, ...]:
    """One row per region and reason: `region_code, reason, department, extract, detail`, sorted."""
    regions = regions_of_night(extracts, policies, on)
    rows = parameter_table(policies, on, regions)
    faults = region_faults(policies, on)
    found = [_row(extracts.inputs, region, "bad_parameters", "", why) for region, why in faults.items()]
    senders = _senders(extracts) - {*regions, *faults}
    found += [_without_parameters(extracts.inputs, policies, region, on) for region in sorted(senders)]
    found += _missing(extracts.inputs, _needed(regions, rows))
    found += _unreadable(extracts, regions)
    return tuple(sorted(found, key=lambda r: tuple(str(r[c]) for c in COLUMNS)))


def needed_extracts(policies: Policies, on: date) -> dict[str, tuple[str, ...]]:
    """Region taking part → the extracts that its parameters need on that date.

    For no province is waited: only what it sends says whether it insures anybody.
    """
    regions = tuple(code for code in participating_regions(policies, on) if not is_province(code))
    return _needed(regions, parameter_table(policies, on, regions))


def _needed(regions: tuple[str, ...], rows: tuple[Row, ...]) -> dict[str, tuple[str, ...]]:
    by_region: dict[str, list[Row]] = {}
    for row in rows:
        by_region.setdefault(row["region_code"], []).append(row)
    return {region: required_extracts(by_region[region]) for region in regions}


def _row(inputs: Inputs, region: str, reason: str, extract: str, detail: str) -> Row:
    department = inputs.contracts[extract].department if extract else ""
    return dict(zip(COLUMNS, (region, reason, department, extract, detail), strict=True))


def _without_parameters(inputs: Inputs, policies: Policies, region: str, on: date) -> Row:
    """A region that sent what only a region taking part sends, and has no parameters for the policy year, or
    not all of them."""
    why = province_fault(policies, region, on) if is_province(region) else None
    if why is not None:
        return _row(inputs, region, "bad_parameters", "", why)
    return _row(inputs, region, "no_parameters", "", "no parameters for the policy year")


def _senders(extracts: Extracts) -> set[str]:
    """Regions with units, or with deliveries that only a region taking part sends.

    A province may send lists of enterprises for those whom its cities insure; a delivery of its own units
    that is held is one all the same.
    """
    subjects = {e: c.subject for e, c in extracts.inputs.contracts.items()}
    sent = {(f.extract, f.region_code) for f in extracts.inputs.files}
    cities = {r for e, r in sent if subjects[e] != "region" and not is_province(r)}
    held = extracts.inputs.held_deliveries
    provinces = {r for e, r in (*sent, *held) if subjects.get(e) == "unit" and is_province(r)}
    return (cities | provinces | _insuring(extracts)) - {NATION}


def _insuring(extracts: Extracts) -> set[str]:
    good = extracts.accepted("insured_units").select("region_code")
    bad = extracts.quarantined("insured_units")
    known = bad.filter(bad.is_unit_known).select(region_code="home_region")
    return {row["region_code"] for row in rows_of(good.union(known).distinct())} - {None}


def _missing(inputs: Inputs, needed: Mapping[str, tuple[str, ...]]) -> Iterator[Row]:
    for region, extracts in needed.items():
        for extract in extracts:
            if not inputs.covers(extract, region):
                is_held = (extract, region) in inputs.held_deliveries
                reason = "held_delivery" if is_held else "missing_delivery"
                yield _row(inputs, region, reason, extract, "no accepted delivery within its acceptable age")


def required_extracts(rows: list[Row]) -> tuple[str, ...]:
    """The extracts that a region's parameters need. rows: of the parameter table of that region."""
    applies = any(r["lane"] == "application" for r in rows)
    is_difficult = any(r["scheme"] == "difficult" for r in rows)
    has_order = any(r["place_last"] > 1 for r in rows)
    extra = {
        "applications": applies,
        "benefit_standards": is_difficult or has_order,
        "priority_list": is_difficult or has_order,
    }
    return ALWAYS + tuple(name for name, is_needed in extra.items() if is_needed)


def _unreadable(extracts: Extracts, regions: tuple[str, ...]) -> Iterator[Row]:
    for extract in NOT_ONE_UNREADABLE:
        counts = _unreadable_rows(extracts, extract)
        for home, rows in sorted(counts.items(), key=lambda item: str(item[0])):
            detail = f"{rows} quarantined row(s) whose enterprise cannot be read"
            everywhere = home is None or home == NATION
            for region in regions if everywhere else {home} & set(regions):
                yield _row(extracts.inputs, str(region), "unreadable_unit", extract, detail)


def _unreadable_rows(extracts: Extracts, extract: str) -> Mapping[Any, int]:
    rows = extracts.quarantined(extract)
    rows = rows.filter(~rows.is_unit_known.fill_null(False))
    counted = rows.group_by("home_region").aggregate(unreadable=rows.count())
    return {row["home_region"]: row["unreadable"] for row in rows_of(counted)}
