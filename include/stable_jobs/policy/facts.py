"""One row per unit with everything the departments say about it, and the account for its money."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from stable_jobs.accounts import SEPARATORS
from stable_jobs.contracts import checks
from stable_jobs.names import BLANKS, STANDARD
from stable_jobs.policy import aggregates
from stable_jobs.policy.catalogue import CATEGORIES, EXCLUSION_LISTS, SCHEMES
from stable_jobs.policy.extracts import (
    LISTED_BY_CODE,
    OLD_LENGTH,
    UNIT_EXTRACTS,
    Extracts,
    Inputs,
    all_keys,
    clashes,
    clashing_enterprises,
    clashing_units,
    crosswalk,
    doubted_enterprises,
    doubted_units,
    renamed,
    rows_of,
    unaccepted,
)
from stable_jobs.policy.parameters import typed_table
from stable_jobs.regions import NATION
from stable_jobs.store.working import Working

if TYPE_CHECKING:
    import ibis.expr.types as ir


# --- Accounts ---
# The account to which the money may go: names and numbers are compared in one form, from every source.

UNIT = ("region_code", "uscc")
ACCOUNT = ("account_name", "account_no", "bank_code", "bank_name")


@cache
def _plain_name() -> Any:
    import ibis
    import pyarrow.compute as pc

    @ibis.udf.scalar.pyarrow(name="plain_name", signature=(("string",), "string"))  # type: ignore[untyped-decorator]  # ibis has no types
    def plain_name(text: Any) -> Any:
        normal = pc.utf8_normalize(text, form="NFKC")
        return pc.replace_substring_regex(normal, pattern=f"[{BLANKS}]+", replacement="")

    return plain_name


def plain_name(name: ir.StringValue) -> ir.StringValue:
    """A name as `names.comparable_name` has it (domain: section 3). A column in, a column out."""
    return _plain_name()(name.translate("".join(STANDARD), "".join(STANDARD.values())))


def account_key(number: ir.StringValue) -> ir.StringValue:
    """A number as `accounts.account_key` has it, of what was cleaned when read. A column in, a column out."""
    return number.upper().re_replace(f"[{SEPARATORS}]", "").re_replace("^0+", "")


def is_same_name(a: ir.StringValue, b: ir.StringValue) -> ir.BooleanValue:
    """Whether two names are equal in comparison; names written alike are not normalised first."""
    return (a == b).ifelse(True, plain_name(a) == plain_name(b))


def account_facts(units: ir.Table, corporate: ir.Table, tax: ir.Table, working: Working) -> ir.Table:
    """One row per unit that has an account: `account_source` and the account's four columns.

    A verified corporate account in the unit's own name; else the account premiums are paid from,
    complete with number, bank code and name, not reported failed by finance however it is written, and in the
    unit's name unless it is an individual business.
    Of several the lowest number is taken, so that a rerun takes the same.
    """
    first = working.materialize(_first(_corporate(units, corporate)))
    others = _with_unit(tax.anti_join(first, UNIT), units)
    return first.union(_first(_premium(others, corporate)))


def _first(accounts: ir.Table) -> ir.Table:
    import ibis

    place = ibis.row_number().over(group_by=UNIT, order_by=[accounts.account_no, accounts.bank_code])
    placed = accounts.mutate(place=place)
    return placed.filter(placed.place == 0).drop("place")


def _corporate(units: ir.Table, corporate: ir.Table) -> ir.Table:
    named = _with_unit(corporate.filter(corporate.account_status == "verified"), units)
    is_own = ~is_blank(named.account_name) & is_same_name(named.account_name, named.unit_name)
    return _accounts(named.filter(is_own), "corporate")


def _premium(named: ir.Table, corporate: ir.Table) -> ir.Table:
    numbered = _numbered(named, corporate)
    whole = numbered.filter(~is_blank(numbered.account_name))
    is_own = is_same_name(whole.account_name, whole.unit_name)
    return _accounts(whole.filter((whole.legal_form == "individual_business") | is_own), "premium")


def nameless_accounts(corporate: ir.Table, tax: ir.Table) -> ir.Table:
    """`is_account_nameless`, true, of every unit whose premium account lacks nothing but its name."""
    import ibis

    numbered = _numbered(tax, corporate)
    nobodys = numbered.filter(is_blank(numbered.account_name)).select(*UNIT).distinct()
    return nobodys.mutate(is_account_nameless=ibis.literal(True))


def _numbered(tax: ir.Table, corporate: ir.Table) -> ir.Table:
    """Premium accounts with number and bank code that finance does not report failed, however written."""
    failed = corporate.filter(corporate.account_status == "failed")
    failed = failed.select(*UNIT, key=account_key(failed.account_no)).distinct()
    whole = tax.filter(tax.account_no.notnull() & tax.bank_code.notnull())
    return whole.mutate(key=account_key(whole.account_no)).anti_join(failed, [*UNIT, "key"])


def is_blank(name: ir.StringValue) -> ir.BooleanValue:
    """Whether a name is empty or blank: no payment can go to such a name. A column in, a column out."""
    return ~name.fill_null("").re_search(f"[^{BLANKS}]")


def _with_unit(rows: ir.Table, units: ir.Table) -> ir.Table:
    return rows.inner_join(units.select(*UNIT, "legal_form", "unit_name"), UNIT)


def _accounts(rows: ir.Table, source: str) -> ir.Table:
    import ibis

    return rows.select(*UNIT, *ACCOUNT, account_source=ibis.literal(source))


# --- Facts ---
# A unit is `region_code` + `uscc`. insured_units decides which exist; no join may raise their number. No
# parameter is read here.


@dataclass(frozen=True)
class Gathered:
    """Tables computed once and read by several: accepted units, their facts, per-unit sums for the orphans.

    `strays`: what stands under codes of no unit, by `region_code, uscc, extract`, with `rows` and `amount`.
    `refunds`: prior_refunds of the policy year as finance reports them (`aggregates.reported`).
    """

    units: ir.Table
    walk: ir.Table
    facts: ir.Table
    accounts: ir.Table
    strays: ir.Table
    refunds: ir.Table


def gather(extracts: Extracts, on: date, regions: Iterable[str] = ()) -> Gathered:
    """All facts of the business date `on`, over all regions; the big group-bys are run once and kept.

    regions: those that take part: what one of them did not send is missing (`unknowable`).
    """
    materialize = extracts.working.materialize
    units = materialize(extracts.accepted("insured_units"))
    broken = materialize(unaccepted(extracts))
    clashing = materialize(clashes(units, all_keys(units, broken)))
    walk = materialize(crosswalk(units, clashing))
    rows = {e: renamed(extracts.accepted(e), walk) for e in UNIT_EXTRACTS}
    refunds = materialize(aggregates.reported(rows["prior_refunds"], on))
    ours = renamed(aggregates.ours(extracts.working, extracts.inputs.paid_by_us), walk).distinct()
    parts = _parts(rows, on, materialize) | {"prior_refunds": aggregates.already_paid(refunds, ours, on)}
    units = renamed(units, walk, column="parent_uscc")
    found = materialize(account_facts(units, rows["payee_accounts"], rows["taxpayers"], extracts.working))
    nameless = nameless_accounts(rows["payee_accounts"], rows["taxpayers"])
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
    """The sums under codes of no unit (`is_stray`), or under a number that two units share."""
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


def _counted(rows: ir.Table, amount: ir.DecimalValue) -> ir.Table:
    counted = rows.group_by(*UNIT).aggregate(rows=rows.count(), amount=amount)
    return counted.mutate(amount=counted.amount.cast(aggregates.SUM))


def _joined(units: ir.Table, parts: list[ir.Table]) -> ir.Table:
    """One chain of left joins on the unit; every part has one row per unit."""
    joined = units
    for i, part in enumerate(parts):
        joined = joined.left_join(part, list(UNIT), rname=f"{{name}}__{i}")
    return joined.select(*(c for c in joined.columns if "__" not in c))


def _with_enterprise(facts: ir.Table, extracts: Extracts, numbers: Numbers, on: date) -> ir.Table:
    walk, clashing, quarantine = numbers.walk, numbers.clashing, numbers.broken
    sent = {e: extracts.accepted(e) for e in ("exclusion_list", "priority_list", "enterprise_sizes")}
    lists = {e: renamed(rows, walk) for e, rows in sent.items()}
    for part, key in (
        (aggregates.exclusions(lists["exclusion_list"], on), "listed_uscc"),
        (aggregates.priorities(lists["priority_list"], on), "priority_uscc"),
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
    sized = materialize(aggregates.sizes(lists["enterprise_sizes"], broken, clash))
    return _with_size(materialize(facts), sized, extracts, numbers)


def _with_size(facts: ir.Table, sized: ir.Table, extracts: Extracts, numbers: Numbers) -> ir.Table:
    """The parent's size for a branch, its own only if nothing is or may be known of the parent's."""
    own = facts.left_join(sized, facts.uscc == sized.sized_uscc)
    parent = sized.rename(parent_sized="sized_uscc", parent_size="economy_size", parent_cause="size_cause")
    t = own.left_join(parent, own.parent_uscc == parent.parent_sized)
    away = unknowable(extracts, facts, numbers.clashing, numbers.regions)
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
    import ibis

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
    false = {n: facts[n].fill_null(False) for n in flags}
    yuan = (zero["refund_rows"] == 0).ifelse(ibis.literal("0").cast(aggregates.SUM), facts.refunded)
    return facts.mutate(**zero, **none_claimed, **false, refunded=yuan)


def _of_nobody(facts: ir.Table, clashing: ir.Table) -> ir.Table:
    """Doubts of old numbers, and nothing proven by rows under a key that is another unit's old number.

    Rows under such a key may be either unit's: they fail neither.
    """
    import ibis

    keys = clashing.select(key_region="clash_region", key_number="clash_number").distinct()
    t = facts.left_join(keys, [facts.region_code == keys.key_region, facts.uscc == keys.key_number])
    t = t.mutate(is_others_number=t.key_number.notnull(), is_old_key=t.uscc.length() == OLD_LENGTH).view()
    doubts = {f"doubt_{e}": t[f"doubt_{e}"] | t[f"clash_{e}"] for e in UNIT_EXTRACTS}
    doubts["doubt_exclusion_list"] = t.doubt_exclusion_list | t.clash_exclusion_list
    doubts |= {f"doubt_{e}": doubts[f"doubt_{e}"] | t.is_old_key for e in LISTED_BY_CODE}
    unproven = ["is_cancelled", "is_abnormal", "arrears_amount", *(f"{s}_applied_on" for s in SCHEMES)]
    blank = {n: t.is_others_number.ifelse(ibis.null(t[n].type()), t[n]) for n in unproven}
    is_nobodys = t.is_old_key & t.clash_exclusion_list
    unlisted = {f"list_{n}": t[f"list_{n}"] & ~is_nobodys for n in EXCLUSION_LISTS}
    return t.mutate(**doubts, **blank, **unlisted).drop("key_region", "key_number", "is_others_number")


def _ordered(facts: ir.Table) -> ir.Table:
    return facts.drop("row_no", "delivery_id", "delivery_region", "row_id").order_by(*UNIT)


# ---- Parents of branches whose size economy may know and could not say tonight (domain: section 9) ----

EXTRACT = "enterprise_sizes"


def unknowable(extracts: Extracts, facts: ir.Table, clashing: ir.Table, regions: tuple[str, ...]) -> ir.Table:
    """`unsized_uscc, unsized_cause`, one row per parent that may have a size that no department could send.

    `parent_code`: no code at all by the code rule; `clash`: an old number that two units share; `missing`: it
    is insured, or registered, in a region whose sizes are not in force.
    """
    import ibis

    named = facts.filter(facts.parent_uscc.notnull()).select(unsized_uscc=facts.parent_uscc).distinct()
    inputs = extracts.inputs
    t = extracts.working.materialize(named)
    broken = _broken(extracts, t)
    t = t.left_join(broken, t.unsized_uscc == broken.broken_uscc)
    insured = facts.select(insured_uscc=facts.uscc).distinct()
    t = t.left_join(insured, t.unsized_uscc == insured.insured_uscc)
    silent = _insured_in_silence(facts, inputs)
    t = t.left_join(silent, t.unsized_uscc == silent.silent_uscc)
    shared = clashing.select(shared_number="clash_number").distinct()
    t = t.left_join(shared, t.unsized_uscc == shared.shared_number)
    t = _registered_in(t, _places(facts, inputs, regions), _is_covered_at_large(inputs))
    cause = ibis.cases(
        (t.broken_uscc.notnull() & t.insured_uscc.isnull(), "parent_code"),
        (t.shared_number.notnull(), "clash"),
        (t.silent_uscc.notnull() | ~t.is_covered, "missing"),
        else_=ibis.null("string"),
    )
    t = t.select("unsized_uscc", unsized_cause=cause)
    return t.filter(t.unsized_cause.notnull())


def _broken(extracts: Extracts, named: ir.Table) -> ir.Table:
    """`broken_uscc`: codes that the code rule refuses and nobody registered; few. named: a working table."""
    registered = {code for _, code in extracts.inputs.registered}
    found = extracts.working.failing(named, checks.unit_code("unsized_uscc"))
    rows = [{"broken_uscc": code} for code in found if code not in registered]
    return typed_table(rows, {"broken_uscc": "string"})


def _insured_in_silence(facts: ir.Table, inputs: Inputs) -> ir.Table:
    """Enterprises insured in a region whose sizes are not in force."""
    uncovered = [r for r in _insuring(facts) if not inputs.covers(EXTRACT, r)]
    rows = facts.filter(facts.region_code.isin(uncovered)) if uncovered else facts.limit(0)
    return rows.select(silent_uscc=rows.uscc).distinct()


def _insuring(facts: ir.Table) -> list[str]:
    return sorted(row["region_code"] for row in rows_of(facts.select("region_code").distinct()))


def _is_covered_at_large(inputs: Inputs) -> bool:
    """Whether a file for all speaks of places that are no region of this night."""
    return any(f.region_code == NATION for f in inputs.of(EXTRACT))


def _places(facts: ir.Table, inputs: Inputs, regions: tuple[str, ...]) -> ir.Table:
    """`place, is_covered`: every region of this night and whether its sizes are in force."""
    slots = {f.region_code for f in inputs.files} | {r for f in inputs.files for r in f.held_parts}
    known = sorted({*regions, *slots, *_insuring(facts)} - {NATION})
    rows = [{"place": r, "is_covered": inputs.covers(EXTRACT, r)} for r in known]
    return typed_table(rows, {"place": "string", "is_covered": "boolean"})


def _registered_in(t: ir.Table, places: ir.Table, at_large: bool) -> ir.Table:
    """With `is_covered`: whether sizes are in force of the nearest region, upward, of the code's division.

    Characters 3 to 8 of a credit code, the first six of an old number.
    """
    import ibis

    is_old = t.unsized_uscc.length() == OLD_LENGTH
    t = t.mutate(division=is_old.ifelse(t.unsized_uscc.substr(0, 6), t.unsized_uscc.substr(2, 6)))
    for digits in (6, 4, 2):
        level = places.rename(**{f"place_{digits}": "place", f"covered_{digits}": "is_covered"})
        above = t.division.substr(0, digits) + "0" * (6 - digits)
        t = t.left_join(level, above == level[f"place_{digits}"])
    found = ibis.coalesce(t.covered_6, t.covered_4, t.covered_2, ibis.literal(at_large))
    return t.mutate(is_covered=found)
