"""A unit under its region's parameters: one row per unit and scheme, with what the tests compare.

First what a region gives each of its units (parameters, the fund that pays, the benefit standard), then the
unit beside it, then what the payment of a decided row goes by.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from stable_jobs.policy.catalogue import SCHEMES, UNKNOWN_SIZE
from stable_jobs.policy.extracts import Extracts, Inputs, step
from stable_jobs.policy.load import Policies
from stable_jobs.policy.parameters import (
    FUND,
    REGION_COLUMNS,
    SIZE_COLUMNS,
    Row,
    as_table,
    levels,
    typed_table,
)
from stable_jobs.regions import NATION

if TYPE_CHECKING:
    import ibis.expr.types as ir

# ---- What a region gives ----

KEY = ("region_code", "scheme")


def region_table(extracts: Extracts, policies: Policies, rows: tuple[Row, ...], on: date) -> ir.Table:
    """One row per region and scheme: the parameters that do not depend on size, and

    `rolling_balance, annual_payout, fund_cause` of Y-1 with the `pooling_region` that reports them and its
    `refund_budget`, `monthly_benefit, benefit_cause`, `has_applications` (whether a delivery of applications
    is in force). A cause is why the value is empty or in doubt: `missing`, `quarantined`, `conflict`.
    """
    wide = as_table(r for r in rows if r["size"] == UNKNOWN_SIZE).select(*REGION_COLUMNS).drop("size")
    fund = _nearest(levels(policies, on, rows, True), *_funds(extracts, on), "fund_cause")
    benefit = _nearest(levels(policies, on, rows, False), *_benefits(extracts, on), "benefit_cause")
    benefit, fund = benefit.drop("level"), _pooled(fund)
    known = _applications(extracts.inputs, {r["region_code"] for r in rows})
    return wide.inner_join(fund, KEY).inner_join(benefit, KEY).inner_join(known, "region_code")


def _applications(inputs: Inputs, regions: set[str]) -> ir.Table:
    rows = [{"region_code": r, "has_applications": inputs.covers("applications", r)} for r in sorted(regions)]
    return typed_table(rows, {"region_code": "string", "has_applications": "boolean"})


def _funds(extracts: Extracts, on: date) -> tuple[ir.Table, ir.Table]:
    """Balance, payout and budget of Y-1 per reporting region, and the regions with a quarantined row."""
    rows = extracts.accepted("fund_balances")
    rows = rows.filter(rows.year == on.year - 1)
    values = _agreed(rows, ("rolling_balance", "annual_payout"), ("refund_budget",))
    return values, _doubted(extracts, "fund_balances")


def _pooled(fund: ir.Table) -> ir.Table:
    """`pooling_region` and `refund_budget` only where nothing about the fund is in doubt."""
    names = {"pooling_region": "level", "refund_budget": "refund_budget"}
    sure = {name: fund.fund_cause.isnull().ifelse(fund[column], None) for name, column in names.items()}
    return fund.mutate(**sure).drop("level")


def _benefits(extracts: Extracts, on: date) -> tuple[ir.Table, ir.Table]:
    """The newest monthly benefit effective by D per region, and the regions with a quarantined row."""
    rows = extracts.accepted("benefit_standards")
    rows = rows.filter(rows.effective_from <= on)
    newest = rows.group_by("region_code").aggregate(newest=rows.effective_from.max())
    rows = rows.inner_join(newest, "region_code").filter(lambda t: t.effective_from == t.newest)
    return _agreed(rows, ("monthly_benefit",)), _doubted(extracts, "benefit_standards")


def _agreed(rows: ir.Table, columns: tuple[str, ...], beside: tuple[str, ...] = ()) -> ir.Table:
    """One row per region reported on; several deliveries that differ contradict each other.

    beside: columns that are empty where they differ, and contradict nothing else.
    """
    import ibis

    differs = {c: rows[c].min() != rows[c].max() for c in (*columns, *beside)}
    lows = {c: rows[c].min() for c in columns} | {c: differs[c].ifelse(None, rows[c].min()) for c in beside}
    is_conflict = ibis.or_(*(differs[c] for c in columns))
    return rows.group_by(level=rows.region_code).aggregate(is_conflict=is_conflict, **lows)


def _doubted(extracts: Extracts, extract: str) -> ir.Table:
    """The levels with a quarantined row: the row's own where its file may speak of it, else the file's."""
    rows = extracts.quarantined(extract)
    slot, own = rows.delivery_region, rows.region_code
    is_above = own.isin([slot, slot.substr(0, 4) + "00", slot.substr(0, 2) + "0000", NATION])
    says_so = (slot != NATION) & is_above.fill_null(False)
    return rows.select(level=says_so.ifelse(own, rows.home_region)).distinct()


def _nearest(chain: tuple[Row, ...], values: ir.Table, doubted: ir.Table, cause: str) -> ir.Table:
    """The values of the nearest level that has any, and the `level`; a quarantined row at that level or
    nearer is a doubt.

    A conflict, or a doubt nearer than the level found, empties the values.
    """
    steps = typed_table(chain, dict(zip(FUND, ("string", "string", "string", "int64"), strict=True)))
    found = _first(steps.inner_join(values, "level"))
    doubt = steps.inner_join(doubted, "level").group_by(*KEY).aggregate(doubt=lambda t: t.distance.min())
    t = steps.select(*KEY).distinct().left_join(found, KEY, rname="{name}__found")
    t = t.left_join(doubt, KEY, rname="{name}__doubt")
    why = _cause(t)
    hidden = (t.is_conflict | (t.doubt < t.distance)).fill_null(False)
    names = [c for c in values.columns if c != "is_conflict"]
    return t.select(*KEY, **{n: hidden.ifelse(None, t[n]) for n in names}, **{cause: why})


def _first(steps: ir.Table) -> ir.Table:
    import ibis

    place = ibis.row_number().over(group_by=KEY, order_by=steps.distance)
    return steps.mutate(place=place).filter(lambda t: t.place == 0).drop("place")


def _cause(t: ir.Table) -> ir.StringValue:
    import ibis

    return ibis.cases(
        (t.doubt.notnull() & (t.distance.isnull() | (t.doubt <= t.distance)), "quarantined"),
        (t.distance.isnull(), "missing"),
        (t.is_conflict, "conflict"),
        else_=ibis.null("string"),
    )


# ---- A unit under its region ----

UNIT = ("region_code", "uscc")
KEY = ("region_code", "scheme")
ROW = ("region_code", "uscc", "scheme")
DISPATCH_INDUSTRY = "7263"
FINANCE_DIVISIONS = ("66", "67", "68", "69")
"""Section J of GB/T 4754-2017."""


@dataclass(frozen=True)
class Setting:
    """The tables that every stage joins: facts per unit, parameters per region and scheme, and by size."""

    facts: ir.Table
    region: ir.Table
    sizes: ir.Table
    on: date

    def wide(self, results: ir.Table, *columns: str) -> ir.Table:
        """Facts and all parameters beside the results of earlier stages (one row per unit and scheme).

        columns: only these; none: all.
        """
        import ibis

        t = results.join(self.facts, UNIT).join(self.region, KEY)
        s = self.sizes
        key = t.policy_size.fill_null(UNKNOWN_SIZE)
        t = t.join(s, [t.region_code == s.sized_region, t.scheme == s.sized_scheme, key == s.size])
        if columns:
            return t.select(*columns).view()
        lane = t.is_dispatch.ifelse("application", t.lane)
        return t.mutate(business_date=ibis.literal(self.on, type="date"), lane=lane).view()


def setting(facts: ir.Table, region: ir.Table, rows: tuple[Row, ...], on: date) -> Setting:
    """facts: one row per unit; region: regional.py; rows: the parameter table of the regions to decide."""
    sized = as_table(rows).select("region_code", "scheme", "size", *SIZE_COLUMNS)
    return Setting(facts, region, sized.rename(sized_region="region_code", sized_scheme="scheme"), on)


def resolved_rows(s: Setting) -> ir.Table:
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


def _headcount(t: ir.Table) -> ir.IntegerValue:
    """The one parameter `headcount`: December Y-1, or the year's monthly average rounded half-up."""
    doubtful = t.doubt_monthly_headcount | t.is_headcount_conflict.fill_null(False)
    average = (t.year_months > 0).ifelse((2 * t.year_sum + t.year_months) // (2 * t.year_months), None)
    count = (t.headcount_basis == "december").ifelse(t.december_last, average)
    return doubtful.ifelse(None, count).cast("int64")


def _is_dispatch(t: ir.Table) -> ir.BooleanValue:
    is_industry = (t.industry_code == DISPATCH_INDUSTRY).fill_null(False)
    return t.is_labour_dispatch.fill_null(False) | is_industry


def _policy_size(t: ir.Table) -> ir.StringValue:
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


def _by_reference_size(t: ir.Table) -> ir.StringValue:
    import ibis

    limit = t.by_reference_large_headcount
    return ibis.cases(
        (limit.isnull(), t.by_reference_size),
        (t.headcount.isnull(), ibis.null("string")),
        (t.headcount >= limit, "large"),
        else_=t.by_reference_size,
    )


def _application(t: ir.Table) -> dict[str, ir.Value]:
    general, difficult = SCHEMES
    is_general = t.scheme == general
    names = ("applied_on", "is_signed", "declared_headcount", "declared_size")
    return {n: is_general.ifelse(t[f"{general}_{n}"], t[f"{difficult}_{n}"]) for n in names}


# ---- What a payment goes by ----

TERMS = (
    "region_code",
    "scheme",
    "size_class",
    "approvals",
    "notice_working_days",
    "bank_answer_days",
    "deadline",
    "pooling_region",
    "refund_budget",
    "same_day_promise",
)
"""`approvals`: people; empty for size `unknown` unless all sizes agree. Days are working days.
`pooling_region` with its `refund_budget` in yuan for the policy year; empty where missing or in doubt."""


def terms(region: ir.Table, rows: tuple[Row, ...]) -> ir.Table:
    """One row per decided region, open scheme and size (the four and `unknown`).

    region: regional.py's table; rows: the parameter table of the regions decided.
    """
    sized = as_table(rows).select(*KEY, "approvals", size_class="size")
    t = sized.inner_join(region, KEY)
    t = t.mutate(same_day_promise=t.same_day_promise.fill_null(False))
    return t.select(*TERMS).order_by("region_code", "scheme", "size_class")
