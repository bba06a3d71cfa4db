"""The night as one value: pages are written from it, and `validation.json`, from which it is read again.

Numbers are counts of rows unless named otherwise; money is yuan. Every text an officer reads is a `Words`.

The file is of format 1. Money and shares are decimal strings (yuan; shares to six places, half-up, null
without a whole), dates are ISO, texts are `{"zh", "en"}`. Data values stand as sent; a half surrogate is a
`\\u` escape. `comparison` is null where it did not run. `policy`: what people are to look at before money
moves. Its keys are the fields below in their order, and the properties that a class names in `DERIVED`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, TypeAdapter, ValidationError, model_validator

from stable_jobs.errors import UsageError
from stable_jobs.report.comparison import ComparisonFacts
from stable_jobs.report.parts import (
    NO_POLICY,
    DoubtLine,
    Filed,
    PolicyFacts,
    Reconciliation,
    Trend,
    Trouble,
)
from stable_jobs.words import Place, Words

FORMAT: Final = 1

ORPHAN_WARNING = Decimal("0.01")
"""Share of a region's accepted rows that match no unit, from which the report warns."""


def share(part: int, whole: int) -> str | None:
    """`3 of 400` → `"0.007500"`; None without a whole."""
    if whole == 0:
        return None
    return str((Decimal(part) / whole).quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP))


@dataclass(frozen=True)
class Release:
    """A person let a held delivery through, under one rule."""

    rule_id: str
    reason: str
    released_by: str


@dataclass(frozen=True)
class DeliveryLine(Filed):
    """One delivery in one region. Received = accepted + quarantined, or none of them is known.

    `business_date` is that of the delivery: earlier than the report's for a stand-in. `status` is one of
    `words.STATUS`. `trouble` says why it is held or refused.
    """

    file_name: str
    place: Place
    business_date: date
    sequence: int
    sha256: str
    status: str
    received: int | None
    accepted: int | None
    quarantined: int | None
    trouble: Trouble | None
    release: Release | None

    @property
    def slot(self) -> str:
        """The file's region: a code, or `000000`; a line of a file for all names one region."""
        return self.file_name.partition(".")[0]

    def __post_init__(self) -> None:
        if None not in (self.received, self.accepted, self.quarantined):
            assert self.received == (self.accepted or 0) + (self.quarantined or 0), f"{self} loses rows"


@dataclass(frozen=True)
class RegionCount(Filed):
    """One rule in one region."""

    DERIVED: ClassVar = {"failed": ("share",)}
    place: Place
    evaluated: int
    failed: int
    trend: Trend

    @property
    def share(self) -> str | None:
        """Of the rows that the rule looked at, those that broke it."""
        return share(self.failed, self.evaluated)


def _texts(values: Iterable[tuple[str, str, str | None]]) -> dict[str, str | None]:
    return {column: text for column, _, text in values}


@dataclass(frozen=True)
class Sample(Filed):
    """One failing row, masked. `values`: (column, header, text; None: empty) of the columns that help."""

    DERIVED: ClassVar = {"values": ("headers",)}
    file_name: str
    place: Place
    row: int
    values: Annotated[tuple[tuple[str, str, str | None], ...], PlainSerializer(_texts)]

    @property
    def headers(self) -> dict[str, str]:
        """Column → its header in Chinese."""
        return {column: header for column, header, _ in self.values}

    @model_validator(mode="before")
    @classmethod
    def _values(cls, said: object) -> object:
        """The file has texts and headers apart, both by column."""
        if not isinstance(said, dict):
            return said
        texts, headers = said["values"], said["headers"]
        return {**said, "values": [(column, headers[column], text) for column, text in texts.items()]}


@dataclass(frozen=True)
class RuleLine(Filed):
    """One rule of an extract over all regions. `regions`: where it fails or failed last night."""

    DERIVED: ClassVar = {"failed": ("share",)}
    rule_id: Annotated[str, Field(alias="id")]
    severity: str
    scope: str
    sentence: Words
    next_step: Words
    evaluated: int
    failed: int
    trend: Trend
    regions: tuple[RegionCount, ...]
    samples: tuple[Sample, ...]

    @property
    def share(self) -> str | None:
        """Of the rows that the rule looked at, those that broke it."""
        return share(self.failed, self.evaluated)

    @property
    def is_shown(self) -> bool:
        """Whether tonight or the night before has something to say of it."""
        return self.failed > 0 or self.trend.state == "ended"

    @property
    def anchor(self) -> str:
        """Its place on the department's page."""
        return f"rule-{self.rule_id}"


@dataclass(frozen=True)
class OrphanLine(Filed):
    """Rows of one extract and region that match no unit. `amount` is None where the extract has no amount."""

    DERIVED: ClassVar = {"accepted": ("share",), "amount": ("is_warning",)}
    place: Place
    uscc_count: int
    rows: int
    accepted: int
    amount: Decimal | None

    @property
    def share(self) -> str | None:
        """Of the accepted rows, those that match no unit."""
        return share(self.rows, self.accepted)

    @property
    def is_warning(self) -> bool:
        """From 1 % of the accepted rows on."""
        return self.rows > 0 and self.rows >= ORPHAN_WARNING * self.accepted


@dataclass(frozen=True)
class ExtractReport(Filed):
    """One extract of one department: its deliveries, the rules that failed, the rows that match no unit."""

    DERIVED: ClassVar = {"contract_version": ("received", "accepted", "quarantined", "missing")}
    department: str
    extract: str
    title: Words
    contract_version: str
    missing_places: tuple[Place, ...]
    deliveries: tuple[DeliveryLine, ...]
    rules: tuple[RuleLine, ...]
    orphans: tuple[OrphanLine, ...]

    @property
    def missing(self) -> list[str]:
        """The codes of the regions whose delivery is missing."""
        return [place.code for place in self.missing_places]

    @property
    def received(self) -> int:
        """Rows of the deliveries of this night that were validated."""
        return sum(d.received or 0 for d in self.validated)

    @property
    def accepted(self) -> int:
        """Rows that go on to the facts, unless their delivery is held."""
        return sum(d.accepted or 0 for d in self.validated)

    @property
    def quarantined(self) -> int:
        """Rows that broke a critical rule."""
        return sum(d.quarantined or 0 for d in self.validated)

    @property
    def validated(self) -> tuple[DeliveryLine, ...]:
        """This night's deliveries with an outcome; stand-ins were counted on their own night."""
        return tuple(d for d in self.deliveries if d.received is not None and d.status != "stand_in")


@dataclass(frozen=True)
class SuspensionCause:
    """One reason why a region is held: one of `words.HELD`; `department`: the one that owes, or `policy`."""

    reason: str
    department: str
    extract: str | None
    title: Words | None
    what: Words
    detail: str
    trouble: Trouble | None
    next_step: Words


@dataclass(frozen=True)
class RegionLine(Filed):
    """One region tonight. A region is held if it has a cause; then nothing of it is decided or published.

    `reconciliation` is None where nothing of the region came in.
    """

    DERIVED: ClassVar = {"place": ("is_held",)}
    place: Place
    causes: tuple[SuspensionCause, ...]
    reconciliation: Reconciliation | None

    @property
    def is_held(self) -> bool:
        """Whether the region has no decision tonight."""
        return bool(self.causes)


@dataclass(frozen=True)
class OwedItem(Filed):
    """One thing somebody owes. `level` is one of `words.LEVEL`; `count` is rows where rows are meant."""

    DERIVED: ClassVar = {"title": ("regions",)}
    level: str
    department: str
    extract: str | None
    title: Words | None
    places: tuple[Place, ...]
    what: Words
    trouble: Trouble | None
    count: Annotated[int | None, Field(alias="rows")]
    next_step: Words
    anchor: str | None

    @property
    def regions(self) -> list[str]:
        """The codes of its places."""
        return [place.code for place in self.places]


def _pairs(said: object) -> object:
    if not isinstance(said, dict):
        raise ValueError("expected an object of names and versions")
    return tuple(said.items())


@dataclass(frozen=True, kw_only=True)
class NightReport:
    """Everything the report of one night says. The same values give the same bytes."""

    format: Literal[1] = FORMAT
    business_date: date
    is_demo: bool
    versions: Annotated[tuple[tuple[str, str], ...], BeforeValidator(_pairs), PlainSerializer(dict)]
    regions: tuple[RegionLine, ...]
    elsewhere: tuple[RegionLine, ...]
    """Not regions of this night, but rows came in for them: no region (`000000`), or one without units."""
    comparison: ComparisonFacts | None = None
    """None: it did not run."""
    doubts: tuple[DoubtLine, ...] = ()
    policy: PolicyFacts = NO_POLICY
    owed: tuple[OwedItem, ...]
    extracts: tuple[ExtractReport, ...]

    @property
    def held(self) -> tuple[RegionLine, ...]:
        """The regions without a decision tonight."""
        return tuple(r for r in self.regions if r.is_held)

    @property
    def balances(self) -> tuple[tuple[Place, Reconciliation], ...]:
        """Every reconciliation line there is."""
        lines = (*self.regions, *self.elsewhere)
        return tuple((r.place, r.reconciliation) for r in lines if r.reconciliation)

    def of_department(self, department: str) -> tuple[ExtractReport, ...]:
        """A department's extracts."""
        return tuple(e for e in self.extracts if e.department == department)

    def owed_by(self, department: str) -> tuple[OwedItem, ...]:
        """The items that a department owes; those that hold a region come first."""
        return tuple(item for item in self.owed if item.department == department)


def report_json(report: NightReport) -> bytes:
    """The whole report as UTF-8 JSON, keys in reading order."""
    document = _adapter().dump_python(report, mode="json", by_alias=True)
    text = json.dumps(document, ensure_ascii=False, indent=1)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def read_report(content: bytes) -> NightReport:
    """The report that `report_json` wrote, for the review pages.

    UsageError for any other content: also for a file of an earlier version, which lacks values that the pages
    need.
    """
    try:
        return _adapter().validate_python(json.loads(content))
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        wrong = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as problem:
        wrong = repr(problem)
    raise UsageError(
        f"the night's validation.json is not as this version writes it ({wrong}): "
        "publish the night again (`stable-jobs night --date …`); nothing of it is lost"
    )


@cache
def _adapter() -> TypeAdapter[NightReport]:
    return TypeAdapter(NightReport)
