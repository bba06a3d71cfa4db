"""Work list: undecided units, and those whose amount is not known, by the department that owes it."""

from __future__ import annotations

from stable_jobs.lists.inputs import RegionNight
from stable_jobs.messages.decision import CAUSE, REASON
from stable_jobs.publishing.table import Column, Kind, ListTable, Sum
from stable_jobs.publishing.words import DEPARTMENTS, SCHEMES, both_of, labelled, position

COLUMNS = (
    Column("department", "负责部门 Owed by", Kind.WORD, labelled("department", DEPARTMENTS)),
    Column("extract", "数据表 Extract", Kind.WORD, "extract"),
    Column("uscc", "统一社会信用代码 Credit code", Kind.TEXT, "uscc"),
    Column("unit_name", "单位名称 Unit name", Kind.TEXT, "unit_name"),
    Column("scheme", "返还类型 Scheme", Kind.WORD, labelled("scheme", SCHEMES)),
    Column("reason", "事项代码 Reason code", Kind.WORD, "reason"),
    Column("reason_text", "事项 Reason", Kind.WORD, labelled("reason", both_of(REASON))),
    Column("cause", "原因 Cause", Kind.WORD, labelled("cause", both_of(CAUSE))),
    Column("detail_zh", "说明", Kind.TEXT, "detail_zh"),
    Column("detail_en", "Detail", Kind.TEXT, "detail_en"),
)


def work_list(region: RegionNight) -> ListTable:
    """One row per unit, scheme and thing missing."""
    return ListTable(
        name="work_list",
        title="待补正单位清单 Work list of undecided units",
        columns=COLUMNS,
        source=f"FROM {region.rows_of(region.inputs.owed)}",
        order=(
            f"{position('department', DEPARTMENTS)}, department, extract, uscc, scheme = 'difficult',"
            " reason, cause, detail_zh, detail_en"
        ),
        formats=("csv", "xlsx"),
        expected=Sum(region.totals.owed, None),
        notes=region.notes,
    )
