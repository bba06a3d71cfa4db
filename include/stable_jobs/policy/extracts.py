"""The night's inputs as tables: accepted rows of the deliveries in force, and their quarantined ones.

Rows of a file for all regions give way to a region's own file, and do not count for a region whose
part is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stable_jobs.contracts.model import Contract, Kind
from stable_jobs.regions import NATION

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

TYPES = {
    Kind.TEXT: "string",
    Kind.CODE: "string",
    Kind.INTEGER: "int64",
    Kind.MONEY: "decimal(18,2)",
    Kind.DATE: "date",
    Kind.OPEN_DATE: "date",
    Kind.TIMESTAMP: "timestamp",
    Kind.MONTH: "int32",
    Kind.BOOLEAN: "boolean",
    Kind.ENUM: "string",
}
HEAD = {"row_id": "int64", "delivery_id": "int64", "row_no": "int64", "delivery_region": "string"}
QUARANTINE = {"rules": "array<string>", "home_region": "string", "is_unit_known": "boolean"}


@dataclass(frozen=True)
class InputFile:
    """One delivery in force: its slot, and where its staged rows and its validation's quarantine are."""

    extract: str
    region_code: str
    delivery_id: int
    staged: str
    quarantine: str
    held_regions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """All a decision reads. `contracts`: by extract, as of the business date.

    `held_deliveries`: (extract, region) whose delivery came but is not accepted, to tell it from a
    missing one. `paid_by_us`: the ledger's file (paid.py); None: nothing was paid by us. `registered`:
    (region, code) that two people registered though the code rule refuses it.
    """

    files: tuple[InputFile, ...]
    contracts: Mapping[str, Contract]
    held_deliveries: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    paid_by_us: str | None = None
    registered: tuple[tuple[str, str], ...] = ()

    @cached_property
    def _by_extract(self) -> Mapping[str, tuple[InputFile, ...]]:
        return {e: tuple(f for f in self.files if f.extract == e) for e in self.contracts}

    def of(self, extract: str) -> tuple[InputFile, ...]:
        """The files in force of one extract."""
        return self._by_extract[extract]

    def covers(self, extract: str, region: str) -> bool:
        """Whether an accepted delivery speaks for the region: its own, or its part of one for all."""
        return any(
            f.region_code == region or (f.region_code == NATION and region not in f.held_regions)
            for f in self.of(extract)
        )


def accepted(backend: BaseBackend, inputs: Inputs, extract: str) -> ir.Table:
    """Rows in force that broke no critical rule: the staged columns without `raw` and `unreadable`."""
    files = inputs.of(extract)
    columns = HEAD | _columns(inputs.contracts[extract])
    staged = _read(backend, [f.staged for f in files], columns)
    broken = _read(backend, {f.quarantine for f in files}, {"row_id": "int64"})
    rows = staged.anti_join(broken, "row_id")
    return _in_force(rows, inputs, extract, rows.region_code)


def quarantined(backend: BaseBackend, inputs: Inputs, extract: str) -> ir.Table:
    """Rows in force that broke a critical rule, with `rules`, `home_region` and `is_unit_known`."""
    files = inputs.of(extract)
    columns = HEAD | _columns(inputs.contracts[extract]) | QUARANTINE
    rows = _read(backend, {f.quarantine for f in files}, columns)
    rows = rows.filter(rows.delivery_id.isin([f.delivery_id for f in files]))
    return _in_force(rows, inputs, extract, rows.home_region)


def _in_force(rows: ir.Table, inputs: Inputs, extract: str, region: Any) -> ir.Table:
    """Drop the rows of a file for all that belong to a region with its own file, or with a held part."""
    files = inputs.of(extract)
    own = {f.region_code for f in files if f.region_code != NATION}
    own = own if inputs.contracts[extract].row_region == "own" else set()
    gone = sorted(own | {code for f in files for code in f.held_regions})
    if not gone or all(f.region_code != NATION for f in files):
        return rows
    return rows.filter(~((rows.delivery_region == NATION) & region.isin(gone)).fill_null(False))


def _columns(contract: Contract) -> dict[str, str]:
    return {column.name: TYPES[column.kind] for column in contract.columns}


def _read(backend: BaseBackend, paths: Iterable[str], columns: Mapping[str, str]) -> ir.Table:
    """Exactly these columns of the Parquet files; no file: no rows. Same path order, same rows."""
    import ibis

    files = sorted(set(paths))
    if not files:
        return ibis.memtable([], schema=ibis.schema(dict(columns)))
    return backend.read_parquet(files).select(*columns)
