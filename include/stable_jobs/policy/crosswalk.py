"""Old 15-digit registration numbers (原注册号) replaced by the unified code that took their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

OLD_LENGTH = 15


def crosswalk(units: ir.Table) -> ir.Table:
    """`old_region, old_number, new_uscc`: one row per number that exactly one unit of the region has.

    units: accepted rows of insured_units. Two codes for one number: the number is not replaced.
    """
    known = units.filter(units.registration_no.length() == OLD_LENGTH)
    grouped = known.group_by(old_region=known.region_code, old_number=known.registration_no).aggregate(
        new_uscc=known.uscc.min(), codes=known.uscc.nunique()
    )
    return grouped.filter(grouped.codes == 1).drop("codes")


def renamed(rows: ir.Table, walk: ir.Table, column: str = "uscc", region: str = "region_code") -> ir.Table:
    """The rows with `column` replaced where it is an old number of the same region; no row more or less."""
    is_old = rows[column].length() == OLD_LENGTH
    found = rows.left_join(walk, [is_old, rows[region] == walk.old_region, rows[column] == walk.old_number])
    return found.mutate(**{column: found.new_uscc.fill_null(found[column])}).drop(*walk.columns)
