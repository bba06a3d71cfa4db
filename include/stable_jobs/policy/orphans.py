"""Rows that match no unit: counted, with their yuan, and listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stable_jobs.policy.aggregates import SUM
from stable_jobs.policy.crosswalk import renamed
from stable_jobs.policy.extracts import Extracts
from stable_jobs.policy.facts import Gathered
from stable_jobs.policy.table import typed_table

if TYPE_CHECKING:
    import ibis.expr.types as ir

UNIT = ("region_code", "uscc")
COLUMNS = ("region_code", "department", "extract", "uscc", "rows", "amount")
ENTERPRISE_EXTRACTS = ("enterprise_sizes", "exclusion_list", "priority_list")


def orphans(extracts: Extracts, gathered: Gathered) -> ir.Table:
    """`region_code, department, extract, uscc, rows, amount` (yuan; empty where the extract has no amount).

    A row about a unit matches on region and code, a row about an enterprise on its code, or as a
    unit's parent.
    """
    import ibis

    codes = _enterprises(gathered)
    parts = [gathered.strays]
    for extract in ENTERPRISE_EXTRACTS:
        rows = renamed(extracts.accepted(extract).select(*UNIT), gathered.walk).anti_join(codes, "uscc")
        parts.append(_counted(rows).mutate(extract=ibis.literal(extract)))
    rows = ibis.union(*(part.select(*UNIT, "extract", "rows", "amount") for part in parts))
    owners = typed_table(
        [{"extract": e, "department": c.department} for e, c in extracts.inputs.contracts.items()],
        {"extract": "string", "department": "string"},
    )
    return rows.join(owners, "extract").select(*COLUMNS).order_by("region_code", "extract", "uscc")


def _enterprises(gathered: Gathered) -> ir.Table:
    parents = gathered.facts.select(uscc=gathered.facts.parent_uscc)
    return gathered.units.select("uscc").union(parents.filter(parents.uscc.notnull())).distinct()


def _counted(rows: ir.Table) -> ir.Table:
    import ibis

    return rows.group_by(*UNIT).aggregate(rows=rows.count()).mutate(amount=ibis.null(SUM))
