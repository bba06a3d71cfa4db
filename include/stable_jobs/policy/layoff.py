"""The layoff rate (裁员率), six published formulas (domain: section 4); compared as products of integers.

Per formula `numerator ÷ denominator`; a missing input or a denominator of 0 leaves it unknown.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from stable_jobs.policy.catalogue import FORMULAS
from stable_jobs.policy.extracts import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

BP = 10_000
MICRO = 1_000_000
MOST = 999_999_999
"""The largest shown rate in 1/1000000: 999.999999, what DECIMAL(9,6) holds."""


class Fraction(NamedTuple):
    """Two integer columns; both empty where the formula is unknown."""

    numerator: ir.IntegerValue
    denominator: ir.IntegerValue


def fractions(t: ir.Table, on: date, at_least: bool = False) -> dict[str, Fraction]:
    """Each formula's numerator and denominator, but F4's, which are F3's. A negative rate counts as 0.

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
    return {
        "F1": Fraction(_at_least(zero, before - last), before),
        "F2": Fraction(claimants, before),
        "F3": Fraction(claimants * months, year_sum),
        "F5": Fraction(layoffs, layoffs + last),
        "F6": Fraction(_at_least(zero, before - last - attrition), before),
    }


def _if(condition: ir.BooleanValue, value: ir.IntegerValue) -> ir.IntegerValue:
    return condition.ifelse(value, None).cast("int64")


def _at_least(zero: ir.IntegerValue, value: ir.IntegerValue) -> ir.IntegerValue:
    return (value < zero).ifelse(zero, value)


def _base(t: ir.Table, on: date) -> ir.IntegerValue:
    """December Y-2; for a unit insured since January Y-1 or later the region's stand-in month, if it
    has one."""
    import ibis

    is_new = t.insured_since >= ibis.literal(date(on.year - 1, 1, 1), type="date")
    return (is_new & t.new_unit_base_month.notnull()).ifelse(t.january_last, t.december_before)


def laid_off(t: ir.Table, on: date) -> ir.Table:
    """Per unit and scheme `meets_any_formula` (three-valued), `layoff_formula`, `layoff_rate` DECIMAL(9,6),
    and `fails_by_claims`: whether every formula fails already by the accepted claims.

    t: at least `READS`. Shown are the first formula that passes in the region's order, else the lowest known
    rate.
    """
    import ibis

    t = step(t.select(*READS), **_numbers(t, on), is_small=_is_small(t))
    t = step(
        t,
        **{f"within_{f}": _within(t, f) for f in (*ONCE, *CLAIMED)},
        **{f"micro_{f}": _micro(_of(t, f)) for f in ONCE},
    )
    first = ibis.least(
        *(t[f"within_{_once(f)}"].fill_null(False).ifelse(t[f"place_{f}"], None) for f in FORMULAS)
    )
    lowest = ibis.least(*(t[f"micro_{_once(f)}"] * 10 + t[f"place_{f}"] for f in FORMULAS))
    t = step(
        t,
        meets_any_formula=ibis.or_(*(_used(t, f, _once(f)) for f in FORMULAS)),
        fails_by_claims=~ibis.or_(*(_used(t, f, _claimed(f)) for f in FORMULAS)).fill_null(True),
        shown=first.fill_null(lowest % 10),
    )
    return t.select("region_code", "uscc", "scheme", "meets_any_formula", "fails_by_claims", **_shown(t))


READS = (
    "region_code", "uscc", "scheme", "insured_since", "headcount",
    "december_before", "december_last", "january_last", "year_sum", "year_months",
    "claimants", "layoffs", "natural_attrition",
    "doubt_monthly_headcount", "is_headcount_conflict", "doubt_benefit_claims",
    "cap_low_bp", "cap_low_is_strict", "cap_high_bp", "cap_high_is_strict",
    "small_unit_headcount", "small_unit_cap_bp", "new_unit_base_month", *(f"place_{f}" for f in FORMULAS),
)  # fmt: skip
"""The columns of a situation that the layoff rate rests on."""
ONCE = ("F1", "F2", "F3", "F5", "F6")
"""F4 is F3 under another name."""
CLAIMED = ("least_F2", "least_F3", "least_F5")
"""By the accepted claims alone. F1 reads no claims; F6 is unknown as soon as one is in doubt."""


def _once(formula: str) -> str:
    return "F3" if formula == "F4" else formula


def _claimed(formula: str) -> str:
    least = f"least_{_once(formula)}"
    return least if least in CLAIMED else _once(formula)


def _numbers(t: ir.Table, on: date) -> dict[str, ir.IntegerValue]:
    every = fractions(t, on)
    every |= {f"least_{f}": fraction for f, fraction in fractions(t, on, at_least=True).items()}
    return {
        name: value
        for f in (*ONCE, *CLAIMED)
        for name, value in (
            (f"numerator_{f}", every[f].numerator),
            (f"denominator_{f}", every[f].denominator.nullif(0)),
        )
    }


def _of(t: ir.Table, formula: str) -> Fraction:
    return Fraction(t[f"numerator_{formula}"], t[f"denominator_{formula}"])


def _used(t: ir.Table, formula: str, within: str) -> ir.BooleanValue:
    """Whether it passes; false where the region does not use the formula, so that it never decides."""
    return t[f"place_{formula}"].isnull().ifelse(False, t[f"within_{within}"]).cast("boolean")


def _is_small(t: ir.Table) -> ir.BooleanValue:
    """Whether the region's small-unit cap holds; unknown with the headcount."""
    has_rule = t.small_unit_headcount.notnull() & t.small_unit_cap_bp.notnull()
    return has_rule.ifelse(t.headcount <= t.small_unit_headcount, False)


def _within(t: ir.Table, formula: str) -> ir.BooleanValue:
    """True if it passes under every cap the unit may have, false if under none, else unknown."""
    import ibis

    f = _of(t, formula)
    low = _below(f, t.cap_low_bp, t.cap_low_is_strict)
    high = _below(f, t.cap_high_bp, t.cap_high_is_strict)
    small = f.numerator * BP <= t.small_unit_cap_bp * f.denominator
    surely = ibis.cases((t.is_small.isnull(), low & small), (t.is_small, small), else_=low)
    maybe = ibis.cases((t.is_small.isnull(), high | small), (t.is_small, small), else_=high)
    return ibis.cases((surely, True), (maybe, None), (maybe.notnull(), False), else_=None).cast("boolean")


def _below(f: Fraction, cap_bp: ir.IntegerValue, is_strict: ir.BooleanValue) -> ir.BooleanValue:
    scaled, limit = f.numerator * BP, cap_bp * f.denominator
    return is_strict.ifelse(scaled < limit, scaled <= limit)


def _micro(f: Fraction) -> ir.IntegerValue:
    """The rate in 1/1000000, rounded half-up; no more than what is shown at most."""
    import ibis

    micro = (f.numerator * (2 * MICRO) + f.denominator) // (f.denominator * 2)
    return ibis.ifelse(micro > MOST, MOST, micro).cast("int64")


def _shown(t: ir.Table) -> dict[str, ir.Value]:
    import ibis

    is_shown = {f: t.shown == t[f"place_{f}"] for f in FORMULAS}
    formula = ibis.cases(*((is_shown[f], f) for f in FORMULAS), else_=ibis.null("string"))
    micro = ibis.cases(*((is_shown[f], t[f"micro_{_once(f)}"]) for f in FORMULAS), else_=ibis.null("int64"))
    rate = micro.cast("decimal(18,6)") * ibis.literal("0.000001").cast("decimal(18,6)")
    return {"layoff_formula": formula, "layoff_rate": rate.cast("decimal(9,6)")}
