"""The work that every peer does: files, rules and parameters, read from one JSON file.

`from_contracts.py` writes the file from the product's contracts and policies, so that the work is the same
for all. This module imports nothing but the standard library: a peer needs its tool and this, and no product.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

FOR_ALL = "000000"
"""The region of a file for all regions."""
RESULT = ("region_code", "uscc", "unit_name", "amount")
"""The columns of a region's list. `amount`: yuan with two decimals."""


@dataclass(frozen=True)
class Column:
    """One column: how it is read, and the critical rules about its values alone.

    kind: as in the contracts (text, code, integer, money, date, open_date, timestamp, month, boolean, enum).
    required: NULL is rejected. labels: label in the file → value; another label is rejected.
    minimum, maximum: bounds of a number, both included. length: characters, both ends included; None: any.
    check: `unit_code` (credit code or old registration number, with their check characters), `bank_code`
    (12 digits with their check digit), `account_no`; None: no check. not_after: the last date (ISO) or month
    that may stand there.
    """

    name: str
    header: str
    kind: str
    required: bool
    labels: Mapping[str, str]
    minimum: int | None = None
    maximum: int | None = None
    length: tuple[int, int] | None = None
    check: str | None = None
    not_after: str | None = None


@dataclass(frozen=True)
class Extract:
    """One extract: its files, its columns, and the critical rules about more than one column.

    key: no two rows of a file and region have it in common. row_region: `own` or `sent`: a row is of the
    file's region; `upward`: of it or of one above it. windows: (column, first, last), ISO dates, months or
    years; a row must be in one of them. orders: (column, column that it may not be before). tolerance: the
    share of rejected rows above which the script ends.
    """

    department: str
    name: str
    encoding: str
    null_words: tuple[str, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    control_total: tuple[str, ...]
    row_region: str
    subject: str
    tolerance: str
    windows: tuple[tuple[str, str, str], ...]
    orders: tuple[tuple[str, str], ...]

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def has_unit(self) -> bool:
        """Whether its rows name a unit or an enterprise."""
        return self.subject != "region"


@dataclass(frozen=True)
class Parameters:
    """The general scheme's parameters of one region and size. `…_bp`: a share in 1/10000.

    formulas: the layoff formulas that the region uses. fund_regions: the regions whose fund may pay, nearest
    first. rate: the refund rate in 1/10000.
    """

    region_code: str
    size: str
    min_paid_months: int
    back_payment_counts_as_month: bool
    back_payment_earlier_years: bool
    headcount_basis: str
    small_unit_headcount: int | None
    small_unit_cap_bp: int | None
    new_unit_base_month: int | None
    headcount_held_max_drop_bp: int | None
    in_scope_forms: tuple[str, ...]
    by_reference_forms: tuple[str, ...]
    by_reference_size: str
    by_reference_large_headcount: int | None
    abnormal_taxpayer_passes: bool
    finance_section_counts_as_large: bool
    dispatch_counts_as_large: bool
    exclusion_lists: tuple[str, ...]
    fund_min_reserve_months: int | None
    deadline: str
    declared_tolerance_bp: int | None
    formulas: tuple[str, ...]
    cap_bp: int
    cap_is_strict: bool
    rate: int
    lane: str
    fund_regions: tuple[str, ...]


@dataclass(frozen=True)
class Spec:
    """Everything a peer works by. alphabet, weights, heads, provinces: of the credit code (GB 32100-2015)."""

    business_date: str
    extracts: tuple[Extract, ...]
    parameters: tuple[Parameters, ...]
    known_regions: tuple[str, ...]
    alphabet: str
    weights: tuple[int, ...]
    heads: tuple[str, ...]
    provinces: tuple[str, ...]
    threads: int

    @property
    def year(self) -> int:
        """The policy year Y; the premium and the headcounts are of Y-1."""
        return int(self.business_date[:4])

    @property
    def newest_months(self) -> tuple[int, int]:
        """The months (YYYYMM) among which the newest headcount is looked for; in January last December."""
        month = int(self.business_date[5:7])
        if month == 1:
            return ((self.year - 1) * 100 + 12,) * 2
        return self.year * 100 + 1, self.year * 100 + month

    def extract(self, name: str) -> Extract:
        """The extract of that name."""
        return next(extract for extract in self.extracts if extract.name == name)

    def write(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")


def read_spec(path: Path) -> Spec:
    """What `Spec.write` wrote."""
    said = json.loads(path.read_text(encoding="utf-8"))
    extracts = tuple(
        Extract(**_tuples(one) | {"columns": tuple(Column(**_tuples(c)) for c in one["columns"])})
        for one in said["extracts"]
    )
    parameters = tuple(Parameters(**_tuples(one)) for one in said["parameters"])
    return Spec(**_tuples(said) | {"extracts": extracts, "parameters": parameters})


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _tuple(value) for name, value in values.items()}


def _tuple(value: Any) -> Any:
    return tuple(_tuple(one) for one in value) if isinstance(value, list) else value


# --- Files ---


@dataclass(frozen=True)
class Landed:
    """One file and what its manifest promises: rows, and the sum in yuan of the control total's columns."""

    extract: Extract
    region: str
    path: Path
    rows: int
    control_total: Decimal | None

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that a row may name; none: any known one."""
        if self.region == FOR_ALL:
            return ()
        above = (self.region[:4] + "00", self.region[:2] + "0000", FOR_ALL)
        return (self.region, *above) if self.extract.row_region == "upward" else (self.region,)

    def check(self, rows: int, total: Decimal | int | None = None) -> None:
        """End the script unless the file has the rows and the yuan that its manifest promises."""
        if rows != self.rows:
            raise SystemExit(f"{self.path.name}: {self.rows} rows promised, {rows} found")
        if self.extract.control_total and total != self.control_total:
            raise SystemExit(f"{self.path.name}: {self.control_total} yuan promised, {total} found")

    def tolerate(self, rejected: int) -> None:
        """End the script where more rows are rejected than the contract tolerates."""
        if rejected > Decimal(self.extract.tolerance) * self.rows:
            raise SystemExit(f"{self.path.name}: {rejected} of {self.rows} rows are rejected")


def landed(spec: Spec, root: Path) -> list[Landed]:
    """The files of the business date, as CSV, with their manifests, extract by extract."""
    return [
        _landed(extract, manifest)
        for extract in spec.extracts
        for manifest in sorted(
            (root / extract.department / extract.name / spec.business_date).glob("*.manifest.json")
        )
    ]


def _landed(extract: Extract, manifest: Path) -> Landed:
    said = json.loads(manifest.read_text(encoding="utf-8"))
    path = manifest.with_name(manifest.name.replace(".manifest.json", ".csv"))
    total = said.get("control_total")
    return Landed(extract, said["region_code"], path, said["rows"], None if total is None else Decimal(total))


def headers(file: Landed) -> list[str]:
    """The file's columns by the contract's names, in the file's order. Another header ends the script."""
    with file.path.open(encoding=file.extract.encoding, newline="") as lines:
        found = next(csv.reader(lines))
    names = {column.header: column.name for column in file.extract.columns}
    if sorted(found) != sorted(names):
        raise SystemExit(f"{file.path.name}: columns {found}, expected {list(names)}")
    return [names[header] for header in found]


# --- Arguments and results ---


@dataclass(frozen=True)
class Job:
    """What a peer is called with: the work, the landed files, and the folder for its lists."""

    spec: Spec
    files: Sequence[Landed]
    out: Path
    scratch: Path


def job() -> Job:
    """From the command line: `SPEC LANDING OUT SCRATCH`."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    for name in ("spec", "landing", "out", "scratch"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    spec = read_spec(arguments.spec)
    arguments.out.mkdir(parents=True, exist_ok=True)
    return Job(spec, landed(spec, arguments.landing), arguments.out, arguments.scratch)


def read_lists(folder: Path) -> set[tuple[str, str, str, str]]:
    """Every row of every region's list."""
    found = set[tuple[str, str, str, str]]()
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            rows: Iterable[list[str]] = csv.reader(lines)
            if tuple(next(iter(rows), ())) != RESULT:
                raise SystemExit(f"{path}: expected the columns {', '.join(RESULT)}")
            found |= {(row[0], row[1], row[2], f"{Decimal(row[3]):.2f}") for row in rows}
    return found
