"""The night's lists: per region a folder with every list, each file checked, the manifest last.

A held region gets a manifest with the reasons only. The totals are computed once, from the eligibility rows.
A region of which a file's own count or total differs, or a unit is lost, is held, too: none of its lists is
published, and the others' are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stable_jobs.lists import figures
from stable_jobs.lists.inputs import ZERO, Inputs, RegionNight
from stable_jobs.lists.region_manifest import held_manifest, lists_manifest
from stable_jobs.lists.sheets.disbursement_application import disbursement_application
from stable_jobs.lists.sheets.disbursement_detail import disbursement_detail
from stable_jobs.lists.sheets.eligibility import eligibility
from stable_jobs.lists.sheets.notice import notice
from stable_jobs.lists.sheets.orphans import orphans
from stable_jobs.lists.sheets.quarantined import quarantined
from stable_jobs.lists.sheets.rejected import rejected
from stable_jobs.lists.sheets.work_list import work_list
from stable_jobs.publishing.checked import SumDiffers, fits_workbook, without, write_checked
from stable_jobs.publishing.names import region_folder
from stable_jobs.publishing.publish import Published, publish_folder
from stable_jobs.publishing.workspace import workspace
from stable_jobs.store.threads import in_threads

if TYPE_CHECKING:
    import duckdb

SHEETS = (
    eligibility,
    notice,
    disbursement_detail,
    disbursement_application,
    work_list,
    rejected,
    orphans,
    quarantined,
)
"""Every list of a region that was decided."""
FAULT = "lists_do_not_add_up"
"""Why a region is held that was decided: in its manifest and on the report."""


@dataclass(frozen=True)
class RegionLists:
    """What is in force for one region.

    `units` and `payable` (yuan) are of the taken rows with payable above 0; a held region has none.
    `is_new` is False where the same content stood there already. `files`: logical name → file.
    """

    region_code: str
    folder: Path
    manifest: Path
    is_held: bool
    units: int
    payable: Decimal
    is_new: bool
    files: Mapping[str, Path]
    fault: str | None = None
    """What does not add up: why a region is held that was decided."""


def publish_lists(
    con: duckdb.DuckDBPyConnection, inputs: Inputs, *, out: Path, workbook_rows: int
) -> list[RegionLists]:
    """Publish the lists of every region, decided or held, in `<out>/<business_date>/<region_code>/`.

    A list of more than `workbook_rows` rows is CSV only, and the manifest says so. With equal inputs nothing
    is written. Where a region's totals differ or a unit of it is lost, its `fault` says so and it is held.
    StepError where a region code cannot be a path.
    """
    decided = _regions(con, inputs)
    held = figures.held_reasons(con, inputs)
    lines = figures.reconciliation_lines(con, inputs)
    faults = {**figures.broken_promises(con, inputs), **_held_and_decided(held, decided)}
    folders = _folders(out / inputs.business_date.isoformat(), {*held}, {*decided})

    def publish(own: duckdb.DuckDBPyConnection, code: str) -> RegionLists:
        line, fault = lines.get(code), faults.get(code)
        if code not in held and fault is None:
            try:
                return _publish_region(own, folders[code], decided[code], line, workbook_rows)
            except _data_errors() as error:
                fault = str(error)
        return _publish_held(folders[code], inputs, code, held.get(code, []), line, fault)

    return in_threads(con, publish, list(folders))


def _data_errors() -> tuple[type[Exception], ...]:
    """What one region's rows can cause; a full disk or a lost file is every region's."""
    import duckdb

    return SumDiffers, duckdb.DataError


def _regions(con: duckdb.DuckDBPyConnection, inputs: Inputs) -> dict[str, RegionNight]:
    totals = figures.region_totals(con, inputs)
    return {code: RegionNight(code, inputs, found) for code, found in totals.items()}


def _held_and_decided(held: Collection[str], decided: Collection[str]) -> dict[str, str]:
    return dict.fromkeys({*held} & {*decided}, "it is held and has eligibility rows")


def _folders(parent: Path, held: set[str], decided: set[str]) -> dict[str, Path]:
    """Checked before anything is written: no list of any region has a place beside a code that is a path."""
    return {code: region_folder(parent, code) for code in sorted(held | decided)}


def _publish_held(
    folder: Path,
    inputs: Inputs,
    code: str,
    reasons: list[dict[str, str | None]],
    line: dict[str, Any] | None,
    fault: str | None,
) -> RegionLists:
    own = [] if fault is None else [dict(zip(figures.HELD_COLUMNS, (FAULT, "", "", fault), strict=True))]
    published = publish_folder(folder, {}, held_manifest(code, inputs, [*reasons, *own], line))
    return replace(_region_lists(code, published, True, 0, ZERO), fault=fault)


def _publish_region(
    con: duckdb.DuckDBPyConnection, folder: Path, region: RegionNight, line: dict[str, Any] | None, limit: int
) -> RegionLists:
    folder.mkdir(parents=True, exist_ok=True)
    tables = [sheet(region) for sheet in SHEETS]
    csv_only = [f"{t.name}.xlsx" for t in tables if "xlsx" in t.formats and not fits_workbook(t, limit)]
    with workspace(folder) as work:
        sums = {
            name: found
            for table in tables
            for name, found in write_checked(con, without(table, csv_only), work).items()
        }
        manifest = lists_manifest(region, sums, line, csv_only, limit)
        published = publish_folder(folder, {name: work / name for name in sums}, manifest)
    return _region_lists(region.code, published, False, region.totals.units, region.totals.payable)


def _region_lists(
    code: str, published: Published, is_held: bool, units: int, payable: Decimal
) -> RegionLists:
    return RegionLists(
        region_code=code,
        folder=published.folder,
        manifest=published.manifest,
        is_held=is_held,
        units=units,
        payable=payable,
        is_new=published.is_new,
        files=published.files,
    )
