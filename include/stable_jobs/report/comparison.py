"""A decision beside the ones before it, for the report: plain frozen values, counted in the engine.

Rows are of units and schemes; yuan are of what is to be paid: payable of the scheme that is taken.
Only sums and ten rows leave the engine.
"""

# ruff: noqa: S608 - every path in SQL goes through read_parquet_sql

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, TypeAdapter

from stable_jobs.messages.decision import REASON
from stable_jobs.report.parts import Filed, place_of
from stable_jobs.store.engine import Computing, read_parquet_sql
from stable_jobs.words import Place, Words

if TYPE_CHECKING:
    import duckdb

KINDS = ("appeared", "gone", "changed")
ZERO = Decimal("0.00")
SUMS = (*KINDS, "payable_before", "payable_after", "payable_difference")
LARGEST = 10
Names = Mapping[str, Words]


@dataclass(frozen=True)
class KindLine:
    """One kind of change: rows, and yuan on both sides."""

    kind: str
    rows: int
    payable_before: Decimal
    payable_after: Decimal

    def rows_of(self, kind: str) -> int:
        """All its rows, or none."""
        return self.rows if kind == self.kind else 0


class Sums(Filed):
    """Rows and yuan of what differs, added up over `counted`: lines of one kind, or regions."""

    @property
    def counted(self) -> Sequence[KindLine | Sums]:
        """The lines that are added up."""
        raise NotImplementedError

    @property
    def kinds(self) -> tuple[tuple[str, int], ...]:
        """Rows of every kind, in their order."""
        return tuple((kind, self.rows_of(kind)) for kind in KINDS)

    @property
    def appeared(self) -> int:
        """Rows that there were not before."""
        return self.rows_of("appeared")

    @property
    def gone(self) -> int:
        """Rows that there are no more."""
        return self.rows_of("gone")

    @property
    def changed(self) -> int:
        """Rows on both sides with other values."""
        return self.rows_of("changed")

    def rows_of(self, kind: str) -> int:
        """Rows of one kind."""
        return sum(one.rows_of(kind) for one in self.counted)

    @property
    def rows(self) -> int:
        """All rows that differ."""
        return sum(one.rows for one in self.counted)

    @property
    def payable_before(self) -> Decimal:
        """Yuan of the rows that differ, as they were."""
        return sum((one.payable_before for one in self.counted), ZERO)

    @property
    def payable_after(self) -> Decimal:
        """Yuan of the rows that differ, as they are."""
        return sum((one.payable_after for one in self.counted), ZERO)

    @property
    def payable_difference(self) -> Decimal:
        """Yuan more, or below 0 less: what the total differs by."""
        return self.payable_after - self.payable_before


@dataclass(frozen=True)
class RegionChanges(Sums):
    """The changes in one region; kinds that do not occur have no line.

    A region that was decided on one side only was held on the other, or is new: all its rows appear or go.
    """

    DERIVED: ClassVar = {"is_decided_after": SUMS}
    place: Place
    is_decided_before: bool
    is_decided_after: bool
    lines: Annotated[tuple[KindLine, ...], Field(alias="kinds")]

    @property
    def counted(self) -> tuple[KindLine, ...]:
        """Its lines."""
        return self.lines

    @property
    def sides(self) -> str | None:
        """The word of `words.ONE_SIDED` for the region; None if both sides were decided."""
        if self.is_decided_before and self.is_decided_after:
            return None
        return "only_before" if self.is_decided_before else "only_after"


@dataclass(frozen=True)
class ReasonChange:
    """How many rows have a reason now that had not before, and the other way round."""

    reason: str
    what: Words
    gained: int
    lost: int


@dataclass(frozen=True)
class LargestChange(Filed):
    """One row whose yuan differ much. A side is None where the row is missing or nothing is to be paid."""

    DERIVED: ClassVar = {"payable_after": ("payable_difference",)}
    place: Place
    uscc: str
    unit_name: str | None
    scheme: str
    kind: str
    decision_before: str | None
    decision_after: str | None
    payable_before: Decimal | None
    payable_after: Decimal | None

    @property
    def payable_difference(self) -> Decimal:
        """Yuan more, or below 0 less."""
        return (self.payable_after or ZERO) - (self.payable_before or ZERO)


@dataclass(frozen=True)
class Baseline(Sums):
    """A decision against an earlier one, of `business_date`. `largest`: most yuan first."""

    DERIVED: ClassVar = {"business_date": SUMS}
    business_date: date
    regions: tuple[RegionChanges, ...]
    reasons: tuple[ReasonChange, ...]
    largest: tuple[LargestChange, ...]

    @property
    def counted(self) -> tuple[RegionChanges, ...]:
        """Its regions."""
        return self.regions


@dataclass(frozen=True)
class ComparisonFacts:
    """A night beside the newest earlier business date, and beside what was decided of its own date before.

    None where there is nothing to compare with.
    """

    night_before: Baseline | None
    earlier_decision: Baseline | None

    @property
    def baselines(self) -> Mapping[str, Baseline]:
        """Those that exist, by name."""
        return {name: found for name, found in vars(self).items() if found is not None}


def comparison_json(facts: ComparisonFacts) -> dict[str, object]:
    """Plain JSON values: money as decimal strings, dates as ISO. The same in manifest and report."""
    said: dict[str, object] = _adapter().dump_python(facts, mode="json", by_alias=True)
    return said


def comparison_from_json(document: object) -> ComparisonFacts:
    """The comparison that `comparison_json` wrote. ValueError for any other document."""
    return _adapter().validate_python(document)


@cache
def _adapter() -> TypeAdapter[ComparisonFacts]:
    return TypeAdapter(ComparisonFacts)


@dataclass(frozen=True)
class Differences:
    """Parquet files: the rows that differ (`compare.changes`), and their sums (`compare.summary`)."""

    rows: Path
    sums: Path


def write_differences(computing: Computing, before: str, after: str, stem: Path) -> Differences:
    """Compare two eligibility tables (Parquet paths) into `<stem>_rows.parquet` and `<stem>_sums.parquet`."""
    from stable_jobs.compare import changes, summary

    backend = computing.backend
    found = Differences(*(stem.with_name(f"{stem.name}_{what}.parquet") for what in ("rows", "sums")))
    changes(backend.read_parquet(before), backend.read_parquet(after)).to_parquet(str(found.rows))
    summary(backend.read_parquet(str(found.rows))).to_parquet(str(found.sums))
    return found


def baseline_figures(
    con: duckdb.DuckDBPyConnection,
    business_date: date,
    before: str,
    after: str,
    found: Differences,
    names: Names,
) -> Baseline:
    """The report's figures of a comparison with an earlier decision of `business_date`."""
    return Baseline(
        business_date=business_date,
        regions=_regions(con, _codes(con, before), _codes(con, after), found, names),
        reasons=_reasons(con, found),
        largest=_largest(con, found, names),
    )


def _regions(
    con: duckdb.DuckDBPyConnection, before: set[str], after: set[str], found: Differences, names: Names
) -> tuple[RegionChanges, ...]:
    lines = defaultdict(list)
    sums = read_parquet_sql([str(found.sums)])
    asked = f"SELECT region_code, change, rows, payable_before, payable_after FROM {sums} ORDER BY ALL"
    for code, *line in con.execute(asked).fetchall():
        lines[code].append(KindLine(*line))
    return tuple(
        RegionChanges(place_of(code, names), code in before, code in after, tuple(of))
        for code, of in lines.items()
    )


def _codes(con: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    """The regions that have rows."""
    found = con.execute(f"SELECT DISTINCT region_code FROM {read_parquet_sql([table])}")
    return {code for (code,) in found.fetchall()}


def _reasons(con: duckdb.DuckDBPyConnection, found: Differences) -> tuple[ReasonChange, ...]:
    """Reasons by how many rows have them now and not before, or the other way round; most first.

    A row that is missing on a side has no reasons there.
    """
    new, old = (
        "list_filter(b, lambda r: NOT list_contains(a, r))",
        "list_filter(a, lambda r: NOT list_contains(b, r))",
    )
    asked = f"""
        WITH sides AS (
            SELECT string_split(coalesce(reasons_before, ''), ';') AS a,
                   string_split(coalesce(reasons_after, ''), ';') AS b
            FROM {read_parquet_sql([str(found.rows)])}
        ), moved AS (
            SELECT unnest({new}) AS reason, 1 AS gained, 0 AS lost FROM sides
            UNION ALL SELECT unnest({old}), 0, 1 FROM sides
        )
        SELECT reason, sum(gained)::BIGINT, sum(lost)::BIGINT FROM moved WHERE reason <> ''
        GROUP BY reason ORDER BY count(*) DESC, reason
    """
    return tuple(ReasonChange(code, reason_sentence(code), *n) for code, *n in con.execute(asked).fetchall())


def reason_sentence(code: str) -> Words:
    """An earlier night may have a reason that the code no longer knows: it is its own sentence."""
    return REASON.get(code) or Words(code, code)


def _largest(con: duckdb.DuckDBPyConnection, found: Differences, names: Names) -> tuple[LargestChange, ...]:
    """The rows with the most yuan of difference, up or down."""
    asked = con.execute(f"""
        SELECT region_code, uscc, unit_name, scheme, change AS kind, decision_before, decision_after,
               CASE WHEN is_taken_before THEN payable_before END AS payable_before,
               CASE WHEN is_taken_after THEN payable_after END AS payable_after
        FROM {read_parquet_sql([str(found.rows)])} WHERE payable_difference <> 0
        ORDER BY abs(payable_difference) DESC, region_code, uscc, scheme LIMIT {LARGEST}
    """)
    columns = [column[0] for column in asked.description or ()]
    rows = [dict(zip(columns, row, strict=True)) for row in asked.fetchall()]
    return tuple(_large(row, names) for row in rows)


def _large(row: dict[str, Any], names: Names) -> LargestChange:
    return LargestChange(place=place_of(row.pop("region_code"), names), **row)
