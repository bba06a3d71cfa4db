"""A decision beside the ones before it, for the report: plain frozen values, and their JSON both ways.

Rows are of units and schemes; yuan are of what is to be paid: payable of the scheme that is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from stable_jobs.words import Json, Place, Words, place_from_json, place_json, words_json

KINDS = ("appeared", "gone", "changed")
ZERO = Decimal("0.00")


@dataclass(frozen=True)
class KindLine:
    """One kind of change: rows, and yuan on both sides."""

    kind: str
    rows: int
    payable_before: Decimal
    payable_after: Decimal


@dataclass(frozen=True)
class RegionChanges:
    """What changed in one region; kinds that do not occur have no line.

    A region that was decided on one side only was held on the other, or is new: all its rows appear or go.
    """

    place: Place
    lines: tuple[KindLine, ...]
    is_decided_before: bool
    is_decided_after: bool

    @property
    def sides(self) -> str | None:
        """Which of `words.ONE_SIDED` is to be said; None where both sides were decided."""
        if self.is_decided_before and self.is_decided_after:
            return None
        return "only_before" if self.is_decided_before else "only_after"

    @property
    def kinds(self) -> tuple[tuple[str, int], ...]:
        """Rows of every kind, in their order."""
        return tuple((kind, sum(n.rows for n in self.lines if n.kind == kind)) for kind in KINDS)

    @property
    def payable_before(self) -> Decimal:
        """Yuan of the rows that differ, as they were."""
        return sum((line.payable_before for line in self.lines), ZERO)

    @property
    def payable_after(self) -> Decimal:
        """Yuan of the rows that differ, as they are."""
        return sum((line.payable_after for line in self.lines), ZERO)

    @property
    def payable_difference(self) -> Decimal:
        """Yuan more, or below 0 less."""
        return self.payable_after - self.payable_before


@dataclass(frozen=True)
class ReasonChange:
    """How many rows have a reason now that had not before, and the other way round."""

    reason: str
    what: Words
    gained: int
    lost: int


@dataclass(frozen=True)
class LargestChange:
    """One row whose yuan differ much. A side is None where the row is missing or nothing is to be paid."""

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
class Baseline:
    """A decision against an earlier one, of `business_date`. `largest`: most yuan first."""

    business_date: date
    regions: tuple[RegionChanges, ...]
    reasons: tuple[ReasonChange, ...]
    largest: tuple[LargestChange, ...]

    @property
    def kinds(self) -> tuple[tuple[str, int], ...]:
        """Rows of every kind over all regions."""
        return tuple((kind, sum(dict(r.kinds)[kind] for r in self.regions)) for kind in KINDS)

    @property
    def rows(self) -> int:
        """All rows that differ."""
        return sum(rows for _, rows in self.kinds)

    @property
    def payable_before(self) -> Decimal:
        """Yuan of the rows that differ, as they were."""
        return sum((region.payable_before for region in self.regions), ZERO)

    @property
    def payable_after(self) -> Decimal:
        """Yuan of the rows that differ, as they are."""
        return sum((region.payable_after for region in self.regions), ZERO)

    @property
    def payable_difference(self) -> Decimal:
        """What the night's total differs by."""
        return self.payable_after - self.payable_before


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


def comparison_json(facts: ComparisonFacts) -> Json:
    """Plain JSON values: money as decimal strings, dates as ISO. The same in manifest and report."""
    return {name: None if found is None else _baseline(found) for name, found in vars(facts).items()}


def comparison_from_json(document: Mapping[str, Any]) -> ComparisonFacts:
    """What `comparison_json` made. KeyError, TypeError, ValueError or ArithmeticError for anything else."""
    names = ("night_before", "earlier_decision")
    return ComparisonFacts(**{name: _read(document[name]) for name in names})


def _baseline(found: Baseline) -> Json:
    return {
        "business_date": found.business_date.isoformat(),
        **dict(found.kinds),
        **_yuan(found),
        "regions": [_region(region) for region in found.regions],
        "reasons": [{**vars(one), "what": words_json(one.what)} for one in found.reasons],
        "largest": [_row(row) for row in found.largest],
    }


def _region(region: RegionChanges) -> Json:
    return {
        **place_json(region.place),
        "is_decided_before": region.is_decided_before,
        "is_decided_after": region.is_decided_after,
        **dict(region.kinds),
        **_yuan(region),
        "kinds": [
            {k: str(v) if isinstance(v, Decimal) else v for k, v in vars(n).items()} for n in region.lines
        ],
    }


def _yuan(of: Baseline | RegionChanges) -> Json:
    names = ("payable_before", "payable_after", "payable_difference")
    return {name: str(getattr(of, name)) for name in names}


def _row(row: LargestChange) -> Json:
    plain = {k: str(v) if isinstance(v, Decimal) else v for k, v in vars(row).items() if k != "place"}
    return {**place_json(row.place), **plain, "payable_difference": str(row.payable_difference)}


def _read(document: Mapping[str, Any] | None) -> Baseline | None:
    if document is None:
        return None
    return Baseline(
        business_date=date.fromisoformat(document["business_date"]),
        regions=tuple(_read_region(one) for one in document["regions"]),
        reasons=tuple(ReasonChange(**{**one, "what": Words(**one["what"])}) for one in document["reasons"]),
        largest=tuple(_read_row(one) for one in document["largest"]),
    )


def _read_region(one: Mapping[str, Any]) -> RegionChanges:
    lines = tuple(
        KindLine(n["kind"], n["rows"], Decimal(n["payable_before"]), Decimal(n["payable_after"]))
        for n in one["kinds"]
    )
    return RegionChanges(place_from_json(one), lines, one["is_decided_before"], one["is_decided_after"])


def _read_row(one: Mapping[str, Any]) -> LargestChange:
    names = ("uscc", "unit_name", "scheme", "kind", "decision_before", "decision_after")
    before, after = (
        None if one[side] is None else Decimal(one[side]) for side in ("payable_before", "payable_after")
    )
    plain = {name: one[name] for name in names}
    return LargestChange(place_from_json(one), **plain, payable_before=before, payable_after=after)
