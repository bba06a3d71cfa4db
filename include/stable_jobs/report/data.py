"""What the night's validation report says, as plain frozen values: pages and JSON are written from these.

Numbers are counts of rows unless named otherwise; money is yuan. Every text an officer reads is a `Words`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from stable_jobs.report.balance import Reconciliation
from stable_jobs.report.comparison import ComparisonFacts
from stable_jobs.report.doubts import DoubtLine
from stable_jobs.report.parts import Trend, Trouble
from stable_jobs.report.policy import NO_POLICY, PolicyFacts
from stable_jobs.words import Place, Words

ORPHAN_WARNING = Decimal("0.01")
"""Share of a region's accepted rows that match no unit, from which the report warns."""


@dataclass(frozen=True)
class Release:
    """A person let a held delivery through, under one rule."""

    rule_id: str
    reason: str
    released_by: str


@dataclass(frozen=True)
class DeliveryLine:
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
        """What the file is for: a region's code, or `000000`; a line of a file for all names one region."""
        return self.file_name.partition(".")[0]

    def __post_init__(self) -> None:
        if None not in (self.received, self.accepted, self.quarantined):
            assert self.received == (self.accepted or 0) + (self.quarantined or 0), f"{self} loses rows"


@dataclass(frozen=True)
class RegionCount:
    """One rule in one region."""

    place: Place
    evaluated: int
    failed: int
    trend: Trend


@dataclass(frozen=True)
class Sample:
    """One failing row, masked. `values`: (column, header, text; None: empty) of the columns that help."""

    file_name: str
    place: Place
    row: int
    values: tuple[tuple[str, str, str | None], ...]


@dataclass(frozen=True)
class RuleLine:
    """One rule of an extract over all regions. `regions`: where it fails or failed last night."""

    rule_id: str
    severity: str
    scope: str
    sentence: Words
    next_step: Words
    evaluated: int
    failed: int
    regions: tuple[RegionCount, ...]
    trend: Trend
    samples: tuple[Sample, ...]

    @property
    def is_shown(self) -> bool:
        """Whether tonight or the night before has something to say of it."""
        return self.failed > 0 or self.trend.state == "ended"

    @property
    def anchor(self) -> str:
        """Its place on the department's page."""
        return f"rule-{self.rule_id}"


@dataclass(frozen=True)
class OrphanLine:
    """Rows of one extract and region that match no unit. `amount` is None where the extract has no amount."""

    place: Place
    uscc_count: int
    rows: int
    accepted: int
    amount: Decimal | None

    @property
    def is_warning(self) -> bool:
        """From 1 % of the accepted rows on."""
        return self.rows > 0 and self.rows >= ORPHAN_WARNING * self.accepted


@dataclass(frozen=True)
class ExtractReport:
    """One extract of one department: what came, which rules failed, what matches no unit."""

    department: str
    extract: str
    title: Words
    contract_version: str
    deliveries: tuple[DeliveryLine, ...]
    missing: tuple[Place, ...]
    rules: tuple[RuleLine, ...]
    orphans: tuple[OrphanLine, ...]

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
class HeldCause:
    """Why a region is held. `reason`: one of `words.HELD`; `department`: who owes, or `policy`."""

    reason: str
    department: str
    extract: str | None
    title: Words | None
    detail: str
    trouble: Trouble | None
    what: Words
    next_step: Words


@dataclass(frozen=True)
class RegionLine:
    """One region tonight. A region is held if it has a cause; then nothing of it is decided or published.

    `reconciliation` is None where nothing of the region came in.
    """

    place: Place
    causes: tuple[HeldCause, ...]
    reconciliation: Reconciliation | None

    @property
    def is_held(self) -> bool:
        """Whether the region has no decision tonight."""
        return bool(self.causes)


@dataclass(frozen=True)
class OwedItem:
    """One thing somebody owes. `level` is one of `words.LEVEL`; `count` is rows where rows are meant."""

    level: str
    department: str
    extract: str | None
    title: Words | None
    places: tuple[Place, ...]
    what: Words
    trouble: Trouble | None
    next_step: Words
    count: int | None
    anchor: str | None


@dataclass(frozen=True)
class NightReport:
    """Everything the report of one night says. The same values give the same bytes."""

    business_date: date
    is_demo: bool
    versions: tuple[tuple[str, str], ...]
    regions: tuple[RegionLine, ...]
    elsewhere: tuple[RegionLine, ...]
    """Not regions of this night, but rows came in for them: no region (`000000`), or one without units."""
    extracts: tuple[ExtractReport, ...]
    owed: tuple[OwedItem, ...]
    comparison: ComparisonFacts | None = None
    """None: it did not run."""
    doubts: tuple[DoubtLine, ...] = ()
    policy: PolicyFacts = NO_POLICY

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
        """What a department owes, what holds a region first."""
        return tuple(item for item in self.owed if item.department == department)
