"""What a region's manifest says beside the files' names and sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stable_jobs.payout.night import Inputs, RegionNight
from stable_jobs.payout.table import Sum
from stable_jobs.payout.words import BEFORE_ALL, DEMONSTRATION


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


def file_entry(found: Sum) -> dict[str, Any]:
    """What a file says of itself: rows, yuan as text, and `inert`, its columns whose text may differ from
    what was sent: to read it back, take away one apostrophe and put the characters for their `⟨U+…⟩`."""
    said = {"count": found.count, "total": None if found.total is None else str(found.total)}
    return said if found.inert is None else {**said, "inert": list(found.inert)}


def workbooks_entry(csv_only: Sequence[str], limit: int) -> dict[str, Any]:
    """From how many rows on a list is CSV only, and which workbooks that left out."""
    note = {
        "zh": f"超过 {limit} 行的名单只有 CSV 文件",
        "en": f"lists of more than {limit} rows are CSV only",
    }
    return {"most_rows": limit, "csv_only": list(csv_only), **(note if csv_only else {})}
