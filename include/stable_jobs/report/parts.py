"""The small values that every part of the report is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from stable_jobs.words import Words


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a delivery, in both languages where both are known.

    `rule_id` is a rule of the contract or a reason of intake; `row` is the 1-based data row.
    """

    rule_id: str
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


@dataclass(frozen=True)
class Trend:
    """The nights on record, oldest first, tonight last. A night counts if the extract was validated then."""

    nights: tuple[NightCount, ...]

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
