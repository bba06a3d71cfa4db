"""Every unit and every yuan of premium that came in is accounted for, per region and, of no unit, by code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stable_jobs.errors import StepError
from stable_jobs.policy.aggregates import SUM
from stable_jobs.policy.catalogue import UNKNOWN_SIZE
from stable_jobs.policy.extracts import Extracts, renamed, rows_of
from stable_jobs.policy.facts import Gathered
from stable_jobs.policy.parameters import Row, typed_table
from stable_jobs.regions import NATION

if TYPE_CHECKING:
    import ibis.expr.types as ir

# ---- The reconciliation line of a region ----

UNITS = ("units_in", "units_eligible", "units_ineligible", "units_undecided", "units_quarantined")
OUT = ("premium_late_fee", "premium_outside_year", "premium_earlier_back_payment")
PREMIUM = ("premium_in", "premium_base", *OUT, "premium_orphan", "premium_quarantined")
COLUMNS = ("region_code", *UNITS, *PREMIUM, "is_held")


def reconciliation(
    extracts: Extracts, gathered: Gathered, eligibility: ir.Table,
    rows: tuple[Row, ...], held: tuple[Row, ...],
) -> ir.Table:  # fmt: skip
    """One row per region that has a unit, a payment or a hold. Units by their general row; yuan by row
    of payment.

    Held regions have units but no decision. A quarantined row whose region cannot be read stands under
    `000000`; an unreadable amount counts as 0.
    """
    units = _units(extracts, eligibility)
    paid = _paid(extracts, gathered, rows)
    flags = _held(held)
    keys = units.select("region_code").union(paid.select("region_code")).union(flags.select("region_code"))
    t = keys.distinct()
    for part in (units, paid, flags):
        t = t.left_join(part, "region_code").drop("region_code_right")
    zeros = {n: t[n].fill_null(0) for n in UNITS} | {n: t[n].fill_null(0).cast(SUM) for n in PREMIUM}
    t = t.mutate(**zeros, is_held=t.is_held.fill_null(False))
    return t.select(*COLUMNS).order_by("region_code")


def _units(extracts: Extracts, eligibility: ir.Table) -> ir.Table:
    sent = extracts.accepted("insured_units").select("region_code")
    bad = extracts.quarantined("insured_units")
    bad = bad.select(region_code=bad.home_region.fill_null(NATION))
    decided = eligibility.filter(eligibility.scheme == "general").select("region_code", "decision")
    long = _labelled(sent, "accepted").union(_labelled(bad, "quarantined"))
    long = long.union(decided.rename(label="decision").select("region_code", "label"))
    counts = {
        f"units_{d}": long.count(where=long.label == d)
        for d in ("eligible", "ineligible", "undecided", "quarantined")
    }
    came = long.count(where=long.label.isin(["accepted", "quarantined"]))
    return long.group_by("region_code").aggregate(units_in=came, **counts)


def _labelled(rows: ir.Table, label: str) -> ir.Table:
    import ibis

    return rows.mutate(label=ibis.literal(label))


def _paid(extracts: Extracts, gathered: Gathered, rows: tuple[Row, ...]) -> ir.Table:
    """Yuan per region: payments of units by what they are, payments of no unit, quarantined payments."""
    import ibis

    facts = gathered.facts
    owned = _by_cause(facts, rows)
    lost = gathered.strays.filter(gathered.strays.extract == "premium_payments")
    lost = lost.select("region_code", label=ibis.literal("premium_orphan"), amount=lost.amount)
    bad = extracts.quarantined("premium_payments")
    amount = bad.employer_amount.fill_null(0) + bad.employee_amount.fill_null(0)
    bad = bad.select(
        region_code=bad.home_region.fill_null(NATION),
        label=ibis.literal("premium_quarantined"),
        amount=amount.cast(SUM),
    )
    long = owned.union(lost).union(bad)
    sums = {n: long.amount.sum(where=long.label == n).fill_null(0).cast(SUM) for n in PREMIUM[1:]}
    came = long.amount.sum().cast(SUM)
    return long.group_by("region_code").aggregate(premium_in=came, **sums)


def _by_cause(facts: ir.Table, rows: tuple[Row, ...]) -> ir.Table:
    import ibis

    choice = [
        {"chosen_region": r["region_code"], "takes_earlier": r["back_payment_earlier_years"]}
        for r in rows if r["scheme"] == "general" and r["size"] == UNKNOWN_SIZE
    ]  # fmt: skip
    chosen = typed_table(choice, {"chosen_region": "string", "takes_earlier": "boolean"})
    t = facts.left_join(chosen, facts.region_code == chosen.chosen_region)
    takes = t.takes_earlier.fill_null(False)
    earlier = t.base_back_earlier.fill_null(0).cast(SUM)
    zero = ibis.literal("0").cast(SUM)
    amounts = {
        "premium_base": t.base_regular + t.base_back + takes.ifelse(earlier, zero),
        "premium_late_fee": t.late_fees,
        "premium_outside_year": t.outside_year,
        "premium_earlier_back_payment": takes.ifelse(zero, earlier),
    }
    parts = [t.select("region_code", label=ibis.literal(n), amount=a.cast(SUM)) for n, a in amounts.items()]
    first, *others = parts
    return first.union(*others)


def _held(held: tuple[Row, ...]) -> ir.Table:
    codes = sorted({str(r["region_code"]) for r in held})
    return typed_table(
        [{"region_code": c, "is_held": True} for c in codes], {"region_code": "string", "is_held": "boolean"}
    )


def assert_balanced(table: ir.Table, premium_in: ir.Table) -> None:
    """StepError naming the regions where units or yuan got lost or were made.

    premium_in: `region_code, sent`, the yuan counted straight from the rows in force.
    """
    t = table.left_join(premium_in, "region_code").drop("region_code_right")
    decided = t.units_eligible + t.units_ineligible + t.units_undecided + t.units_quarantined
    parts = t.premium_base
    for name in (*OUT, "premium_orphan", "premium_quarantined"):
        parts = (parts + t[name]).cast(SUM)
    yuan = (parts != t.premium_in) | (t.sent.fill_null(0).cast(SUM) != t.premium_in)
    bad = t.filter(yuan | (~t.is_held & (decided != t.units_in))).select("region_code")
    regions = sorted(row["region_code"] for row in rows_of(bad))
    if regions:
        raise StepError(
            f"determine: units or premium do not add up in {', '.join(regions)}; nothing was registered"
        )


# ---- Rows that match no unit: counted, with their yuan, and listed ----

UNIT = ("region_code", "uscc")
ORPHANS = ("region_code", "department", "extract", "uscc", "rows", "amount")
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
    return rows.join(owners, "extract").select(*ORPHANS).order_by("region_code", "extract", "uscc")


def _enterprises(gathered: Gathered) -> ir.Table:
    parents = gathered.facts.select(uscc=gathered.facts.parent_uscc)
    return gathered.units.select("uscc").union(parents.filter(parents.uscc.notnull())).distinct()


def _counted(rows: ir.Table) -> ir.Table:
    import ibis

    return rows.group_by(*UNIT).aggregate(rows=rows.count()).mutate(amount=ibis.null(SUM))
