"""The small values that every part of the report is made of, and how it names places and rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from stable_jobs.contracts.model import Contract
from stable_jobs.messages import words_of
from stable_jobs.money import share
from stable_jobs.regions import NATION
from stable_jobs.rendering.text import count
from stable_jobs.words import Place, Words

# --- Parts ---
# Files are written and read by pydantic: the fields of a dataclass in their order, by their alias where one
# is given. Money is a decimal string in yuan, dates are ISO.


class Filed:
    """A value whose entry in the file has more keys than the dataclass has fields.

    A field `place` stands there as `region_code` and `name`. Reading leaves what is derived aside.
    """

    DERIVED: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Key of the file → properties that stand after it; '' → those that come first."""

    @model_serializer(mode="wrap")
    def _filed(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        said = self._derived("")
        for key, value in write(self).items():
            said |= value if key == "place" else {key: value}
            said |= self._derived(key)
        return said

    def _derived(self, key: str) -> dict[str, object]:
        found = {name: getattr(self, name) for name in self.DERIVED.get(key, ())}
        return {name: str(v) if isinstance(v, Decimal) else v for name, v in found.items()}

    @model_validator(mode="before")
    @classmethod
    def _place(cls, said: object) -> object:
        """The entry itself has the place's keys."""
        has_place = "place" in cls.__dataclass_fields__  # type: ignore[attr-defined]
        return {**said, "place": said} if has_place and isinstance(said, dict) else said


@dataclass(frozen=True)
class Trouble:
    """A fault of a delivery, in both languages if both are known.

    `rule_id` is a rule of the contract or a reason of intake; `row` is the 1-based data row.
    """

    rule_id: Annotated[str, Field(alias="rule")]
    what: Words
    expected: Words | None
    found: Words
    next_step: Words
    row: int | None = None
    column: str | None = None


@dataclass(frozen=True)
class NightCount:
    """How often a rule failed in one night."""

    business_date: date
    failed: int


def _by_date(nights: Iterable[NightCount]) -> dict[str, int]:
    return {night.business_date.isoformat(): night.failed for night in nights}


def _nights(said: object) -> object:
    """Of what `_by_date` made."""
    if not isinstance(said, dict):
        return said
    return [{"business_date": on, "failed": failed} for on, failed in said.items()]


@dataclass(frozen=True)
class Trend(Filed):
    """The nights on record, oldest first, tonight last. A night counts if the extract was validated then."""

    DERIVED: ClassVar = {"": ("state", "nights_failing")}
    nights: Annotated[
        tuple[NightCount, ...], Field(min_length=1), BeforeValidator(_nights), PlainSerializer(_by_date)
    ]

    @property
    def counts(self) -> tuple[int, ...]:
        """Failures per night."""
        return tuple(night.failed for night in self.nights)

    @property
    def nights_failing(self) -> int:
        """How many nights on end the rule has failed, tonight included; 0 if it passes tonight."""
        passed = [i for i, n in enumerate(reversed(self.counts)) if n == 0]
        return passed[0] if passed else len(self.counts)

    @property
    def state(self) -> str:
        """`clean`, `ended` (failed last night), `first` (nothing before), `new`, `failing` or `always`."""
        if self.counts[-1] == 0:
            return "ended" if len(self.counts) > 1 and self.counts[-2] > 0 else "clean"
        if len(self.counts) == 1:
            return "first"
        if self.nights_failing == 1:
            return "new"
        return "always" if self.nights_failing == len(self.counts) else "failing"


@dataclass(frozen=True)
class Reconciliation:
    """One region's line: units in = the five counts below; premium in = the six amounts below (yuan).

    `units_held` are the readable units of a held region, about which nothing is decided.
    """

    units_in: int
    units_eligible: int
    units_ineligible: int
    units_undecided: int
    units_quarantined: int
    units_held: int
    premium_in: Decimal
    premium_base: Decimal
    premium_late_fee: Decimal
    premium_outside_year: Decimal
    premium_earlier_back_payment: Decimal
    premium_orphan: Decimal
    premium_quarantined: Decimal

    def __post_init__(self) -> None:
        assert self.units_in == sum(n for _, n in self.units), f"units do not reconcile: {self}"
        assert self.premium_in == sum(n for _, n in self.premium), f"premium does not reconcile: {self}"

    @property
    def units(self) -> tuple[tuple[str, int], ...]:
        """The parts of `units_in`, by their code in `words.SEGMENT`."""
        codes = ("eligible", "ineligible", "undecided", "held", "quarantined")
        return tuple((code, getattr(self, f"units_{code}")) for code in codes)

    STAGES: ClassVar = ("units_in", "readable", "decided", "eligible")

    @property
    def stages(self) -> tuple[tuple[str, int], ...]:
        """The units that are left after each step."""
        readable = self.units_in - self.units_quarantined
        decided = readable - self.units_held - self.units_undecided
        left = (self.units_in, readable, decided, self.units_eligible)
        return tuple(zip(self.STAGES, left, strict=True))

    @property
    def premium(self) -> tuple[tuple[str, Decimal], ...]:
        """The parts of `premium_in`, by their code in `words.SEGMENT`."""
        codes = ("base", "late_fee", "outside_year", "earlier_back_payment", "orphan", "quarantined")
        return tuple((code, getattr(self, f"premium_{code}")) for code in codes)


def totals(lines: Iterable[Reconciliation]) -> Reconciliation | None:
    """All regions' lines added up; None without lines."""
    rows = [vars(line) for line in lines]
    if not rows:
        return None
    return Reconciliation(**{name: sum(row[name] for row in rows) for name in rows[0]})


@dataclass(frozen=True)
class DoubtLine(Filed):
    """How many doubts of a kind waited for a ruling in a region. kind: of `ledger.rulings.DOUBT_KINDS`, or
    `disagreement`: units for which decision and ledger count different amounts."""

    place: Place
    kind: str
    count: int


@dataclass(frozen=True)
class PolicyLine:
    """One value of a region that is not what was confirmed before. old, new: empty where it is not set.

    confirmed_by: empty if it is not confirmed; then the region's money waits.
    """

    place: Place
    name: str
    old: str
    new: str
    old_reference: str
    new_reference: str
    first_night: date
    proposed_by: str
    confirmed_by: str


@dataclass(frozen=True)
class TotalLine:
    """A region's total beyond the factor of its last night's. ruled_by: empty where no person has ruled."""

    place: Place
    total: Decimal
    factor: Decimal
    last_date: date
    last_total: Decimal
    ruled_by: str


@dataclass(frozen=True)
class PolicyFacts:
    """The changes that people must look at before money moves; on most nights there are none."""

    changes: tuple[PolicyLine, ...] = ()
    totals: tuple[TotalLine, ...] = ()

    @property
    def stopped(self) -> tuple[Place, ...]:
        """Regions whose money waits for people, by code."""
        waiting = [one.place for one in self.changes if not one.confirmed_by]
        waiting += [one.place for one in self.totals if not one.ruled_by]
        return tuple(sorted(dict.fromkeys(waiting), key=lambda place: place.code))


NO_POLICY = PolicyFacts()
"""As on most nights."""


# --- Places and rows in words ---
# Places with their names in both languages, and a delivery's rows in words.


def place_of(code: str, names: Mapping[str, Words]) -> Place:
    """A region with its name. A region that no policy names is called unknown, not left out."""
    if code in names and code != NATION:
        return Place(code, names[code])
    return Place(code, words_of("place", "none" if code == NATION else "unknown"))


def slot_of(code: str, names: Mapping[str, Words]) -> Place:
    """The same for a delivery's slot: `000000` is a file for all regions."""
    return Place(code, words_of("place", "all")) if code == NATION else place_of(code, names)


def expected_of(rule_id: str, agreed: Contract, detail: Mapping[str, Any]) -> Words | None:
    """How many rows a delivery of that size may have, by the contract as it holds for who sent it.

    detail: `rows`, `previous_rows`, as an outcome keeps them. None for a rule that is not about rows.
    """
    rows, previous = detail.get("rows"), detail.get("previous_rows")
    what = rule_id.removeprefix(f"{agreed.extract}.rows.")
    if what == "tolerance" and rows is not None:
        most = int(agreed.tolerance * rows)
        return _said("most_quarantined", share=share(agreed.tolerance), most=count(most), rows=count(rows))
    if what == "drop" and previous is not None and agreed.largest_drop is not None:
        fewest = int(previous * (1 - agreed.largest_drop)) + 1
        drop, before = share(agreed.largest_drop), count(previous)
        return _said("fewest_rows", share=drop, fewest=count(fewest), previous_rows=before)
    return None


def measured(detail: Mapping[str, Any]) -> Words:
    """The rows of a held delivery, as an outcome keeps them: received, quarantined, last accepted."""
    none = words_of("measure", "none")
    values = {name: detail.get(name) for name in ("rows", "quarantined", "previous_rows")}
    return _said("rows", **{name: none if n is None else count(n) for name, n in values.items()})


def _said(code: str, **values: str | Words) -> Words:
    template = words_of("measure", code)
    zh, en = ({k: _in(v, language) for k, v in values.items()} for language in ("zh", "en"))
    return Words(zh=template.zh % zh, en=template.en % en)


def _in(value: str | Words, language: str) -> str:
    return value if isinstance(value, str) else value.of(language)
