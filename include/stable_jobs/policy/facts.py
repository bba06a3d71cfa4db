"""One row per unit with everything the departments say about it; no parameter is read here.

A unit is `region_code` + `uscc`. insured_units decides which exist; no join may raise their number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from stable_jobs.policy import accounts, aggregates, enterprises, paid, parents
from stable_jobs.policy.catalogue import CATEGORIES, EXCLUSION_LISTS, SCHEMES
from stable_jobs.policy.crosswalk import OLD_LENGTH, clashes, crosswalk, renamed
from stable_jobs.policy.doubts import (
    LISTED_BY_CODE,
    UNIT_EXTRACTS,
    all_keys,
    clashing_enterprises,
    clashing_units,
    doubted_enterprises,
    doubted_units,
)
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


def gather(
    backend: BaseBackend, inputs: Inputs, on: date, hold: Hold, regions: Iterable[str] = ()
) -> Gathered:
    """All facts of the business date `on`, over all regions; the big group-bys are run once and kept.

    regions: those that take part: what one of them did not send is missing (`parents`).
    """
    units = hold(accepted(backend, inputs, "insured_units"))
    clashing = hold(clashes(units, all_keys(backend, inputs, units)))
    walk = hold(crosswalk(units, clashing))
    rows = {e: renamed(accepted(backend, inputs, e), walk) for e in UNIT_EXTRACTS}
    refunds = hold(paid.reported(rows["prior_refunds"], on))
    ours = renamed(paid.ours(backend, inputs.paid_by_us), walk).distinct()
    parts = _parts(rows, on, hold) | {"prior_refunds": paid.already_paid(refunds, ours, on)}
    units = renamed(units, walk, column="parent_uscc")
    found = hold(accounts.account_facts(units, rows["payee_accounts"], rows["taxpayers"], hold))
    nameless = accounts.nameless(rows["payee_accounts"], rows["taxpayers"])
    summed = _summed(rows, parts)
    doubts = doubted_units(backend, inputs, walk)
    clash = clashing_units(backend, inputs, clashing, _with_ours(summed, ours))
    beside = [found.select(*UNIT, "account_source"), nameless, doubts, clash]
    facts = hold(_joined(units, [*parts.values(), *beside]))
    facts = _with_enterprise(facts, backend, inputs, Numbers(walk, clashing, tuple(regions)), on, hold).view()
    facts = _of_nobody(_filled(facts), clashing)
    return Gathered(units, walk, _ordered(facts), found, summed, refunds)


def _with_ours(summed: dict[str, ir.Table], ours: ir.Table) -> dict[str, ir.Table]:
    """Under which codes there are rows; what we paid stands beside what finance says was paid."""
    both = summed["prior_refunds"].select(*UNIT).union(ours.select(*UNIT))
    return summed | {"prior_refunds": both}


@dataclass(frozen=True)
class Numbers:
    """How codes are read: old numbers replaced (`crosswalk`), those that are another's key (`clashes`), and
    the regions that take part."""

    walk: ir.Table
    clashing: ir.Table
    regions: tuple[str, ...]


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

    none = ibis.null(aggregates.SUM)
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
    return counted.mutate(amount=counted.amount.cast(aggregates.SUM))


def _joined(units: ir.Table, parts: list[ir.Table]) -> ir.Table:
    """One chain of left joins on the unit; every part has one row per unit."""
    joined: Any = units
    for i, part in enumerate(parts):
        joined = joined.left_join(part, list(UNIT), rname=f"{{name}}__{i}")
    return joined.select(*(c for c in joined.columns if "__" not in c))


def _with_enterprise(
    facts: ir.Table, backend: BaseBackend, inputs: Inputs, numbers: Numbers, on: date, hold: Hold
) -> ir.Table:
    walk, clashing = numbers.walk, numbers.clashing
    sent = {e: accepted(backend, inputs, e) for e in ("exclusion_list", "priority_list", "enterprise_sizes")}
    lists = {e: renamed(rows, walk) for e, rows in sent.items()}
    for part, key in (
        (enterprises.exclusions(lists["exclusion_list"], on), "listed_uscc"),
        (enterprises.priorities(lists["priority_list"], on), "priority_uscc"),
    ):
        facts = facts.left_join(part, facts.uscc == part[key]).drop(key)
    bad = doubted_enterprises(backend, inputs, walk, "exclusion_list").mutate(is_clash=False)
    clash = clashing_enterprises(backend, inputs, clashing, sent["exclusion_list"], "exclusion_list")
    both = bad.union(clash.mutate(is_clash=True))
    both = both.group_by(doubted_uscc=both.uscc).aggregate(
        clash_exclusion_list=both.is_clash.any(), doubt_exclusion_list=(~both.is_clash).any()
    )
    facts = facts.left_join(both, facts.uscc == both.doubted_uscc).drop("doubted_uscc")
    broken = doubted_enterprises(backend, inputs, walk, "enterprise_sizes")
    clash = clashing_enterprises(backend, inputs, clashing, sent["enterprise_sizes"], "enterprise_sizes")
    sized = hold(enterprises.sizes(lists["enterprise_sizes"], broken, clash))
    return _with_size(hold(facts), sized, backend, inputs, numbers, hold)


def _with_size(
    facts: ir.Table, sized: ir.Table, backend: BaseBackend, inputs: Inputs, numbers: Numbers, hold: Hold
) -> ir.Table:
    """The parent's size for a branch, its own only if nothing is or may be known of the parent's."""
    own = facts.left_join(sized, facts.uscc == sized.sized_uscc)
    parent = sized.rename(parent_sized="sized_uscc", parent_size="economy_size", parent_cause="size_cause")
    t = own.left_join(parent, own.parent_uscc == parent.parent_sized)
    away = parents.unknowable(backend, facts, inputs, numbers.clashing, numbers.regions, hold)
    t = t.left_join(away, t.parent_uscc == away.unsized_uscc)
    t = t.view()
    takes_parent = t.parent_sized.notnull() | t.unsized_uscc.notnull()
    why = t.parent_sized.notnull().ifelse(t.parent_cause, t.unsized_cause)
    missing = t.sized_uscc.isnull().ifelse("missing", t.size_cause)
    return t.mutate(
        economy_size=takes_parent.ifelse(t.parent_size, t.economy_size),
        size_cause=takes_parent.ifelse(why, missing),
        is_parent_size=takes_parent,
    ).drop("sized_uscc", "parent_sized", "parent_size", "parent_cause", "unsized_uscc", "unsized_cause")


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
    flags = ["doubt_insured_units", "is_account_nameless"]
    flags += [f"{kind}_{e}" for kind in ("doubt", "clash") for e in (*UNIT_EXTRACTS, "exclusion_list")]
    flags += [f"list_{n}" for n in EXCLUSION_LISTS] + [f"category_{n}" for n in CATEGORIES]
    false: dict[str, Any] = {n: facts[n].fill_null(False) for n in flags}
    yuan = (zero["refund_rows"] == 0).ifelse(_no_yuan(), facts.refunded)
    return facts.mutate(**zero, **none_claimed, **false, refunded=yuan)


def _of_nobody(facts: ir.Table, clashing: ir.Table) -> ir.Table:
    """Doubts of old numbers, and nothing proven by rows under a key that is another unit's old number.

    Rows under such a key may be either unit's: they fail neither.
    """
    import ibis

    keys = clashing.select(key_region="clash_region", key_number="clash_number").distinct()
    t = facts.left_join(keys, [facts.region_code == keys.key_region, facts.uscc == keys.key_number])
    t = t.mutate(is_others_number=t.key_number.notnull(), is_old_key=t.uscc.length() == OLD_LENGTH).view()
    doubts: dict[str, Any] = {f"doubt_{e}": t[f"doubt_{e}"] | t[f"clash_{e}"] for e in UNIT_EXTRACTS}
    doubts["doubt_exclusion_list"] = t.doubt_exclusion_list | t.clash_exclusion_list
    doubts |= {f"doubt_{e}": doubts[f"doubt_{e}"] | t.is_old_key for e in LISTED_BY_CODE}
    unproven = ["is_cancelled", "is_abnormal", "arrears_amount", *(f"{s}_applied_on" for s in SCHEMES)]
    blank = {n: t.is_others_number.ifelse(ibis.null(t[n].type()), t[n]) for n in unproven}
    is_nobodys = t.is_old_key & t.clash_exclusion_list
    unlisted = {f"list_{n}": t[f"list_{n}"] & ~is_nobodys for n in EXCLUSION_LISTS}
    return t.mutate(**doubts, **blank, **unlisted).drop("key_region", "key_number", "is_others_number")


def _no_yuan() -> Any:
    import ibis

    return ibis.literal("0").cast(aggregates.SUM)


def _ordered(facts: ir.Table) -> ir.Table:
    return facts.drop("row_no", "delivery_id", "delivery_region", "row_id").order_by(*UNIT)
