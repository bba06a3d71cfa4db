"""Two decisions side by side: rows that appeared, went or changed, with the reasons on both sides.

Ibis expressions over two eligibility tables (data dictionary, section 3); set-based over all regions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

KEY = ("region_code", "uscc", "scheme")
WATCHED = ("decision", "reasons", "is_taken", "entitlement", "payable")
"""The columns whose changes are listed; inputs that alter none of these are not."""


def changes(before: ir.Table, after: ir.Table) -> ir.Table:
    """One row per unit and scheme that differs, sorted by key.

    Columns: the key, unit_name, change (`appeared` | `gone` | `changed`), every watched column twice
    (`…_before`, `…_after`), and payable_difference in yuan of what is to be paid: a side that is missing,
    not taken or not known counts as 0, so that a unit with two eligible schemes is counted once.
    """
    import ibis

    joined = _side(before, "before").outer_join(_side(after, "after"), _on())
    keyed = joined.mutate(
        **{k: ibis.coalesce(joined[f"{k}_before"], joined[f"{k}_after"]) for k in (*KEY, "unit_name")}
    )
    marked = keyed.mutate(change=_change(keyed), payable_difference=_difference(keyed))
    watched = [f"{name}_{side}" for name in WATCHED for side in ("before", "after")]
    columns = (*KEY, "unit_name", "change", *watched, "payable_difference")
    return marked.filter(marked.change.notnull()).select(*columns).order_by(*KEY)


def summary(changed: ir.Table) -> ir.Table:
    """Per region and kind of change: rows, the payable amounts before and after, and the difference in yuan.

    Over all rows the difference is that of the two nights' totals, as only rows that are taken are paid.
    """
    grouped = changed.group_by("region_code", "change").aggregate(
        rows=changed.count(),
        payable_before=_sum(_paid(changed, "before")),
        payable_after=_sum(_paid(changed, "after")),
        payable_difference=_sum(changed.payable_difference),
    )
    return grouped.order_by("region_code", "change")


def _side(table: ir.Table, side: str) -> ir.Table:
    columns = (*KEY, "unit_name", *WATCHED)
    return table.select(**{f"{name}_{side}": table[name] for name in columns})


def _on() -> list[tuple[str, str]]:
    return [(f"{k}_before", f"{k}_after") for k in KEY]


def _change(t: ir.Table) -> ir.StringValue:
    import ibis

    differs = ibis.or_(*(~t[f"{name}_before"].identical_to(t[f"{name}_after"]) for name in WATCHED))
    return ibis.cases(
        (t.uscc_before.isnull(), "appeared"),
        (t.uscc_after.isnull(), "gone"),
        (differs, "changed"),
        else_=ibis.null("string"),
    )


def _difference(t: ir.Table) -> ir.DecimalValue:
    return _yuan(_paid(t, "after") - _paid(t, "before"))


def _paid(t: ir.Table, side: str) -> ir.DecimalValue:
    """The amount that one side of a row adds to the list: its payable if it is taken, else 0."""
    import ibis

    taken = t[f"is_taken_{side}"].fill_null(False)
    return taken.ifelse(
        _yuan(t[f"payable_{side}"]).fill_null(_yuan(ibis.literal("0"))), _yuan(ibis.literal("0"))
    )


def _sum(amounts: ir.DecimalValue) -> ir.DecimalValue:
    """Of a region's rows: more than one amount may be."""
    return amounts.sum().cast("decimal(38, 2)")


def _yuan(amount: ir.Value) -> ir.DecimalValue:
    return amount.cast("decimal(18, 2)")
