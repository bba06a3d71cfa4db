"""Rows that are there and cannot be counted, brought to the unit they may be about: not absent, but unknown.

A quarantined row of the unit; rows under an old number that is another unit's own key; and for a unit that
has no code but an old number, whatever is listed by codes. Source: domain, sections 3 and 9.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stable_jobs.policy.crosswalk import OLD_LENGTH, either, renamed
from stable_jobs.policy.extracts import Inputs, quarantined
from stable_jobs.regions import NATION

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
LISTED_BY_CODE = ("exclusion_list", "prior_refunds", "applications")
"""What lists by codes, where absence means none. It cannot speak of a unit known by an old number alone."""


def doubted_units(backend: BaseBackend, inputs: Inputs, walk: ir.Table) -> ir.Table:
    """`region_code, uscc` and one flag `doubt_<extract>` each: a row of the unit was quarantined there.

    insured_units too: a unit may have an accepted row and a quarantined one.
    """
    parts = [_of_extract(quarantined(backend, inputs, e), walk, e) for e in UNIT_EXTRACTS]
    return _flags([*parts, _of_units(backend, inputs)], "doubt", (*UNIT_EXTRACTS, "insured_units"))


def clashing_units(
    backend: BaseBackend, inputs: Inputs, clashing: ir.Table, rows: Mapping[str, ir.Table]
) -> ir.Table:
    """`region_code, uscc` and one flag `clash_<extract>` each: rows of that extract stand under an old number
    of the unit that is another's own key, or under its own key that is another's old number.

    rows: extract → `region_code, uscc` of its accepted rows, and of our ledger's for prior_refunds.
    """
    import ibis

    parts = []
    for extract in UNIT_EXTRACTS:
        bad = _sent(quarantined(backend, inputs, extract))
        under = rows[extract].select("region_code", "uscc").union(bad)
        parts.append(either(clashing, under).mutate(extract=ibis.literal(extract)))
    return _flags(parts, "clash", UNIT_EXTRACTS)


def _flags(parts: list[ir.Table], prefix: str, extracts: tuple[str, ...]) -> ir.Table:
    import ibis

    rows = ibis.union(*parts)
    flags: dict[str, Any] = {f"{prefix}_{e}": (rows.extract == e).any() for e in extracts}
    return rows.group_by("region_code", "uscc").aggregate(**flags)


def _of_units(backend: BaseBackend, inputs: Inputs) -> ir.Table:
    import ibis

    return _sent(quarantined(backend, inputs, "insured_units")).mutate(extract=ibis.literal("insured_units"))


def _sent(rows: ir.Table) -> ir.Table:
    readable = rows.filter(rows.is_unit_known)
    return readable.select(region_code=readable.home_region, uscc=readable.uscc)


def _of_extract(rows: ir.Table, walk: ir.Table, extract: str) -> ir.Table:
    """A row counts for the unit of the region it was sent for, whatever region it names itself."""
    import ibis

    known = rows.filter(rows.is_unit_known)
    units = renamed(known, walk, region="home_region")
    return units.select(region_code=units.home_region, uscc=units.uscc, extract=ibis.literal(extract))


def all_keys(backend: BaseBackend, inputs: Inputs, units: ir.Table) -> ir.Table:
    """`region_code, uscc` of every unit that labor sent, accepted or quarantined with a readable code."""
    return units.select("region_code", "uscc").union(_sent(quarantined(backend, inputs, "insured_units")))


def doubted_enterprises(backend: BaseBackend, inputs: Inputs, walk: ir.Table, extract: str) -> ir.Table:
    """`uscc` of every readable quarantined row of an extract about enterprises; may repeat.

    An old number in a file for all whose region cannot be read may be that of a unit in any region.
    """
    rows = quarantined(backend, inputs, extract)
    rows = rows.filter(rows.is_unit_known)
    named = renamed(rows, walk, region="home_region").select("uscc")
    homeless = rows.filter((rows.home_region == NATION) & (rows.uscc.length() == OLD_LENGTH))
    anywhere = walk.semi_join(homeless, [walk.old_number == homeless.uscc])
    return named.union(anywhere.select(uscc=anywhere.new_uscc))


def clashing_enterprises(
    backend: BaseBackend, inputs: Inputs, clashing: ir.Table, rows: ir.Table, extract: str
) -> ir.Table:
    """`uscc` of both enterprises of a clashing number under which the extract has rows; may repeat.

    rows: its accepted ones. Whoever has the number as its code has it everywhere.
    """
    under = rows.select("region_code", "uscc").union(_sent(quarantined(backend, inputs, extract)))
    own = clashing.semi_join(under, [clashing.clash_number == under.uscc]).select(uscc="clash_number")
    return either(clashing, under).select("uscc").union(own)
