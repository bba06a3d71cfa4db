"""Rows that match no unit: counted, with their yuan, and listed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import TYPE_CHECKING

from stable_jobs.policy.aggregates import SUM
from stable_jobs.policy.crosswalk import renamed
from stable_jobs.policy.extracts import Inputs, accepted
from stable_jobs.policy.facts import Gathered

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

UNIT = ("region_code", "uscc")
COLUMNS = ("region_code", "department", "extract", "uscc", "rows", "amount")
ENTERPRISE_EXTRACTS = ("enterprise_sizes", "exclusion_list", "priority_list")


def orphans(backend: BaseBackend, inputs: Inputs, gathered: Gathered) -> ir.Table:
    """`region_code, department, extract, uscc, rows, amount` (yuan; empty where the extract has no amount).

    A row about a unit matches on region and code, a row about an enterprise on its code, or as a
    unit's parent.
    """
    departments = {e: c.department for e, c in inputs.contracts.items()}
    keys = gathered.units.select(*UNIT)
    parts = [_labelled(t.anti_join(keys, UNIT), e, departments) for e, t in gathered.summed.items()]
    codes = _enterprises(gathered)
    for extract in ENTERPRISE_EXTRACTS:
        rows = renamed(accepted(backend, inputs, extract), gathered.walk)
        parts.append(_labelled(_counted(rows.anti_join(codes, "uscc")), extract, departments))
    return reduce(lambda a, b: a.union(b), parts).order_by("region_code", "extract", "uscc")


def _enterprises(gathered: Gathered) -> ir.Table:
    parents = gathered.facts.select(uscc=gathered.facts.parent_uscc)
    return gathered.units.select("uscc").union(parents.filter(parents.uscc.notnull())).distinct()


def _counted(rows: ir.Table) -> ir.Table:
    import ibis

    return rows.group_by(*UNIT).aggregate(rows=rows.count()).mutate(amount=ibis.null(SUM))


def _labelled(rows: ir.Table, extract: str, departments: Mapping[str, str]) -> ir.Table:
    import ibis

    return rows.mutate(department=ibis.literal(departments[extract]), extract=ibis.literal(extract)).select(
        *COLUMNS
    )
