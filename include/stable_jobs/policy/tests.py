"""The legal tests (domain: section 3), one small function each, from a situation to true, false or unknown.

SQL's three values are the domain's: `NULL` is unknown. A doubt (a quarantined row of the unit in an
extract the test reads) makes a result unknown, unless the accepted rows alone prove the failure:
`false & NULL` is false.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stable_jobs.policy.catalogue import EXCLUSION_LISTS, FORMULAS

if TYPE_CHECKING:
    import ibis.expr.types as ir

BP = 10_000


def meets_in_scope(t: ir.Table) -> ir.BooleanValue:
    """An enterprise, or a form the region takes in by reference; an empty form is unknown."""
    return t.in_scope_forms.contains(t.legal_form) & _no(t.doubt_insured_units)


def meets_active(t: ir.Table) -> ir.BooleanValue:
    """Insured by D, neither suspended nor deregistered; taxpayer not cancelled (nor abnormal, where it
    matters)."""
    insured = (t.insured_since <= t.business_date) & (t.insured_status == "active")
    lost = t.is_cancelled | (t.is_abnormal & ~t.abnormal_taxpayer_passes)
    return insured & ~lost & _no(t.doubt_taxpayers) & _no(t.doubt_insured_units)


def meets_paid_months(t: ir.Table) -> ir.BooleanValue:
    """At least so many different fee months paid; not proven by lack, so any doubt is unknown."""
    return _unless(t.doubt_premium_payments, months_paid(t) >= t.min_paid_months)


def meets_no_arrears(t: ir.Table) -> ir.BooleanValue:
    """Nothing due for fee months up to December Y-1 is unpaid."""
    return (t.arrears_amount <= 0) & _no(t.doubt_taxpayers)


def meets_layoff_rate(t: ir.Table) -> ir.BooleanValue:
    """Any of the region's formulas is within the cap (layoff.py).

    More claims can only raise the rate: a rate that fails by the accepted claims fails by all.
    """
    in_doubt = _unless(t.doubt_monthly_headcount | ~t.fails_by_claims, False)
    value = (t.doubt_benefit_claims & uses_claims(t)).ifelse(in_doubt, t.meets_any_formula)
    return _unless(t.doubt_monthly_headcount, value)


def meets_headcount_held(t: ir.Table) -> ir.BooleanValue:
    """The newest month is at most the region's share below last year's average; without a share it passes."""
    held = t.newest_count * t.year_months * BP >= (BP - t.headcount_held_max_drop_bp) * t.year_sum
    known = (t.year_months > 0) & ~t.is_headcount_conflict
    value = _unless(t.doubt_monthly_headcount | ~known, held)
    return t.headcount_held_max_drop_bp.isnull().ifelse(True, value)


def meets_size_known(t: ir.Table) -> ir.BooleanValue:
    """A size is known, or none is needed. A missing size is never taken as small."""
    return t.policy_size.notnull().ifelse(True, None).cast("boolean")


def meets_not_excluded(t: ir.Table) -> ir.BooleanValue:
    """On none of the lists the region uses."""
    import ibis

    listed = ibis.or_(*(t[f"list_{n}"] & t.exclusion_lists.contains(n) for n in EXCLUSION_LISTS))
    return ~listed & _no(t.doubt_exclusion_list)


def meets_account_known(t: ir.Table) -> ir.BooleanValue:
    """An account the money may go to (accounts.py); never fails."""
    known = t.account_source.notnull() & ~t.doubt_payee_accounts & ~t.doubt_taxpayers
    return known.ifelse(True, None).cast("boolean")


def meets_fund_able(t: ir.Table) -> ir.BooleanValue:
    """Reserve months of the pooling region reach the minimum; compared as products, payout 0 never
    divides."""
    import ibis

    reserve = _times(t.rolling_balance, 12)
    enough = reserve >= _times(t.annual_payout, t.fund_min_reserve_months)
    enough = (t.annual_payout == 0).ifelse(t.rolling_balance > 0, enough)
    doubted = ibis.ifelse((t.fund_cause == "quarantined").fill_null(False), ibis.null("boolean"), True)
    return t.fund_min_reserve_months.isnull().ifelse(True, enough & doubted)


def meets_in_time(t: ir.Table) -> ir.BooleanValue:
    """D, or in the application lane the application's date, is on or before the deadline.

    Only the newest application counts: other rows cannot make a late one timely.
    """
    import ibis

    by_now = t.business_date <= t.deadline
    applied = t.applied_on.fill_null(t.business_date) <= t.deadline
    unknown = t.doubt_applications | (~t.has_applications & ~by_now)
    unclear = ibis.cases((by_now, True), (applied, None), else_=False).cast("boolean")
    return ibis.cases(
        ((t.lane == "no_application"), by_now),
        (t.applied_on > t.deadline, False),
        (unknown, None),
        (t.lane == "application", applied),
        else_=unclear,
    ).cast("boolean")


def meets_applied(t: ir.Table) -> ir.BooleanValue:
    """No application is needed, or the newest one is signed and says what the records say."""
    import ibis

    signed = t.is_signed.fill_null(False)
    needed = ibis.cases((~signed, False), (differs(t), None), else_=True).cast("boolean")
    unclear = (signed & ~differs(t)).ifelse(True, None).cast("boolean")
    return ibis.cases(
        ((t.lane == "no_application"), True),
        (t.doubt_applications | ~t.has_applications, None),
        (t.lane == "application", needed),
        else_=unclear,
    ).cast("boolean")


TESTS: dict[str, Callable[[ir.Table], ir.BooleanValue]] = {
    "in_scope": meets_in_scope,
    "active": meets_active,
    "paid_months": meets_paid_months,
    "no_arrears": meets_no_arrears,
    "layoff_rate": meets_layoff_rate,
    "headcount_held": meets_headcount_held,
    "size_known": meets_size_known,
    "not_excluded": meets_not_excluded,
    "account_known": meets_account_known,
    "fund_able": meets_fund_able,
    "in_time": meets_in_time,
    "applied": meets_applied,
}
"""In the order of the eligibility table's columns and reasons."""


def months_paid(t: ir.Table) -> ir.IntegerValue:
    """Different paid fee months as the region counts them; empty without any payment row."""
    count = t.back_payment_counts_as_month.ifelse(t.paid_months_with_back, t.paid_months)
    return (t.premium_rows > 0).ifelse(count, None).cast("int64")


def uses_claims(t: ir.Table) -> ir.BooleanValue:
    """Whether one of the region's formulas reads benefit_claims: all but F1."""
    import ibis

    return ibis.or_(*(t[f"place_{f}"].notnull() for f in FORMULAS if f != "F1"))


def differs(t: ir.Table) -> ir.BooleanValue:
    """Declared headcount or size differ from the records beyond the tolerance; an unknown record never
    does. A size is compared only where one is needed: not of a unit by reference."""
    gap = (t.declared_headcount - t.headcount).abs() * BP > t.declared_tolerance_bp * t.headcount
    other = ((t.declared_size != t.economy_size) & ~t.is_by_reference).fill_null(False)
    return t.declared_tolerance_bp.notnull() & (gap.fill_null(False) | other)


def _no(doubt: ir.BooleanValue) -> ir.BooleanValue:
    """True without a doubt, unknown with one; never false."""
    return doubt.ifelse(None, True).cast("boolean")


def _unless(doubt: ir.BooleanValue, value: ir.BooleanValue | bool) -> ir.BooleanValue:
    return doubt.ifelse(None, value).cast("boolean")


def _times(yuan: ir.DecimalValue, factor: ir.IntegerValue | int) -> ir.DecimalValue:
    import ibis

    number = ibis.literal(str(factor)) if isinstance(factor, int) else factor
    return yuan.cast("decimal(24,2)") * number.cast("decimal(24,2)")
