"""Rejected units with every reason, not the first: a firm sees them all."""

from __future__ import annotations

from stable_jobs.lists.inputs import RegionNight
from stable_jobs.messages.decision import REASON
from stable_jobs.publishing.table import Column, Kind, ListTable, Sum
from stable_jobs.publishing.words import SCHEMES, labelled, said_in, sentences


def rejected(region: RegionNight) -> ListTable:
    """Ineligible rows, by code."""
    return ListTable(
        name="rejected",
        title="不予返还单位清单 Rejected units",
        columns=_columns(),
        source=f"FROM {region.rows_of(region.inputs.eligibility)} WHERE decision = 'ineligible'",
        order="uscc, scheme = 'difficult'",
        formats=("csv", "xlsx"),
        expected=Sum(region.totals.ineligible, None),
        notes=region.notes,
    )


def _columns() -> tuple[Column, ...]:
    return (
        Column("uscc", "统一社会信用代码 Credit code", Kind.TEXT, "uscc"),
        Column("unit_no", "单位编号 Unit number", Kind.TEXT, "unit_no"),
        Column("unit_name", "单位名称 Unit name", Kind.TEXT, "unit_name"),
        Column("scheme", "返还类型 Scheme", Kind.WORD, labelled("scheme", SCHEMES)),
        Column("reasons", "原因代码 Reason codes", Kind.WORD, "reasons"),
        Column(
            "reasons_zh",
            "原因",
            Kind.WORD,
            sentences("reasons", said_in("zh", REASON), "；"),
        ),
        Column(
            "reasons_en",
            "Reasons",
            Kind.WORD,
            sentences("reasons", said_in("en", REASON), "; "),
        ),
    )
