"""A region's policy as it holds on a date: each parameter with its value, its law, and when it changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from stable_jobs.policy.catalogue import CATALOGUE, SIZES, Parameter
from stable_jobs.policy.load import Policies, Value
from stable_jobs.policy.parameters import Resolved, participating_regions, resolve, schemes_open
from stable_jobs.regions import upward
from stable_jobs.words import Words


@dataclass(frozen=True)
class ValueInForce:
    """A value for some sizes (empty: whatever the size). level: the region that set it."""

    sizes: tuple[str, ...]
    value: object
    level: str
    source: Value | None


@dataclass(frozen=True)
class ParameterLine:
    """One parameter of one scheme as it holds."""

    name: str
    unit: str
    meaning: Words
    in_force: tuple[ValueInForce, ...]


@dataclass(frozen=True)
class Change:
    """A dated value of the policy year, of this region or of one above. is_ahead: later than the date."""

    scheme: str
    name: str
    unit: str
    meaning: Words
    level: str
    source: Value
    is_ahead: bool


@dataclass(frozen=True)
class RegionCard:
    """A region that takes part, in the list of all."""

    code: str
    schemes: tuple[str, ...]
    next_change: date | None


def region_cards(policies: Policies, on: date) -> list[RegionCard]:
    """Every region that takes part in the date's policy year, by code."""
    return [
        RegionCard(
            code,
            tuple(schemes_open(policies, code, on)),
            min((c.source.effective_from for c in changes(policies, code, on) if c.is_ahead), default=None),
        )
        for code in participating_regions(policies, on)
    ]


def parameter_lines(policies: Policies, region: str, scheme: str, on: date) -> list[ParameterLine]:
    """Every parameter of the scheme that is set for the region, in the catalogue's order.

    PolicyError where one that must be set is not.
    """
    lines = (
        ParameterLine(p.name, p.unit.value, _meaning(p), tuple(_in_force(policies, p, region, scheme, on)))
        for p in CATALOGUE.values()
        if scheme in p.schemes
    )
    return [line for line in lines if any(one.source is not None for one in line.in_force)]


def changes(policies: Policies, region: str, on: date) -> list[Change]:
    """The values of the date's policy year that hold or will hold here at some time, by date."""
    found = [
        Change(
            scheme,
            name,
            CATALOGUE[name].unit.value,
            _meaning(CATALOGUE[name]),
            level,
            version,
            version.effective_from > on,
        )
        for level in upward(region)
        if level in policies.regions
        for (scheme, name), versions in policies.regions[level].values.items()
        for version in versions
        if version.effective_from.year == on.year
    ]
    order = list(CATALOGUE)
    return sorted(
        found,
        key=lambda c: (c.source.effective_from, c.scheme, order.index(c.name), upward(region).index(c.level)),
    )


def _in_force(
    policies: Policies, parameter: Parameter, region: str, scheme: str, on: date
) -> Iterator[ValueInForce]:
    if not parameter.by_size:
        yield _one(resolve(policies, region, scheme, parameter.name, on), ())
        return
    found = {size: resolve(policies, region, scheme, parameter.name, on, size) for size in SIZES}
    for one in dict.fromkeys((r.value, r.region) for r in found.values()):
        sizes = tuple(size for size in SIZES if (found[size].value, found[size].region) == one)
        yield _one(found[sizes[0]], () if sizes == SIZES else sizes)


def _one(found: Resolved, sizes: tuple[str, ...]) -> ValueInForce:
    return ValueInForce(sizes, found.value, found.region, found.source)


def _meaning(parameter: Parameter) -> Words:
    return Words(parameter.meaning_zh, parameter.meaning_en)
