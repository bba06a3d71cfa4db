"""One row per unit with everything the departments say about it; no parameter is read here.

A unit is `region_code` + `uscc`. insured_units decides which exist; no join may raise their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
    unaccepted,
)
from stable_jobs.policy.extracts import Extracts

if TYPE_CHECKING:
    import ibis.expr.types as ir

UNIT = ("region_code", "uscc")


@dataclass(frozen=True)
class Gathered:
    """What is computed once and read by several: accepted units, their facts, per-unit sums for the orphans.

    `strays`: what stands under codes of no unit, by `region_code, uscc, extract`, with `rows` and `amount`.
    `refunds`: prior_refunds of the policy year as finance reports them (paid.py).
    """

    units: ir.Table
    walk: ir.Table
    facts: ir.Table
    accounts: ir.Table
    strays: ir.Table
    refunds: ir.Table


def gather(extracts: Extracts, on: date, regions: Iterable[str] = ()) -> Gathered:
    """All facts of the business date `on`, over all regions; the big group-bys are run once and kept.

    regions: those that take part: what one of them did not send is missing (`parents`).
    """
    materialize = extracts.working.materialize
    units = materialize(extracts.accepted("insured_units"))
    broken = materialize(unaccepted(extracts))
    clashing = materialize(clashes(units, all_keys(units, broken)))
    walk = materialize(crosswalk(units, clashing))
    rows = {e: renamed(extracts.accepted(e), walk) for e in UNIT_EXTRACTS}
    refunds = materialize(paid.reported(rows["prior_refunds"], on))
    ours = renamed(paid.ours(extracts.working, extracts.inputs.paid_by_us), walk).distinct()
    parts = _parts(rows, on, materialize) | {"prior_refunds": paid.already_paid(refunds, ours, on)}
    units = renamed(units, walk, column="parent_uscc")
    found = materialize(
        accounts.account_facts(units, rows["payee_accounts"], rows["taxpayers"], extracts.working)
    )
    nameless = accounts.nameless(rows["payee_accounts"], rows["taxpayers"])
    apart = materialize(_apart(_summed(rows, parts), units, clashing))
    clash = clashing_units(clashing, _sent_under(apart, ours, broken))
    beside = [found.select(*UNIT, "account_source"), nameless, doubted_units(broken, walk), clash]
    facts = materialize(_joined(units, [*parts.values(), *beside]))
    numbers = Numbers(walk, clashing, broken, tuple(regions))
    facts = _with_enterprise(facts, extracts, numbers, on).view()
    facts = _of_nobody(_filled(facts), clashing)
    strays = apart.filter(apart.is_stray).drop("is_stray")
    return Gathered(units, walk, _ordered(facts), found, strays, refunds)


def _apart(summed: dict[str, ir.Table], units: ir.Table, clashing: ir.Table) -> ir.Table:
    """What stands under codes of no unit (`is_stray`), or under a number that two units share."""
    import ibis

    rows = ibis.union(*(t.mutate(extract=ibis.literal(extract)) for extract, t in summed.items()))
    keys = units.select(*UNIT).mutate(is_units=ibis.literal(True))
    shared = clashing.select(region_code="clash_region", uscc="clash_number").distinct()
    shared = shared.mutate(is_shared=ibis.literal(True))
    rows = rows.left_join(keys, UNIT, rname="{name}__of_unit")
    rows = rows.left_join(shared, UNIT, rname="{name}__shared")
    found = rows.select(*UNIT, "extract", "rows", "amount", "is_shared", is_stray=rows.is_units.isnull())
    return found.filter(found.is_stray | found.is_shared.notnull()).drop("is_shared")


def _sent_under(apart: ir.Table, ours: ir.Table, broken: ir.Table) -> ir.Table:
    """`extract, region_code, uscc` as sent, accepted or quarantined; what we paid stands beside what finance
    says was paid."""
    import ibis

    columns = ("extract", *UNIT)
    paid_by_us = ours.select(*UNIT).mutate(extract=ibis.literal("prior_refunds"))
    return ibis.union(*(t.select(*columns) for t in (apart, paid_by_us, broken)))


@dataclass(frozen=True)
class Numbers:
    """How codes are read: old numbers replaced (`crosswalk`), those that are another's key (`clashes`), the
    codes of quarantined rows (`unaccepted`), and the regions that take part."""

    walk: ir.Table
    clashing: ir.Table
    broken: ir.Table
    regions: tuple[str, ...]


def _parts(
    rows: dict[str, ir.Table], on: date, materialize: Callable[[ir.Table], ir.Table]
) -> dict[str, ir.Table]:
    payees = rows["payee_accounts"]
    return {
        "monthly_headcount": materialize(aggregates.headcounts(rows["monthly_headcount"], on)),
        "benefit_claims": aggregates.claims(rows["benefit_claims"], on),
        "premium_payments": materialize(aggregates.premiums(rows["premium_payments"], on)),
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


def _with_enterprise(facts: ir.Table, extracts: Extracts, numbers: Numbers, on: date) -> ir.Table:
    walk, clashing, quarantine = numbers.walk, numbers.clashing, numbers.broken
    sent = {e: extracts.accepted(e) for e in ("exclusion_list", "priority_list", "enterprise_sizes")}
    lists = {e: renamed(rows, walk) for e, rows in sent.items()}
    for part, key in (
        (enterprises.exclusions(lists["exclusion_list"], on), "listed_uscc"),
        (enterprises.priorities(lists["priority_list"], on), "priority_uscc"),
    ):
        facts = facts.left_join(part, facts.uscc == part[key]).drop(key)
    bad = doubted_enterprises(quarantine, walk, "exclusion_list").mutate(is_clash=False)
    clash = clashing_enterprises(quarantine, clashing, sent["exclusion_list"], "exclusion_list")
    both = bad.union(clash.mutate(is_clash=True))
    both = both.group_by(doubted_uscc=both.uscc).aggregate(
        clash_exclusion_list=both.is_clash.any(), doubt_exclusion_list=(~both.is_clash).any()
    )
    facts = facts.left_join(both, facts.uscc == both.doubted_uscc).drop("doubted_uscc")
    broken = doubted_enterprises(quarantine, walk, "enterprise_sizes")
    clash = clashing_enterprises(quarantine, clashing, sent["enterprise_sizes"], "enterprise_sizes")
    materialize = extracts.working.materialize
    sized = materialize(enterprises.sizes(lists["enterprise_sizes"], broken, clash))
    return _with_size(materialize(facts), sized, extracts, numbers)


def _with_size(facts: ir.Table, sized: ir.Table, extracts: Extracts, numbers: Numbers) -> ir.Table:
    """The parent's size for a branch, its own only if nothing is or may be known of the parent's."""
    own = facts.left_join(sized, facts.uscc == sized.sized_uscc)
    parent = sized.rename(parent_sized="sized_uscc", parent_size="economy_size", parent_cause="size_cause")
    t = own.left_join(parent, own.parent_uscc == parent.parent_sized)
    away = parents.unknowable(extracts, facts, numbers.clashing, numbers.regions)
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
