"""Extracts to one row per unit, or per enterprise, once: one group-by each, with conditional sums.

Every function takes accepted rows whose old numbers are already replaced. Two numbers of one enterprise may
both have rows: flows are added up, states that contradict each other are unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from stable_jobs.policy.catalogue import CATEGORIES, EXCLUSION_LISTS
from stable_jobs.store.working import Working

if TYPE_CHECKING:
    import ibis.expr.types as ir

# ---- Per unit: `region_code, uscc` ----

UNIT = ("region_code", "uscc")
YUAN = "decimal(18,2)"
SUM = "decimal(38,2)"
"""A sum of amounts: however many rows a department sends, it holds them."""


@dataclass(frozen=True)
class Months:
    """A span of whole years, five at most: each month one bit of an integer, so that different ones
    are counted in one pass. Counting distinct values by group costs ten times as much.
    """

    first_year: int
    last_year: int

    def has(self, month: ir.IntegerValue) -> ir.BooleanValue:
        """Whether YYYYMM is in the span."""
        return month.between(self.first_year * 100 + 1, self.last_year * 100 + 12)

    def bit(self, month: ir.IntegerValue) -> ir.IntegerValue:
        """The month's bit; outside the span any (take it only where `has`)."""
        import ibis

        number = (month // 100).cast("int64") * 12 + month % 100 - (self.first_year * 12 + 1)
        return ibis.literal(1, type="int64") << self.has(month).ifelse(number, 0).cast("int64")


@cache
def _bit_count() -> Any:
    import ibis

    @ibis.udf.scalar.builtin(name="bit_count", signature=(("int64",), "int64"))  # type: ignore[untyped-decorator]  # ibis has no types
    def bit_count(mask: Any) -> Any: ...

    return bit_count


def different(mask: ir.IntegerValue) -> ir.IntegerValue:
    """How many different months a mask has; none: 0."""
    return _bit_count()(mask.fill_null(0)).cast("int64")


def headcounts(rows: ir.Table, on: date) -> ir.Table:
    """monthly_headcount: `december_before` (Y-2), `december_last` (Y-1), `january_last`, `year_sum`,
    `year_months` of Y-1, `newest_count` (newest month after December Y-1 up to D's; in January, with no month
    of Y closed yet, December of Y-1), `is_headcount_conflict` (a month twice).
    """
    month, count = rows.month, rows.insured_count
    last = (on.year - 1) * 100
    in_year = month.between(last + 1, last + 12)
    span = Months(on.year - 2, on.year)
    grouped = rows.group_by(*UNIT).aggregate(
        headcount_rows=rows.count(),
        months_mask=span.bit(month).bit_or(where=span.has(month)),
        months_rows=rows.count(where=span.has(month)),
        december_before=count.max(where=month == last - 100 + 12),
        december_last=count.max(where=month == last + 12),
        january_last=count.max(where=month == last + 1),
        year_sum=count.sum(where=in_year).cast("int64"),
        year_months=rows.count(where=in_year),
        newest_count=_newest(count, month, on),
    )
    conflict = grouped.months_rows != different(grouped.months_mask)
    return grouped.mutate(is_headcount_conflict=conflict).drop("months_mask", "months_rows")


ABOVE_ANY_COUNT = 10**11
"""More than a unit can have insured; a month as YYYYMM times it is still an integer of 64 bits."""


def _newest(count: ir.IntegerValue, month: ir.IntegerValue, on: date) -> ir.IntegerValue:
    """Of a month that stands twice the larger count, whatever the order of the rows."""
    if on.month == 1:
        return count.max(where=month == (on.year - 1) * 100 + 12)
    placed = month.cast("int64") * ABOVE_ANY_COUNT + count
    return placed.max(where=month.between(on.year * 100 + 1, on.year * 100 + on.month)) % ABOVE_ANY_COUNT


def claims(rows: ir.Table, on: date) -> ir.Table:
    """benefit_claims of Y-1: `claimants`, `layoffs`, `natural_attrition`; an empty optional value
    stays empty."""
    rows = rows.filter(rows.year == on.year - 1)
    return rows.group_by(*UNIT).aggregate(
        claim_rows=rows.count(),
        claimants=rows.claimants.sum().cast("int64"),
        layoffs=_whole_sum(rows, rows.layoffs),
        natural_attrition=_whole_sum(rows, rows.natural_attrition),
    )


def _whole_sum(rows: ir.Table, column: ir.IntegerValue) -> ir.IntegerValue:
    return (column.count() == rows.count()).ifelse(column.sum().cast("int64"), None)


def premiums(rows: ir.Table, on: date) -> ir.Table:
    """premium_payments: paid months without and with back payments, and the yuan by what they are.

    `base_regular`, `base_back` (paid in Y-1 for Y-1), `base_back_earlier` (paid in Y-1 for another year),
    `late_fees`, `outside_year` add up to `premium_total`.
    """
    rows = rows.mutate(amount=rows.employer_amount + rows.employee_amount)
    kind, in_year = rows.payment_kind, rows.paid_date.year() == on.year - 1
    is_late, is_back = kind == "late_fee", kind == "back_payment"
    of_year = rows.fee_month.between((on.year - 1) * 100 + 1, (on.year - 1) * 100 + 12)
    sums = {
        "base_regular": (kind == "regular") & in_year,
        "base_back": is_back & in_year & of_year,
        "base_back_earlier": is_back & in_year & ~of_year,
        "late_fees": is_late,
        "outside_year": ~is_late & ~in_year,
    }
    span = Months(on.year - 5, on.year - 1)
    masks = {
        f"{name}_mask": span.bit(rows.fee_month).bit_or(where=counted & span.has(rows.fee_month))
        for name, counted in _counted_as_month(rows, on).items()
    }
    grouped = rows.group_by(*UNIT).aggregate(
        premium_rows=rows.count(),
        premium_total=rows.amount.sum().cast(SUM),
        **masks,
        **{name: rows.amount.sum(where=part).fill_null(0).cast(SUM) for name, part in sums.items()},
    )
    return _with_paid_months(grouped, _older_months(rows, on, span))


def _counted_as_month(rows: ir.Table, on: date) -> dict[str, ir.BooleanValue]:
    kind = rows.payment_kind
    counts = (rows.amount > 0) & (rows.fee_month <= (on.year - 1) * 100 + 12) & (rows.paid_date <= on)
    return {
        "paid_months": counts & (kind == "regular"),
        "paid_months_with_back": counts & kind.isin(["regular", "back_payment"]),
    }


def _older_months(rows: ir.Table, on: date, span: Months) -> ir.Table:
    """Fee months before the span, paid late: few rows, counted one by one."""
    rows = rows.filter(rows.fee_month < span.first_year * 100)
    counted = _counted_as_month(rows, on)
    return rows.group_by(*UNIT).aggregate(
        **{f"{name}_older": rows.fee_month.nunique(where=where) for name, where in counted.items()}
    )


def _with_paid_months(grouped: ir.Table, older: ir.Table) -> ir.Table:
    t = grouped.left_join(older, UNIT).drop("region_code_right", "uscc_right")
    names = ("paid_months", "paid_months_with_back")
    months = {n: different(t[f"{n}_mask"]) + t[f"{n}_older"].fill_null(0) for n in names}
    return t.mutate(**months).drop(*(f"{n}_{part}" for n in names for part in ("mask", "older")))


def taxpayers(rows: ir.Table) -> ir.Table:
    """taxpayers: the worst status of the unit's rows, and arrears added up."""
    status = rows.taxpayer_status
    return rows.group_by(*UNIT).aggregate(
        taxpayer_rows=rows.count(),
        is_cancelled=(status == "cancelled").any(),
        is_abnormal=(status == "abnormal").any(),
        arrears_amount=rows.arrears_amount.sum().cast(SUM),
    )


def newest_applications(rows: ir.Table, on: date, scheme: str) -> ir.Table:
    """applications of one scheme submitted by the end of D: the newest of each unit, prefixed `<scheme>_`."""
    import ibis

    rows = rows.filter((rows.scheme == scheme) & (rows.submitted_at.date() <= on))
    place = ibis.row_number().over(
        group_by=UNIT, order_by=[rows.submitted_at.desc(), rows.application_no.desc()]
    )
    newest = rows.mutate(place=place).filter(lambda t: t.place == 0)
    return newest.select(
        *UNIT,
        **{
            f"{scheme}_applied_on": newest.submitted_at.date(),
            f"{scheme}_is_signed": newest.commitment_signed,
            f"{scheme}_declared_headcount": newest.declared_headcount,
            f"{scheme}_declared_size": newest.declared_size,
        },
    )


# ---- What was already paid to a unit: each payment once (domain: section 2; yuan) ----

OURS = {
    "region_code": "string",
    "uscc": "string",
    "policy_year": "int64",
    "amount": YUAN,
    "payment_reference": "string",
    "voucher_no": "string",
}
"""The ledger's file. A row is a line we instructed (`payment_reference` its end-to-end id; `amount` on a
payment's first line, 0 on its later attempts), or a row of prior_refunds that a person ruled to be one of our
payments (`voucher_no`, amount 0)."""
REPORTED = (
    "region_code", "uscc", "policy_year", "scheme", "amount", "paid_date", "voucher_no", "payment_reference",
)  # fmt: skip


def ours(working: Working, path: str | None) -> ir.Table:
    """The ledger's rows (`OURS`); no file: none."""
    return working.files([] if path is None else [path], OURS)


def reported(rows: ir.Table, on: date) -> ir.Table:
    """prior_refunds of policy year Y paid by D, both schemes (`REPORTED`).

    rows: accepted ones, old numbers replaced. Rows of regions that are held and of nobody's units too.
    """
    rows = rows.filter((rows.policy_year == on.year) & (rows.paid_date <= on))
    return rows.select(*REPORTED)


def already_paid(reported: ir.Table, ours: ir.Table, on: date) -> ir.Table:
    """`refunded` in yuan and `refund_rows` per unit, in policy year Y.

    A row of finance's that is one of the same unit's payments in `ours`, by reference or voucher, is counted
    there. Another unit's reference proves nothing: such a row counts for the unit it names.
    """
    theirs = reported
    for key in ("payment_reference", "voucher_no"):
        theirs = theirs.anti_join(ours.filter(ours[key].notnull()), (*UNIT, key))
    mine = ours.filter(ours.policy_year == on.year)
    both = theirs.select(*UNIT, "amount").union(mine.select(*UNIT, "amount"))
    return both.group_by(*UNIT).aggregate(refunded=both.amount.sum().cast(SUM), refund_rows=both.count())


# ---- Per enterprise, wherever it is insured: `uscc` ----


def sizes(rows: ir.Table, broken: ir.Table, clashing: ir.Table) -> ir.Table:
    """`sized_uscc, economy_size, size_cause`, one row per uscc with a row of enterprise_sizes, good or bad.

    The newest `determined_on` holds; two different sizes on it contradict each other. economy_size is empty
    where size_cause says why: `clash`, `quarantined` or `conflict`. broken: quarantined rows with a readable
    uscc; clashing: codes whose rows may stand under a number of another's. Both may repeat.
    """
    import ibis

    newest = _newest_size(rows)
    doubts = broken.mutate(is_clash=False).union(clashing.mutate(is_clash=True))
    bad = doubts.group_by(sized_uscc=doubts.uscc).aggregate(is_clash=doubts.is_clash.any())
    both = newest.outer_join(bad, newest.sized_uscc == bad.sized_uscc)
    cause = ibis.cases(
        (both.is_clash, "clash"),
        (both.is_clash.notnull(), "quarantined"),
        (both.first_size != both.last_size, "conflict"),
        else_=ibis.null("string"),
    )
    return both.select(
        sized_uscc=both.sized_uscc.fill_null(both.sized_uscc_right),
        economy_size=cause.isnull().ifelse(both.first_size, None),
        size_cause=cause,
    )


def _newest_size(rows: ir.Table) -> ir.Table:
    daily = rows.group_by(sized_uscc=rows.uscc, determined_on=rows.determined_on).aggregate(
        low=rows.size_class.min(), high=rows.size_class.max()
    )
    return daily.group_by("sized_uscc").aggregate(
        first_size=daily.low.argmax(daily.determined_on), last_size=daily.high.argmax(daily.determined_on)
    )


def exclusions(rows: ir.Table, on: date) -> ir.Table:
    """`listed_uscc` and one flag `list_<type>` each: on that list on D. The removal day itself no
    longer counts."""
    still = rows.removed_on.isnull() | (rows.removed_on > on)
    return _flags(
        rows.filter((rows.listed_on <= on) & still), "list_type", EXCLUSION_LISTS, "list", "listed_uscc"
    )


def priorities(rows: ir.Table, on: date) -> ir.Table:
    """`priority_uscc` and one flag `category_<name>` each: in that category on D, both ends included."""
    still = rows.valid_to.isnull() | (rows.valid_to >= on)
    rows = rows.filter((rows.valid_from <= on) & still)
    return _flags(rows, "category", CATEGORIES, "category", "priority_uscc")


def _flags(rows: ir.Table, column: str, names: tuple[str, ...], prefix: str, key: str) -> ir.Table:
    flags = {f"{prefix}_{name}": (rows[column] == name).any() for name in names}
    return rows.group_by(rows.uscc.name(key)).aggregate(**flags)
