"""A unit under its region's parameters: one row per unit and scheme, with what the tests compare."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from stable_jobs.policy.catalogue import SCHEMES, UNKNOWN_SIZE
from stable_jobs.policy.extracts import step
from stable_jobs.policy.table import SIZE_COLUMNS, Row, as_table

if TYPE_CHECKING:
    import ibis.expr.types as ir

UNIT = ("region_code", "uscc")
KEY = ("region_code", "scheme")
ROW = ("region_code", "uscc", "scheme")
DISPATCH_INDUSTRY = "7263"
FINANCE_DIVISIONS = ("66", "67", "68", "69")
"""Section J of GB/T 4754-2017."""


@dataclass(frozen=True)
class Setting:
    """What every stage joins: facts per unit, parameters per region and scheme, and those per size."""

    facts: ir.Table
    region: ir.Table
    sizes: ir.Table
    on: date

    def wide(self, results: ir.Table, *columns: str) -> ir.Table:
        """Facts and all parameters beside the results of earlier stages (one row per unit and scheme).

        columns: only these; none: all.
        """
        t = results.join(self.facts, UNIT).join(self.region, KEY)
        s = self.sizes
        key = t.policy_size.fill_null(UNKNOWN_SIZE)
        t = t.join(s, [t.region_code == s.sized_region, t.scheme == s.sized_scheme, key == s.size])
        if columns:
            return t.select(*columns).view()
        return t.mutate(business_date=_date(self.on), lane=t.is_dispatch.ifelse("application", t.lane)).view()


def setting(facts: ir.Table, region: ir.Table, rows: tuple[Row, ...], on: date) -> Setting:
    """facts: one row per unit; region: regional.py; rows: the parameter table of the regions to decide."""
    sized = as_table(rows).select("region_code", "scheme", "size", *SIZE_COLUMNS)
    return Setting(facts, region, sized.rename(sized_region="region_code", sized_scheme="scheme"), on)


def settled(s: Setting) -> ir.Table:
    """One row per unit and scheme: `headcount`, `is_dispatch`, `is_by_reference`, `policy_size`, and
    the newest application of the row's scheme (`applied_on, is_signed, declared_headcount, declared_size`).

    A difficult row only where the scheme is open and the unit is recovering.
    """
    t = s.facts.inner_join(s.region, "region_code")
    t = t.filter((t.scheme == "general") | t.category_recovering).view()
    is_by_reference = t.by_reference_forms.contains(t.legal_form).fill_null(False)
    t = step(t, headcount=_headcount(t), is_dispatch=_is_dispatch(t), is_by_reference=is_by_reference)
    results = {"policy_size": _policy_size(t)} | _application(t)
    return t.select(*ROW, "headcount", "is_dispatch", "is_by_reference", **results)


def _date(on: date) -> Any:
    import ibis

    return ibis.literal(on, type="date")


def _headcount(t: ir.Table) -> Any:
    """The one parameter `headcount`: December Y-1, or the year's monthly average rounded half-up."""
    doubtful = t.doubt_monthly_headcount | t.is_headcount_conflict.fill_null(False)
    average = (t.year_months > 0).ifelse((2 * t.year_sum + t.year_months) // (2 * t.year_months), None)
    count = (t.headcount_basis == "december").ifelse(t.december_last, average)
    return doubtful.ifelse(None, count).cast("int64")


def _is_dispatch(t: ir.Table) -> Any:
    is_industry = (t.industry_code == DISPATCH_INDUSTRY).fill_null(False)
    return t.is_labour_dispatch.fill_null(False) | is_industry


def _policy_size(t: ir.Table) -> Any:
    import ibis

    is_finance = t.industry_code.substr(0, 2).isin(FINANCE_DIVISIONS).fill_null(False)
    counts_as_large = (t.finance_section_counts_as_large & is_finance) | (
        t.dispatch_counts_as_large & t.is_dispatch
    )
    return ibis.cases(
        (t.is_by_reference, _by_reference_size(t)),
        (counts_as_large, "large"),
        else_=t.economy_size,
    )


def _by_reference_size(t: ir.Table) -> Any:
    import ibis

    limit = t.by_reference_large_headcount
    return ibis.cases(
        (limit.isnull(), t.by_reference_size),
        (t.headcount.isnull(), ibis.null("string")),
        (t.headcount >= limit, "large"),
        else_=t.by_reference_size,
    )


def _application(t: ir.Table) -> dict[str, Any]:
    general, difficult = SCHEMES
    is_general = t.scheme == general
    names = ("applied_on", "is_signed", "declared_headcount", "declared_size")
    return {n: is_general.ifelse(t[f"{general}_{n}"], t[f"{difficult}_{n}"]) for n in names}
