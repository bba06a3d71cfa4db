"""The inputs of one night's lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from stable_jobs.publishing.table import BEFORE_ALL, DEMONSTRATION, Heading
from stable_jobs.store.engine import quote_literal

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class QuarantineFile:
    """One extract's quarantine: Parquet with delivery_id, row_no, home_region, rules, is_unit_known
    and, but for region extracts, uscc."""

    department: str
    extract: str
    path: str


@dataclass(frozen=True)
class Inputs:
    """Parquet paths that the connection can read, and the manifest's values beside the lists.

    names: region → (Chinese, English). versions: code, policies, contracts, … as plain JSON values that do
    not differ between two runs of the same inputs. files: delivery id → `<business_date>/<file name>`; the id
    itself is never published, for a night that was killed and run again has others. demo_regions: those with
    a parameter marked `demo: true`.
    """

    business_date: date
    eligibility: str
    payees: str
    owed: str
    orphans: str
    reconciliation: str
    held: str
    quarantine: Sequence[QuarantineFile]
    names: Mapping[str, tuple[str, str]]
    versions: Mapping[str, Any]
    files: Mapping[int, str]
    demo_regions: Collection[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Totals:
    """A region's totals, computed once from its eligibility rows; every list is checked against them.

    rows: eligibility rows. units: taken rows with payable > 0; payable: their yuan. ineligible: rejected
    rows. owed, orphans, quarantined: rows of those lists; orphan_amount: yuan of orphans with an amount.
    """

    rows: int = 0
    units: int = 0
    payable: Decimal = ZERO
    ineligible: int = 0
    owed: int = 0
    orphans: int = 0
    orphan_amount: Decimal = ZERO
    quarantined: int = 0


@dataclass(frozen=True)
class RegionNight:
    """One region's share of the night, for which a list is made."""

    code: str
    inputs: Inputs
    totals: Totals

    @property
    def is_demo(self) -> bool:
        """True where a parameter of the region is ours, not a published one."""
        return self.code in self.inputs.demo_regions

    @property
    def heading(self) -> Heading:
        """The region and date above these lists and in their manifest."""
        names = self.inputs.names.get(self.code, ("", ""))
        return Heading(self.code, self.inputs.business_date, names, self.is_demo)

    @property
    def status(self) -> str:
        """A note that a payment list is not final."""
        return f"{BEFORE_ALL}; {DEMONSTRATION}" if self.is_demo else BEFORE_ALL

    @property
    def notes(self) -> tuple[str, ...]:
        """Above a workbook's header: where and when, and that it is a demonstration."""
        return self.heading.notes

    def rows_of(self, path: str, column: str = "region_code") -> str:
        """SQL for this region's rows of a Parquet file."""
        return f"(FROM read_parquet({quote_literal(path)}) WHERE {column} = {quote_literal(self.code)})"

    @property
    def taken(self) -> str:
        """SQL for the rows that are to be paid: taken, with payable above 0."""
        return f"(FROM {self.rows_of(self.inputs.eligibility)} WHERE is_taken AND payable > 0)"
