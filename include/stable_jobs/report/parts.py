"""The small values that every part of the report is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

Json = dict[str, object]


@dataclass(frozen=True)
class Words:
    """One sentence in both languages."""

    zh: str
    en: str

    def of(self, language: str) -> str:
        """That of `zh` or `en`."""
        return self.zh if language == "zh" else self.en

    @property
    def both(self) -> str:
        """The one after the other, where both stand in one line."""
        return f"{self.zh} {self.en}"


@dataclass(frozen=True)
class Place:
    """A region and its name."""

    code: str
    name: Words


def words_json(words: Words) -> Json:
    """Both languages by name."""
    return {"zh": words.zh, "en": words.en}


def place_json(place: Place) -> Json:
    """A region's code and name."""
    return {"region_code": place.code, "name": words_json(place.name)}


def place_from_json(one: Mapping[str, Any]) -> Place:
    """What `place_json` made."""
    return Place(one["region_code"], Words(**one["name"]))


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
