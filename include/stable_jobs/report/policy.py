"""Changed values that money rests on, and totals beyond their factor: plain values, and their JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from stable_jobs.words import Json, Place, place_from_json, place_json


@dataclass(frozen=True)
class PolicyLine:
    """One value of a region that is not what was confirmed before. old, new: empty where it is not set.

    confirmed_by: empty where nobody has: then the region's money stands still.
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
    """What people are to look at before money moves; nothing on most nights."""

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


def policy_json(facts: PolicyFacts) -> Json:
    """Plain JSON values: money and factors as decimal strings, dates as ISO."""
    return {
        "changes": [_plain(one) for one in facts.changes],
        "totals": [_plain(one) for one in facts.totals],
    }


def policy_from_json(document: Mapping[str, Any] | None) -> PolicyFacts:
    """What `policy_json` made; a report of an earlier version has none."""
    if document is None:
        return NO_POLICY
    return PolicyFacts(
        changes=tuple(_change(one) for one in document["changes"]),
        totals=tuple(_total(one) for one in document["totals"]),
    )


def _plain(one: PolicyLine | TotalLine) -> Json:
    values = {name: value for name, value in vars(one).items() if name != "place"}
    return {"place": place_json(one.place), **{name: str(value) for name, value in values.items()}}


def _change(one: Mapping[str, Any]) -> PolicyLine:
    names = ("name", "old", "new", "old_reference", "new_reference", "proposed_by", "confirmed_by")
    first = date.fromisoformat(one["first_night"])
    return PolicyLine(
        place=place_from_json(one["place"]), first_night=first, **{name: one[name] for name in names}
    )


def _total(one: Mapping[str, Any]) -> TotalLine:
    return TotalLine(
        place=place_from_json(one["place"]),
        total=Decimal(one["total"]),
        factor=Decimal(one["factor"]),
        last_date=date.fromisoformat(one["last_date"]),
        last_total=Decimal(one["last_total"]),
        ruled_by=one["ruled_by"],
    )
