"""The eligibility table as it is (data dictionary, section 3): one row per unit and scheme."""

from __future__ import annotations

from stable_jobs.lists.inputs import RegionNight
from stable_jobs.policy.verdict import COLUMNS
from stable_jobs.publishing.table import Column, Kind, ListTable, Sum

FOREIGN = frozenset({"uscc", "unit_no", "unit_name"})
WORDS = frozenset({"reasons"})


def eligibility(region: RegionNight) -> ListTable:
    """Every row; the total is the payable of taken rows."""
    return ListTable(
        name="eligibility",
        title="资格认定表 Eligibility",
        columns=tuple(Column(name, name, _kind(name), name) for name in COLUMNS),
        source=f"FROM {region.rows_of(region.inputs.eligibility)}",
        order="uscc, scheme = 'difficult'",
        formats=("csv", "parquet"),
        expected=Sum(region.totals.rows, region.totals.payable),
        total_sql=(
            "coalesce(sum(CAST(payable AS DECIMAL(18, 2)))"
            " FILTER (CAST(is_taken AS BOOLEAN) AND CAST(payable AS DECIMAL(18, 2)) > 0), 0)"
        ),
        is_for_people=False,
    )


def _kind(name: str) -> Kind:
    if name in FOREIGN:
        return Kind.TEXT
    return Kind.WORD if name in WORDS else Kind.VALUE
