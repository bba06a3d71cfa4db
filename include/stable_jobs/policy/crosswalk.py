"""Old 15-digit registration numbers (原注册号) replaced by the unified code that took their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

OLD_LENGTH = 15


def clashes(units: ir.Table, keys: ir.Table) -> ir.Table:
    """`clash_region, clash_number, clash_uscc`: old numbers of a unit that are another unit's own key.

    units: accepted rows of insured_units. keys: `region_code, uscc` of every unit, quarantined ones too.
    Whose the rows under such a number are, nobody can say.
    """
    old = units.filter((units.registration_no.length() == OLD_LENGTH) & (units.registration_no != units.uscc))
    claimed = old.select(clash_region="region_code", clash_number="registration_no", clash_uscc="uscc")
    own = keys.filter(keys.uscc.length() == OLD_LENGTH).distinct()
    return claimed.semi_join(
        own, [claimed.clash_region == own.region_code, claimed.clash_number == own.uscc]
    ).distinct()


def crosswalk(units: ir.Table, clashing: ir.Table) -> ir.Table:
    """`old_region, old_number, new_uscc`: one row per number that exactly one unit of the region has.

    units: accepted rows of insured_units. Two codes for one number, or a number that is another unit's key
    (`clashes`): not replaced.
    """
    known = units.filter(units.registration_no.length() == OLD_LENGTH)
    grouped = known.group_by(old_region=known.region_code, old_number=known.registration_no).aggregate(
        new_uscc=known.uscc.min(), codes=known.uscc.nunique()
    )
    one = grouped.filter(grouped.codes == 1).drop("codes")
    is_theirs = [one.old_region == clashing.clash_region, one.old_number == clashing.clash_number]
    return one.anti_join(clashing, is_theirs)


def renamed(rows: ir.Table, walk: ir.Table, column: str = "uscc", region: str = "region_code") -> ir.Table:
    """The rows with `column` replaced where it is an old number of the same region; no row more or less."""
    is_old = rows[column].length() == OLD_LENGTH
    found = rows.left_join(walk, [is_old, rows[region] == walk.old_region, rows[column] == walk.old_number])
    return found.mutate(**{column: found.new_uscc.fill_null(found[column])}).drop(*walk.columns)


def either(clashing: ir.Table, rows: ir.Table) -> ir.Table:
    """`region_code, uscc` of both units of every clashing number under which there are rows.

    rows: with `region_code` and `uscc` as sent. May repeat.
    """
    hit = clashing.semi_join(
        rows, [clashing.clash_region == rows.region_code, clashing.clash_number == rows.uscc]
    )
    one = hit.select(region_code="clash_region", uscc="clash_uscc")
    return one.union(hit.select(region_code="clash_region", uscc="clash_number"))
