"""The night's lists: per region a folder with every list, each file checked, the manifest last.

A held region gets a manifest with the reasons only. The totals are computed once, from the eligibility rows;
a file whose own count or total differs ends the step before anything of that region is published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stable_jobs.errors import StepError
from stable_jobs.payout import figures
from stable_jobs.payout.checked import fits_workbook, without, write_checked
from stable_jobs.payout.names import region_folder
from stable_jobs.payout.night import ZERO, Inputs, RegionNight
from stable_jobs.payout.publish import Published, publish_folder
from stable_jobs.payout.region_manifest import held_manifest, lists_manifest
from stable_jobs.payout.sheets.disbursement_application import disbursement_application
from stable_jobs.payout.sheets.disbursement_detail import disbursement_detail
from stable_jobs.payout.sheets.eligibility import eligibility
from stable_jobs.payout.sheets.notice import notice
from stable_jobs.payout.sheets.orphans import orphans
from stable_jobs.payout.sheets.quarantined import quarantined
from stable_jobs.payout.sheets.rejected import rejected
from stable_jobs.payout.sheets.work_list import work_list
from stable_jobs.payout.workspace import workspace
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


def publish_lists(
    con: duckdb.DuckDBPyConnection, inputs: Inputs, *, out: Path, workbook_rows: int
) -> list[RegionLists]:
    """Publish the lists of every region, decided or held, in `<out>/<business_date>/<region_code>/`.

    A list of more than `workbook_rows` rows is CSV only, and the manifest says so. With equal inputs nothing
    is written. StepError where a total differs, a unit is lost, or a region code cannot be a path.
    """
    decided = _regions(con, inputs)
    held = figures.held_reasons(con, inputs)
    lines = figures.reconciliation_lines(con, inputs)
    figures.assert_no_unit_is_lost(con, inputs)
    folders = _folders(out / inputs.business_date.isoformat(), {*held}, {*decided})

    def publish(own: duckdb.DuckDBPyConnection, code: str) -> RegionLists:
        if code in held:
            return _publish_held(folders[code], inputs, code, held[code], lines.get(code))
        return _publish_region(own, folders[code], decided[code], lines.get(code), workbook_rows)

    return in_threads(con, publish, list(folders))


def _regions(con: duckdb.DuckDBPyConnection, inputs: Inputs) -> dict[str, RegionNight]:
    totals = figures.region_totals(con, inputs)
    return {code: RegionNight(code, inputs, found) for code, found in totals.items()}


def _folders(parent: Path, held: set[str], decided: set[str]) -> dict[str, Path]:
    """Checked before anything is written: one bad code stops all."""
    if both := sorted(held & decided):
        raise StepError(
            f"lists: held regions have eligibility rows: {', '.join(both)}; nothing was published"
        )
    return {code: region_folder(parent, code) for code in sorted(held | decided)}


def _publish_held(
    folder: Path, inputs: Inputs, code: str, reasons: list[dict[str, str | None]], line: dict[str, Any] | None
) -> RegionLists:
    published = publish_folder(folder, {}, held_manifest(code, inputs, reasons, line))
    return _region_lists(code, published, True, 0, ZERO)


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
