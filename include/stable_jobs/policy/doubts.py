"""Quarantined rows brought to the unit they are about: not absent, but unknown (domain: section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stable_jobs.policy.crosswalk import renamed
from stable_jobs.policy.extracts import Inputs, quarantined

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

UNIT_EXTRACTS = (
    "monthly_headcount",
    "benefit_claims",
    "premium_payments",
    "taxpayers",
    "payee_accounts",
    "prior_refunds",
    "applications",
)
"""Extracts whose rows are about one unit; insured_units says which units there are."""


def doubted_units(backend: BaseBackend, inputs: Inputs, walk: ir.Table) -> ir.Table:
    """`region_code, uscc` and one flag `doubt_<extract>` each: a row of the unit was quarantined there."""
    import ibis

    parts = [_of_extract(quarantined(backend, inputs, e), walk, e) for e in UNIT_EXTRACTS]
    rows = ibis.union(*parts)
    flags: dict[str, Any] = {f"doubt_{e}": (rows.extract == e).any() for e in UNIT_EXTRACTS}
    return rows.group_by("region_code", "uscc").aggregate(**flags)


def _of_extract(rows: ir.Table, walk: ir.Table, extract: str) -> ir.Table:
    """A row counts for the unit of the region it was sent for, whatever region it names itself."""
    import ibis

    known = rows.filter(rows.is_unit_known)
    units = renamed(known, walk, region="home_region")
    return units.select(region_code=units.home_region, uscc=units.uscc, extract=ibis.literal(extract))


def doubted_enterprises(backend: BaseBackend, inputs: Inputs, walk: ir.Table, extract: str) -> ir.Table:
    """`uscc` of every readable quarantined row of an extract about enterprises; may repeat."""
    rows = quarantined(backend, inputs, extract)
    return renamed(rows.filter(rows.is_unit_known), walk, region="home_region").select("uscc")
