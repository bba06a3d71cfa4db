"""The legal tests, the reasons, and the decision per row that follows from them."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import reduce
from typing import TYPE_CHECKING

from stable_jobs.policy.aggregates import SUM, YUAN
from stable_jobs.policy.catalogue import CATEGORIES, EXCLUSION_LISTS, FORMULAS
from stable_jobs.policy.extracts import step

if TYPE_CHECKING:
    import ibis.expr.types as ir


# --- Tests ---
# The legal tests (domain: section 3), one small function each, from a situation to true, false or unknown.
#
# SQL's three values are the domain's: `NULL` is unknown. A doubt (a quarantined row of the unit in an
# extract the test reads) makes a result unknown, unless the accepted rows alone prove the failure:
# `false & NULL` is false.

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


# --- Reasons ---
# Every reason code, the department that owes, and the clause it comes from.

NOTICE_2014 = "人社部发〔2014〕76号"
NOTICE_2019 = "人社部发〔2019〕23号"
NOTICE_2020 = "人社部明电〔2020〕2号"
NOTICE_2022 = "人社部发〔2022〕23号"


class Reason(Enum):
    """`value`: code, department (empty: nobody owes), legal reference. The sentences are in `messages`."""

    IN_SCOPE = ("in_scope", "", NOTICE_2014)
    ACTIVE = ("active", "", NOTICE_2014)
    PAID_MONTHS = ("paid_months", "", NOTICE_2014)
    NO_ARREARS = ("no_arrears", "", NOTICE_2014)
    LAYOFF_RATE = ("layoff_rate", "", NOTICE_2020)
    HEADCOUNT_HELD = ("headcount_held", "", NOTICE_2022)
    SIZE_KNOWN = ("size_known", "economy", NOTICE_2020)
    NOT_EXCLUDED = ("not_excluded", "", NOTICE_2019)
    ACCOUNT_KNOWN = ("account_known", "finance", NOTICE_2022)
    FUND_ABLE = ("fund_able", "", NOTICE_2019)
    IN_TIME = ("in_time", "", NOTICE_2019)
    APPLIED = ("applied", "", NOTICE_2019)
    IN_SCOPE_UNKNOWN = ("in_scope_unknown", "labor", NOTICE_2014)
    ACTIVE_UNKNOWN = ("active_unknown", "tax", NOTICE_2014)
    PAID_MONTHS_UNKNOWN = ("paid_months_unknown", "tax", NOTICE_2014)
    NO_ARREARS_UNKNOWN = ("no_arrears_unknown", "tax", NOTICE_2014)
    LAYOFF_RATE_UNKNOWN = ("layoff_rate_unknown", "labor", NOTICE_2020)
    HEADCOUNT_HELD_UNKNOWN = ("headcount_held_unknown", "labor", NOTICE_2022)
    SIZE_KNOWN_UNKNOWN = ("size_known_unknown", "economy", NOTICE_2020)
    NOT_EXCLUDED_UNKNOWN = ("not_excluded_unknown", "development", NOTICE_2019)
    ACCOUNT_KNOWN_UNKNOWN = ("account_known_unknown", "finance", NOTICE_2022)
    FUND_ABLE_UNKNOWN = ("fund_able_unknown", "finance", NOTICE_2019)
    IN_TIME_UNKNOWN = ("in_time_unknown", "labor", NOTICE_2019)
    APPLIED_UNKNOWN = ("applied_unknown", "labor", NOTICE_2019)
    ALREADY_PAID_UNKNOWN = ("already_paid_unknown", "finance", NOTICE_2019)
    ENTITLEMENT_UNKNOWN = ("entitlement_unknown", "labor", NOTICE_2019)

    @property
    def code(self) -> str:
        """As in the column `reasons` and in lists."""
        return self.value[0]

    @property
    def department(self) -> str:
        """The department that owes the missing data, if the extract does not say it; empty: none."""
        return self.value[1]

    @property
    def reference(self) -> str:
        """The notice the test comes from; a region's own values have references of their own."""
        return self.value[2]


BY_CODE: dict[str, Reason] = {reason.code: reason for reason in Reason}


# --- Decision ---
# From tests to a decision per row: amounts, reasons, decision, which row is taken, its place in the queue.
#
# Amounts are in yuan (domain: section 2). One whose input is in doubt is empty, never 0. One above `MOST` is
# empty, too: values that their contracts take can multiply to more than any firm is paid.

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
