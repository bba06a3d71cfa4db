"""What a region's manifest says beside the files' names and sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stable_jobs.lists.inputs import Inputs, RegionNight
from stable_jobs.publishing.manifest import file_entry, workbooks_entry
from stable_jobs.publishing.table import Sum
from stable_jobs.publishing.words import BEFORE_ALL, DEMONSTRATION


def lists_manifest(
    region: RegionNight,
    files: Mapping[str, Sum],
    line: Mapping[str, Any] | None,
    csv_only: Sequence[str],
    workbook_rows: int,
) -> dict[str, Any]:
    """Of a region that was decided. `csv_only`: workbooks left out for their length."""
    return {
        **_common(region.code, region.inputs, line),
        "is_held": False,
        "status": BEFORE_ALL,
        "count": region.totals.units,
        "total": str(region.totals.payable),
        "files": {name: file_entry(found) for name, found in files.items()},
        "workbooks": workbooks_entry(csv_only, workbook_rows),
    }


def held_manifest(
    code: str, inputs: Inputs, reasons: Sequence[Mapping[str, str | None]], line: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Of a region for which nothing was decided: why, and who owes. No lists."""
    return {**_common(code, inputs, line), "is_held": True, "held": list(reasons), "files": {}}


def _common(code: str, inputs: Inputs, line: Mapping[str, Any] | None) -> dict[str, Any]:
    zh, en = inputs.names.get(code, ("", ""))
    return {
        "business_date": inputs.business_date.isoformat(),
        "region_code": code,
        "region": {"zh": zh, "en": en},
        "demonstration": DEMONSTRATION if code in inputs.demo_regions else None,
        "versions": dict(inputs.versions),
        "reconciliation": None if line is None else dict(line),
    }
