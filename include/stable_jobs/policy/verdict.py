"""From tests to a decision per row: reasons, decision, the row that is taken, its place in the queue."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from stable_jobs.policy.amounts import payable, with_amounts
from stable_jobs.policy.catalogue import CATEGORIES
from stable_jobs.policy.extracts import step
from stable_jobs.policy.tests import TESTS, months_paid

if TYPE_CHECKING:
    import ibis.expr.types as ir

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


def reasons(t: ir.Table) -> Any:
    """Codes in the order of the tests, `;` between: the test where it fails, `<test>_unknown` where
    unknown."""
    parts = [_reason(t[f"meets_{name}"], name) for name in TESTS]
    joined = reduce(lambda a, b: a + b, parts)
    return joined.substr(1)


def _reason(meets: Any, name: str) -> Any:
    import ibis

    return ibis.cases((meets.isnull(), f";{name}_unknown"), (~meets, f";{name}"), else_="")


def decision(t: ir.Table) -> Any:
    """Any fails: ineligible. Else any unknown: undecided. Else eligible."""
    import ibis

    every = ibis.and_(*(t[f"meets_{name}"] for name in TESTS))
    return ibis.cases((every.isnull(), "undecided"), (every, "eligible"), else_="ineligible")


def priority(t: ir.Table) -> Any:
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
