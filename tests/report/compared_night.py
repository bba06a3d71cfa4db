"""A made-up comparison for the report's tests: a region that is held, and names meant to break a page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from stable_jobs.report.comparison import (
    Baseline,
    ComparisonFacts,
    KindLine,
    LargestChange,
    ReasonChange,
    RegionChanges,
)
from stable_jobs.report.parts import place_of
from stable_jobs.words import Words
from tests.report.report_night import HOSTILE, NAMES

XIAN = place_of("610100", NAMES)
ROW = LargestChange(
    XIAN, "91610100000000001X", "西安第一有限公司", "general", "changed",
    "undecided", "eligible", None, Decimal("1234567.00"),
)  # fmt: skip


def a_region(code: str = "610100", **changed: Any) -> RegionChanges:
    lines = (
        KindLine("changed", 3, Decimal("10.00"), Decimal("1234577.00")),
        KindLine("gone", 2, Decimal("0.50"), Decimal("0.00")),
    )
    return replace(RegionChanges(place_of(code, NAMES), True, True, lines), **changed)


def a_baseline(**changed: Any) -> Baseline:
    held = a_region("220500", lines=(KindLine("gone", 1_240, Decimal("9.00"), Decimal("0.00")),))
    reason = ReasonChange("in_time_unknown", Words("是否按时申请不明", "Whether it is in time"), 12, 7)
    hostile = [replace(ROW, unit_name=name, uscc=name[:18], payable_after=Decimal(1)) for name in HOSTILE]
    values = {
        "business_date": date(2020, 5, 10),
        "regions": (a_region(), replace(held, is_decided_after=False)),
        "reasons": (reason,),
        "largest": (ROW, *hostile),
    }
    return Baseline(**{**values, **changed})


COMPARED = ComparisonFacts(a_baseline(), None)
