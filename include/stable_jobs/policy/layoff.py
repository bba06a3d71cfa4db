"""The layoff rate (裁员率), six published formulas (domain: section 4); compared as products of integers.

Per formula `numerator ÷ denominator`; a missing input or a denominator of 0 leaves it unknown.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from stable_jobs.policy.catalogue import FORMULAS
from stable_jobs.policy.working import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

BP = 10_000
MICRO = 1_000_000
MOST = 999_999_999
"""The largest shown rate in 1/1000000: 999.999999, what DECIMAL(9,6) holds."""


class Fraction(NamedTuple):
    """Two integer columns; both empty where the formula is unknown."""

    numerator: Any
    denominator: Any


def fractions(t: ir.Table, on: date, at_least: bool = False) -> dict[str, Fraction]:
    """Each formula's numerator and denominator. A negative rate counts as 0.

    at_least: by the accepted claims, though some are quarantined. More attrition would lower F6.
    """
    import ibis

    known = ibis.literal(True) if at_least else ~t.doubt_benefit_claims
    ok = ~(t.doubt_monthly_headcount | t.is_headcount_conflict.fill_null(False))
    before, last = _if(ok, _base(t, on)), _if(ok, t.december_last)
    year_sum, months = _if(ok & (t.year_months > 0), t.year_sum), _if(ok, t.year_months)
    claimants, layoffs = (_if(known, t[n]) for n in ("claimants", "layoffs"))
    attrition = _if(~t.doubt_benefit_claims, t.natural_attrition)
    zero = ibis.literal(0, type="int64")
    average = Fraction(claimants * months, year_sum)
    return {
        "F1": Fraction(_at_least(zero, before - last), before),
        "F2": Fraction(claimants, before),
        "F3": average,
        "F4": average,
        "F5": Fraction(layoffs, layoffs + last),
        "F6": Fraction(_at_least(zero, before - last - attrition), before),
    }


def _if(condition: Any, value: Any) -> Any:
    return condition.ifelse(value, None).cast("int64")


def _at_least(zero: Any, value: Any) -> Any:
    return (value < zero).ifelse(zero, value)


def _base(t: ir.Table, on: date) -> Any:
    """December Y-2; for a unit insured since January Y-1 or later the region's stand-in month, if it
    has one."""
    import ibis

    is_new = t.insured_since >= ibis.literal(date(on.year - 1, 1, 1), type="date")
    return (is_new & t.new_unit_base_month.notnull()).ifelse(t.january_last, t.december_before)


def laid_off(t: ir.Table, on: date) -> ir.Table:
    """Per unit and scheme `meets_any_formula` (three-valued), `layoff_formula`, `layoff_rate` DECIMAL(9,6),
    and `fails_by_claims`: whether every formula fails already by the accepted claims.

    Shown are the first formula that passes in the region's order, else the lowest known rate.
    """
    import ibis

    t = step(t, **_numbers(t, on))
    t = step(
        t,
        **{f"passes_{f}": _used(t, f) for f in FORMULAS},
        **{f"micro_{f}": _micro(_of(t, f)) for f in FORMULAS},
        **{f"claimed_{f}": _used(t, f, "least_") for f in FORMULAS},
    )
    first = ibis.least(*(t[f"passes_{f}"].fill_null(False).ifelse(t[f"place_{f}"], None) for f in FORMULAS))
    lowest = ibis.least(*(t[f"micro_{f}"] * 10 + t[f"place_{f}"] for f in FORMULAS))
    t = step(
        t,
        meets_any_formula=ibis.or_(*(t[f"passes_{f}"] for f in FORMULAS)),
        fails_by_claims=~ibis.or_(*(t[f"claimed_{f}"] for f in FORMULAS)).fill_null(True),
        shown=first.fill_null(lowest % 10),
    )
    return t.select("region_code", "uscc", "scheme", "meets_any_formula", "fails_by_claims", **_shown(t))


def _numbers(t: ir.Table, on: date) -> dict[str, Any]:
    found = {}
    for prefix, at_least in (("", False), ("least_", True)):
        for f, fraction in fractions(t, on, at_least).items():
            found[f"{prefix}numerator_{f}"] = fraction.numerator
            found[f"{prefix}denominator_{f}"] = fraction.denominator.nullif(0)
    return found


def _of(t: ir.Table, formula: str, prefix: str = "") -> Fraction:
    return Fraction(t[f"{prefix}numerator_{formula}"], t[f"{prefix}denominator_{formula}"])


def _used(t: ir.Table, formula: str, prefix: str = "") -> Any:
    """Whether it passes; false where the region does not use the formula, so that it never decides."""
    passes = _passes(t, _of(t, formula, prefix))
    return t[f"place_{formula}"].isnull().ifelse(False, passes).cast("boolean")


def _passes(t: ir.Table, f: Fraction) -> Any:
    """True if it passes under every cap the unit may have, false if under none, else unknown."""
    import ibis

    low = _below(f, t.cap_low_bp, t.cap_low_is_strict)
    high = _below(f, t.cap_high_bp, t.cap_high_is_strict)
    small = _below(f, t.small_unit_cap_bp, ibis.literal(False))
    has_rule = t.small_unit_headcount.notnull() & t.small_unit_cap_bp.notnull()
    is_small = has_rule.ifelse(t.headcount <= t.small_unit_headcount, False)
    surely = ibis.cases((is_small.isnull(), low & small), (is_small, small), else_=low)
    maybe = ibis.cases((is_small.isnull(), high | small), (is_small, small), else_=high)
    return ibis.cases((surely, True), (maybe, None), (maybe.notnull(), False), else_=None).cast("boolean")


def _below(f: Fraction, cap_bp: Any, is_strict: Any) -> Any:
    scaled, limit = f.numerator * BP, cap_bp * f.denominator
    return is_strict.ifelse(scaled < limit, scaled <= limit)


def _micro(f: Fraction) -> Any:
    """The rate in 1/1000000, rounded half-up; no more than what is shown at most."""
    import ibis

    micro = (f.numerator * (2 * MICRO) + f.denominator) // (f.denominator * 2)
    return ibis.ifelse(micro > MOST, MOST, micro).cast("int64")


def _shown(t: ir.Table) -> dict[str, Any]:
    import ibis

    is_shown = {f: t.shown == t[f"place_{f}"] for f in FORMULAS}
    formula = ibis.cases(*((is_shown[f], f) for f in FORMULAS), else_=ibis.null("string"))
    micro = ibis.cases(*((is_shown[f], t[f"micro_{f}"]) for f in FORMULAS), else_=ibis.null("int64"))
    rate = micro.cast("decimal(18,6)") * ibis.literal("0.000001").cast("decimal(18,6)")
    return {"layoff_formula": formula, "layoff_rate": rate.cast("decimal(9,6)")}
