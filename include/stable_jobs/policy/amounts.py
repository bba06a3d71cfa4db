"""What a row is worth, in yuan (domain: section 2). An amount whose input is in doubt is empty, never 0.

An amount above `MOST` is empty, too: values that their contracts take can multiply to more than any firm
is paid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stable_jobs.policy.aggregates import SUM, YUAN
from stable_jobs.policy.extracts import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

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


def premium_base(t: ir.Table) -> Any:
    """Paid in Y-1: regular, and back payments for Y-1 (for any year where the region says so); no late
    fees."""
    earlier = t.back_payment_earlier_years.ifelse(t.base_back_earlier, _zero())
    total = _sum(_sum(t.base_regular + t.base_back) + _sum(earlier))
    return _fitting(t.doubt_premium_payments.ifelse(None, total))


def general_entitlement(t: ir.Table) -> Any:
    """Rate times base, rounded half-up to the fen."""
    return _product(t.premium_base, t.refund_rate)


def difficult_entitlement(t: ir.Table) -> Any:
    """Months of benefit times the region's monthly benefit times headcount."""
    people = t.benefit_months.cast("int64") * t.headcount
    return _product(t.monthly_benefit, people)


def payable(t: ir.Table) -> Any:
    """0.00 if ineligible, empty if undecided; else what is left after what was paid, never below 0."""
    import ibis

    left = _yuan(t.entitlement - t.already_paid)
    left = (left < 0).ifelse(_zero(), left)
    return ibis.cases(
        (t.decision == "ineligible", _zero()), (t.decision == "eligible", left), else_=None
    ).cast(YUAN)


def _product(a: Any, b: Any) -> Any:
    return _fitting((a.cast(EXACT) * b.cast(EXACT)).round(2))


def _fitting(value: Any) -> Any:
    """The amount; empty where it is larger than any that can be written down."""
    import ibis

    wide = _sum(value)
    return (wide.abs() <= ibis.literal(MOST).cast(SUM)).ifelse(wide, None).cast(YUAN)


def _sum(value: Any) -> Any:
    return value.cast(SUM)


def _yuan(value: Any) -> Any:
    return value.cast(YUAN)


def _zero() -> Any:
    import ibis

    return ibis.literal("0").cast(YUAN)
