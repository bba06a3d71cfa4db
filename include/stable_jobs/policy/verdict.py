"""From tests to a decision per row: amounts, reasons, decision, which row is taken, its place in the queue.

Amounts are in yuan (domain: section 2). One whose input is in doubt is empty, never 0. One above `MOST` is
empty, too: values that their contracts take can multiply to more than any firm is paid.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from stable_jobs.policy.aggregates import SUM, YUAN
from stable_jobs.policy.catalogue import CATEGORIES
from stable_jobs.policy.extracts import step
from stable_jobs.policy.tests import TESTS, months_paid

if TYPE_CHECKING:
    import ibis.expr.types as ir

# ---- Amounts ----

EXACT = "decimal(24,4)"
"""Both factors of a product are cast to this: the engine then multiplies exactly, and rounds half away
from 0."""
MOST = "9999999999999999.99"
"""The largest amount that `YUAN` holds."""


def with_amounts(t: ir.Table) -> ir.Table:
    """Adds `premium_base, entitlement, already_paid, monthly_benefit` as known; empties what must not
    show."""
    t = step(
        t,
        premium_base=premium_base(t),
        already_paid=_fitting(t.doubt_prior_refunds.ifelse(None, t.refunded)),
        monthly_benefit=t.benefit_cause.isnull().ifelse(t.monthly_benefit, None).cast(YUAN),
        is_general=t.scheme == "general",
    )
    t = step(t, monthly_benefit=t.is_general.ifelse(None, t.monthly_benefit).cast(YUAN))
    return step(t, entitlement=t.is_general.ifelse(general_entitlement(t), difficult_entitlement(t)))


def premium_base(t: ir.Table) -> ir.DecimalValue:
    """Paid in Y-1: regular, and back payments for Y-1 (for any year where the region says so); no late
    fees."""
    earlier = t.back_payment_earlier_years.ifelse(t.base_back_earlier, _zero())
    total = ((t.base_regular + t.base_back).cast(SUM) + earlier.cast(SUM)).cast(SUM)
    return _fitting(t.doubt_premium_payments.ifelse(None, total))


def general_entitlement(t: ir.Table) -> ir.DecimalValue:
    """Rate times base, rounded half-up to the fen."""
    return _product(t.premium_base, t.refund_rate)


def difficult_entitlement(t: ir.Table) -> ir.DecimalValue:
    """Months of benefit times the region's monthly benefit times headcount."""
    people = t.benefit_months.cast("int64") * t.headcount
    return _product(t.monthly_benefit, people)


def payable(t: ir.Table) -> ir.DecimalValue:
    """0.00 if ineligible, empty if undecided; else what is left after what was paid, never below 0."""
    import ibis

    left = (t.entitlement - t.already_paid).cast(YUAN)
    left = (left < 0).ifelse(_zero(), left)
    return ibis.cases(
        (t.decision == "ineligible", _zero()), (t.decision == "eligible", left), else_=None
    ).cast(YUAN)


def _product(a: ir.NumericValue, b: ir.NumericValue) -> ir.DecimalValue:
    return _fitting((a.cast(EXACT) * b.cast(EXACT)).round(2))


def _fitting(value: ir.DecimalValue) -> ir.DecimalValue:
    """The amount; empty where it is larger than any that can be written down."""
    import ibis

    wide = value.cast(SUM)
    return (wide.abs() <= ibis.literal(MOST).cast(SUM)).ifelse(wide, None).cast(YUAN)


def _zero() -> ir.DecimalValue:
    import ibis

    return ibis.literal("0").cast(YUAN)


# ---- Decision ----

COLUMNS = (
    "business_date",
    "region_code",
    "uscc",
    "unit_no",
    "unit_name",
    "policy_year",
    "scheme",
    "is_taken",
    "lane",
    "size_class",
    "legal_form",
    "headcount",
    "claimants",
    "layoff_rate",
    "layoff_formula",
    "months_paid",
    "premium_base",
    "refund_rate",
    "benefit_months",
    "monthly_benefit",
    "entitlement",
    "already_paid",
    "payable",
    "decision",
    "reasons",
    *(f"meets_{name}" for name in TESTS),
    "account_source",
    "priority",
)
"""The eligibility table, in order (data dictionary: section 3)."""


def judged(t: ir.Table) -> ir.Table:
    """Every test, amount, reason and decision of wide rows: the eligibility columns but `is_taken`."""
    t = step(t, **{f"meets_{name}": test(t) for name, test in TESTS.items()})
    t = with_amounts(t)
    t = step(t, reasons=reasons(t), decision=decision(t))
    t = t.mutate(
        payable=payable(t),
        policy_year=t.business_date.year().cast("int64"),
        size_class=t.policy_size,
        claimants=t.doubt_benefit_claims.ifelse(None, t.claimants).cast("int64"),
        months_paid=months_paid(t),
        priority=priority(t),
        account_source=t.meets_account_known.ifelse(t.account_source, None),
    )
    return t.select(*(c for c in COLUMNS if c != "is_taken"))


def eligibility(t: ir.Table) -> ir.Table:
    """The table itself, from judged rows: by region, code and scheme, general before difficult."""
    import ibis

    taken = _taken(t).mutate(is_taken=ibis.literal(True))
    t = t.left_join(taken, ("region_code", "uscc", "scheme"), rname="{name}__taken")
    t = t.mutate(is_taken=t.is_taken.fill_null(False))
    return t.order_by("region_code", "uscc", t.scheme.desc()).select(*COLUMNS)


def reasons(t: ir.Table) -> ir.StringValue:
    """Codes in the order of the tests, `;` between: the test where it fails, `<test>_unknown` where
    unknown."""
    parts = [_reason(t[f"meets_{name}"], name) for name in TESTS]
    joined = reduce(lambda a, b: a + b, parts)
    return joined.substr(1)


def _reason(meets: ir.BooleanValue, name: str) -> ir.StringValue:
    import ibis

    return ibis.cases((meets.isnull(), f";{name}_unknown"), (~meets, f";{name}"), else_="")


def decision(t: ir.Table) -> ir.StringValue:
    """Any fails: ineligible. Else any unknown: undecided. Else eligible."""
    import ibis

    every = ibis.and_(*(t[f"meets_{name}"] for name in TESTS))
    return ibis.cases((every.isnull(), "undecided"), (every, "eligible"), else_="ineligible")


def priority(t: ir.Table) -> ir.IntegerValue:
    """1-based place of the unit's first category in the region's order; none: last + 1."""
    import ibis

    places = (t[f"category_{c}"].ifelse(t[f"place_{c}"], None) for c in CATEGORIES)
    return ibis.least(*places, t.place_last).cast("int64")


def _taken(t: ir.Table) -> ir.Table:
    """Keys of the eligible row with the larger known entitlement; equal: general. At most one a unit."""
    import ibis

    t = t.filter((t.decision == "eligible") & t.entitlement.notnull())
    t = t.select("region_code", "uscc", "scheme", "entitlement")
    place = ibis.row_number().over(
        group_by=("region_code", "uscc"), order_by=[t.entitlement.desc(), t.scheme.desc()]
    )
    t = t.mutate(place=place)
    return t.filter(t.place == 0).select("region_code", "uscc", "scheme")
