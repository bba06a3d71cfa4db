"""What a region gives each of its units: parameters, the fund that pays, the benefit standard."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from stable_jobs.policy.catalogue import UNKNOWN_SIZE
from stable_jobs.policy.extracts import Extracts, Inputs
from stable_jobs.policy.load import Policies
from stable_jobs.policy.table import FUND, REGION_COLUMNS, Row, as_table, levels, typed_table
from stable_jobs.regions import NATION

if TYPE_CHECKING:
    import ibis.expr.types as ir

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


def _applications(inputs: Inputs, regions: set[Any]) -> ir.Table:
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


def _cause(t: ir.Table) -> Any:
    import ibis

    return ibis.cases(
        (t.doubt.notnull() & (t.distance.isnull() | (t.doubt <= t.distance)), "quarantined"),
        (t.distance.isnull(), "missing"),
        (t.is_conflict, "conflict"),
        else_=ibis.null("string"),
    )
