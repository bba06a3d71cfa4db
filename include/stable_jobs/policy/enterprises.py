"""What describes the enterprise, wherever it is insured: size and lists, first one answer per uscc."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from stable_jobs.policy.catalogue import CATEGORIES, EXCLUSION_LISTS

if TYPE_CHECKING:
    import ibis.expr.types as ir


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
    flags: dict[str, Any] = {f"{prefix}_{name}": (rows[column] == name).any() for name in names}
    return rows.group_by(rows.uscc.name(key)).aggregate(**flags)
