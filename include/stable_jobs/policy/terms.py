"""What the payment of a decided row goes by: the region's approvals, notice, deadlines and budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stable_jobs.policy.regional import KEY
from stable_jobs.policy.table import Row, as_table

if TYPE_CHECKING:
    import ibis.expr.types as ir

COLUMNS = (
    "region_code",
    "scheme",
    "size_class",
    "approvals",
    "notice_working_days",
    "bank_answer_days",
    "deadline",
    "pooling_region",
    "refund_budget",
    "same_day_promise",
)
"""`approvals`: people; empty for size `unknown` unless all sizes agree. Days are working days.
`pooling_region` with its `refund_budget` in yuan for the policy year; empty where missing or in doubt."""


def terms(region: ir.Table, rows: tuple[Row, ...]) -> ir.Table:
    """One row per decided region, open scheme and size (the four and `unknown`).

    region: regional.py's table; rows: the parameter table of the regions decided.
    """
    sized = as_table(rows).select(*KEY, "approvals", size_class="size")
    t = sized.inner_join(region, KEY)
    t = t.mutate(same_day_promise=t.same_day_promise.fill_null(False))
    return t.select(*COLUMNS).order_by("region_code", "scheme", "size_class")
