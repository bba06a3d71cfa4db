"""One row per unit with everything the departments say about it; no parameter is read here.

A unit is `region_code` + `uscc`. insured_units decides which exist; no join may raise their number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from stable_jobs.policy import accounts, aggregates, enterprises, paid
from stable_jobs.policy.catalogue import CATEGORIES, EXCLUSION_LISTS, SCHEMES
from stable_jobs.policy.crosswalk import crosswalk, renamed
from stable_jobs.policy.doubts import UNIT_EXTRACTS, doubted_enterprises, doubted_units
from stable_jobs.policy.extracts import Inputs, accepted
from stable_jobs.policy.working import Hold

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

UNIT = ("region_code", "uscc")


@dataclass(frozen=True)
class Gathered:
    """What is computed once and read by several: accepted units, their facts, per-unit sums for the orphans.

    `summed`: extract → one row per region_code and uscc that has rows there, with `rows` and `amount`.
    `refunds`: prior_refunds of the policy year as finance reports them (paid.py).
    """

    units: ir.Table
    walk: ir.Table
    facts: ir.Table
    accounts: ir.Table
    summed: dict[str, ir.Table]
    refunds: ir.Table


def gather(backend: BaseBackend, inputs: Inputs, on: date, hold: Hold) -> Gathered:
    """All facts of the business date `on`, over all regions; the big group-bys are run once and kept."""
    units = hold(accepted(backend, inputs, "insured_units"))
    walk = hold(crosswalk(units))
    rows = {e: renamed(accepted(backend, inputs, e), walk) for e in UNIT_EXTRACTS}
    refunds = hold(paid.reported(rows["prior_refunds"], on))
    ours = renamed(paid.ours(backend, inputs.paid_by_us), walk).distinct()
    parts = _parts(rows, on, hold) | {"prior_refunds": paid.already_paid(refunds, ours, on)}
    units = renamed(units, walk, column="parent_uscc")
    found = hold(accounts.account_facts(units, rows["payee_accounts"], rows["taxpayers"], hold))
    doubts = doubted_units(backend, inputs, walk)
    facts = hold(_joined(units, [*parts.values(), found.select(*UNIT, "account_source"), doubts]))
    facts = _with_enterprise(facts, backend, inputs, walk, on, hold).view()
    return Gathered(units, walk, _ordered(_filled(facts)), found, _summed(rows, parts), refunds)


def _parts(rows: dict[str, ir.Table], on: date, hold: Hold) -> dict[str, ir.Table]:
    payees = rows["payee_accounts"]
    return {
        "monthly_headcount": hold(aggregates.headcounts(rows["monthly_headcount"], on)),
        "benefit_claims": aggregates.claims(rows["benefit_claims"], on),
        "premium_payments": hold(aggregates.premiums(rows["premium_payments"], on)),
        "taxpayers": aggregates.taxpayers(rows["taxpayers"]),
        "payee_accounts": payees.group_by(*UNIT).aggregate(payee_rows=payees.count()),
        **{s: aggregates.newest_applications(rows["applications"], on, s) for s in SCHEMES},
    }


def _summed(rows: dict[str, ir.Table], parts: dict[str, ir.Table]) -> dict[str, ir.Table]:
    """Rows and yuan per unit and extract; the two big ones from what was already grouped."""
    import ibis

    none = ibis.null(aggregates.YUAN)
    heads, paid = parts["monthly_headcount"], parts["premium_payments"]
    summed = {
        "monthly_headcount": heads.select(*UNIT, rows=heads.headcount_rows, amount=none),
        "premium_payments": paid.select(*UNIT, rows=paid.premium_rows, amount=paid.premium_total),
        "prior_refunds": _counted(rows["prior_refunds"], rows["prior_refunds"].amount.sum()),
    }
    plain = [extract for extract in UNIT_EXTRACTS if extract not in summed]
    return summed | {extract: _counted(rows[extract], none) for extract in plain}


def _counted(rows: ir.Table, amount: Any) -> ir.Table:
    counted = rows.group_by(*UNIT).aggregate(rows=rows.count(), amount=amount)
    return counted.mutate(amount=counted.amount.cast(aggregates.YUAN))


def _joined(units: ir.Table, parts: list[ir.Table]) -> ir.Table:
    """One chain of left joins on the unit; every part has one row per unit."""
    joined: Any = units
    for i, part in enumerate(parts):
        joined = joined.left_join(part, list(UNIT), rname=f"{{name}}__{i}")
    return joined.select(*(c for c in joined.columns if "__" not in c))


def _with_enterprise(
    facts: ir.Table, backend: BaseBackend, inputs: Inputs, walk: ir.Table, on: date, hold: Hold
) -> ir.Table:
    lists = {
        e: renamed(accepted(backend, inputs, e), walk)
        for e in ("exclusion_list", "priority_list", "enterprise_sizes")
    }
    facts = _with_size(facts, lists["enterprise_sizes"], backend, inputs, walk, hold)
    for part, key in (
        (enterprises.exclusions(lists["exclusion_list"], on), "listed_uscc"),
        (enterprises.priorities(lists["priority_list"], on), "priority_uscc"),
    ):
        facts = facts.left_join(part, facts.uscc == part[key]).drop(key)
    bad = doubted_enterprises(backend, inputs, walk, "exclusion_list").distinct()
    bad = bad.select(doubted_uscc=bad.uscc)
    facts = facts.left_join(bad, facts.uscc == bad.doubted_uscc)
    return facts.mutate(doubt_exclusion_list=facts.doubted_uscc.notnull()).drop("doubted_uscc")


def _with_size(
    facts: ir.Table, rows: ir.Table, backend: BaseBackend, inputs: Inputs, walk: ir.Table, hold: Hold
) -> ir.Table:
    """The parent's size for a branch, its own only if nothing is or may be known of the parent's."""
    broken = doubted_enterprises(backend, inputs, walk, "enterprise_sizes")
    sized = hold(enterprises.sizes(rows, broken))
    own = facts.left_join(sized, facts.uscc == sized.sized_uscc)
    parents = sized.rename(parent_sized="sized_uscc", parent_size="economy_size", parent_cause="size_cause")
    t = own.left_join(parents, own.parent_uscc == parents.parent_sized)
    away = _unsized_parents(facts, inputs)
    t = t.left_join(away, t.parent_uscc == away.unsized_uscc)
    t = t.view()
    takes_parent = t.parent_sized.notnull() | t.unsized_uscc.notnull()
    missing = (~takes_parent & t.sized_uscc.isnull()) | (t.parent_sized.isnull() & t.unsized_uscc.notnull())
    cause = takes_parent.ifelse(t.parent_cause, t.size_cause)
    return t.mutate(
        economy_size=takes_parent.ifelse(t.parent_size, t.economy_size),
        size_cause=missing.ifelse("missing", cause),
        is_parent_size=takes_parent,
    ).drop("sized_uscc", "parent_sized", "parent_size", "parent_cause", "unsized_uscc")


def _unsized_parents(facts: ir.Table, inputs: Inputs) -> ir.Table:
    """Enterprises insured in a region whose delivery of sizes is not in force: their size may exist."""
    regions = sorted({f.region_code for f in inputs.files})
    uncovered = [r for r in regions if not inputs.covers("enterprise_sizes", r)]
    rows = facts.filter(facts.region_code.isin(uncovered)) if uncovered else facts.limit(0)
    return rows.select(unsized_uscc=rows.uscc).distinct()


def _filled(facts: ir.Table) -> ir.Table:
    """Absence with a meaning (domain: section 3): no claim, no refund, on no list is 0 and false."""
    zero = {
        n: facts[n].fill_null(0)
        for n in (
            "refund_rows",
            "claim_rows",
            "headcount_rows",
            "premium_rows",
            "taxpayer_rows",
            "payee_rows",
        )
    }
    none_claimed = {
        n: (zero["claim_rows"] == 0).ifelse(0, facts[n])
        for n in ("claimants", "layoffs", "natural_attrition")
    }
    flags = [f"doubt_{e}" for e in UNIT_EXTRACTS]
    flags += [f"list_{n}" for n in EXCLUSION_LISTS] + [f"category_{n}" for n in CATEGORIES]
    false: dict[str, Any] = {n: facts[n].fill_null(False) for n in flags}
    yuan = (zero["refund_rows"] == 0).ifelse(_no_yuan(), facts.refunded)
    return facts.mutate(**zero, **none_claimed, **false, refunded=yuan)


def _no_yuan() -> Any:
    import ibis

    return ibis.literal("0").cast(aggregates.YUAN)


def _ordered(facts: ir.Table) -> ir.Table:
    return facts.drop("row_no", "delivery_id", "delivery_region", "row_id").order_by(*UNIT)
