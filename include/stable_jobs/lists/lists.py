"""The night's lists: per region a folder with every list, each file checked, the manifest last.

A held region gets a manifest with the reasons only. The totals are computed once, from the eligibility rows.
A region of which a file's own count or total differs, or a unit is lost, is held, too: none of its lists is
published, and the others' are.
"""

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stable_jobs.lists.inputs import ZERO, Inputs, RegionNight, Totals
from stable_jobs.lists.sheets import (
    disbursement_application,
    disbursement_detail,
    eligibility,
    notice,
    orphans,
    quarantined,
    quarantined_sql,
    rejected,
    work_list,
)
from stable_jobs.publishing.files import SumDiffers
from stable_jobs.publishing.folders import region_folder
from stable_jobs.publishing.publish import Published, publish_folder, publish_tables
from stable_jobs.publishing.table import BEFORE_ALL
from stable_jobs.store.engine import in_threads, quote_literal

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
    """The lists in force for one region.

    `units` and `payable` (yuan) are of the taken rows with payable above 0; a held region has none.
    `is_new` is False if the same content was published before. `files`: logical name → file.
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
    """The sum that does not add up: the reason why a decided region is held."""


def publish_lists(
    con: duckdb.DuckDBPyConnection, inputs: Inputs, *, out: Path, workbook_rows: int
) -> list[RegionLists]:
    """Publish the lists of every region, decided or held, in `<out>/<business_date>/<region_code>/`.

    A list of more than `workbook_rows` rows is CSV only, and the manifest says so. With equal inputs nothing
    is written. Where a region's totals differ or a unit of it is lost, its `fault` says so and it is held.
    StepError, before anything is written, where a region code cannot be a path.
    """
    decided = {code: RegionNight(code, inputs, found) for code, found in region_totals(con, inputs).items()}
    held = held_reasons(con, inputs)
    lines = reconciliation_lines(con, inputs)
    both = dict.fromkeys({*held} & {*decided}, "it is held and has eligibility rows")
    faults = {**broken_promises(con, inputs), **both}
    parent = out / inputs.business_date.isoformat()
    folders = {code: region_folder(parent, code) for code in sorted({*held, *decided})}

    def publish(own: duckdb.DuckDBPyConnection, code: str) -> RegionLists:
        line, fault = lines.get(code), faults.get(code)
        if code not in held and fault is None:
            try:
                return _publish_decided(own, folders[code], decided[code], line, workbook_rows)
            except _data_errors() as error:
                fault = str(error)
        return _publish_held(folders[code], inputs, code, held.get(code, []), line, fault)

    return in_threads(con, publish, list(folders))


def _data_errors() -> tuple[type[Exception], ...]:
    """The errors that one region's rows can cause; a full disk or a lost file concerns every region."""
    import duckdb

    return SumDiffers, duckdb.DataError


def _publish_held(
    folder: Path,
    inputs: Inputs,
    code: str,
    reasons: list[dict[str, str | None]],
    line: Mapping[str, Any] | None,
    fault: str | None,
) -> RegionLists:
    """A manifest without lists: why nothing was decided or published, and who owes."""
    own = [] if fault is None else [dict(zip(HELD_COLUMNS, (FAULT, "", "", fault), strict=True))]
    why = {"is_held": True, "held": [*reasons, *own], "files": {}}
    published = publish_folder(folder, {}, {**_manifest(RegionNight(code, inputs, Totals()), line), **why})
    return replace(_region_lists(code, published, True, 0, ZERO), fault=fault)


def _publish_decided(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    region: RegionNight,
    line: Mapping[str, Any] | None,
    workbook_rows: int,
) -> RegionLists:
    totals = region.totals
    said = {"is_held": False, "status": BEFORE_ALL, "count": totals.units, "total": str(totals.payable)}
    tables = [sheet(region) for sheet in SHEETS]
    published = publish_tables(con, folder, tables, {**_manifest(region, line), **said}, workbook_rows)
    return _region_lists(region.code, published, False, totals.units, totals.payable)


def _manifest(region: RegionNight, line: Mapping[str, Any] | None) -> dict[str, Any]:
    """The entries that the manifest of every region has."""
    return {
        **region.heading.manifest,
        "versions": dict(region.inputs.versions),
        "reconciliation": None if line is None else dict(line),
    }


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


# --- the figures of every region, asked once for the night ---

HELD_COLUMNS = ("reason", "department", "extract", "detail")


def region_totals(con: duckdb.DuckDBPyConnection, inputs: Inputs) -> dict[str, Totals]:
    """Totals of each region that has eligibility rows."""
    decided = _by_region(con, _eligibility_sql(inputs))
    beside = [
        _by_region(con, sql)
        for sql in (_owed_sql(inputs), _orphans_sql(inputs), _quarantined_count_sql(inputs))
    ]
    return {
        code: Totals(
            **figures, **{name: value for part in beside for name, value in part.get(code, {}).items()}
        )
        for code, figures in decided.items()
    }


def held_reasons(con: duckdb.DuckDBPyConnection, inputs: Inputs) -> dict[str, list[dict[str, str | None]]]:
    """Why each held region is held, sorted."""
    columns = ", ".join(HELD_COLUMNS)
    rows = con.execute(f"SELECT region_code, {columns} FROM {_read(inputs.held)} ORDER BY ALL").fetchall()
    reasons: dict[str, list[dict[str, str | None]]] = {}
    for code, *values in rows:
        reasons.setdefault(code, []).append(dict(zip(HELD_COLUMNS, values, strict=True)))
    return reasons


def reconciliation_lines(con: duckdb.DuckDBPyConnection, inputs: Inputs) -> dict[str, dict[str, Any]]:
    """Each region's reconciliation line as plain values; yuan as text with two places."""
    return {
        code: {name: value if isinstance(value, int) else str(value) for name, value in line.items()}
        for code, line in _by_region(con, f"FROM {_read(inputs.reconciliation)}").items()
    }


def broken_promises(con: duckdb.DuckDBPyConnection, inputs: Inputs) -> dict[str, str]:
    """Region → why it may not be published: an undecided row, or a taken one without an amount, is on no work
    list, a unit is taken twice, or a row that is to be paid has no payee or more than one."""
    found: dict[str, list[str]] = {}
    for sentence, sql in _promises(inputs).items():
        asked = f"SELECT region_code, count(*) FROM ({sql}) GROUP BY region_code ORDER BY region_code"
        for region, count in con.execute(asked).fetchall():
            found.setdefault(region, []).append(f"{count} {sentence}")
    return {region: "; ".join(sentences) for region, sentences in found.items()}


def _promises(inputs: Inputs) -> Mapping[str, str]:
    eligibility, owed, payees = map(_read, (inputs.eligibility, inputs.owed, inputs.payees))
    waiting = f"FROM {eligibility} WHERE decision = 'undecided' OR (is_taken AND payable IS NULL)"
    paid = f"FROM {eligibility} WHERE is_taken AND payable > 0"
    return {
        "undecided or unpriced row(s) that no department owes": (
            f"SELECT w.region_code FROM ({waiting}) AS w"
            f" ANTI JOIN {owed} AS o USING (region_code, uscc, scheme)"
        ),
        "unit(s) taken twice": (
            f"SELECT region_code FROM {eligibility} WHERE is_taken"
            " GROUP BY region_code, uscc HAVING count(*) > 1"
        ),
        "row(s) to be paid that are not eligible": f"SELECT region_code {paid} AND decision <> 'eligible'",
        "unit(s) to be paid without exactly one account": (
            f"SELECT e.region_code FROM ({paid}) AS e LEFT JOIN {payees} AS p USING (region_code, uscc)"
            " GROUP BY e.region_code, e.uscc HAVING count(p.account_no) <> 1"
        ),
    }


def _eligibility_sql(inputs: Inputs) -> str:
    paid = "FILTER (is_taken AND payable > 0)"
    return (
        f"SELECT region_code, count(*) AS rows, count(*) {paid} AS units,"
        f" coalesce(sum(payable) {paid}, 0)::DECIMAL(38, 2) AS payable,"
        " count(*) FILTER (decision = 'ineligible') AS ineligible"
        f" FROM {_read(inputs.eligibility)} GROUP BY region_code"
    )


def _owed_sql(inputs: Inputs) -> str:
    return f"SELECT region_code, count(*) AS owed FROM {_read(inputs.owed)} GROUP BY region_code"


def _orphans_sql(inputs: Inputs) -> str:
    return (
        "SELECT region_code, count(*) AS orphans, coalesce(sum(amount), 0)::DECIMAL(38, 2) AS orphan_amount"
        f" FROM {_read(inputs.orphans)} GROUP BY region_code"
    )


def _quarantined_count_sql(inputs: Inputs) -> str:
    rows = quarantined_sql(inputs)
    return f"SELECT home_region AS region_code, count(*) AS quarantined FROM ({rows}) GROUP BY home_region"


def _by_region(con: duckdb.DuckDBPyConnection, sql: str) -> dict[str, dict[str, Any]]:
    """A query with a region_code, as one mapping per region."""
    asked = con.execute(sql)
    names = [column[0] for column in asked.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in asked.fetchall()]
    return {row.pop("region_code"): row for row in rows}


def _read(path: str) -> str:
    return f"read_parquet({quote_literal(path)})"
