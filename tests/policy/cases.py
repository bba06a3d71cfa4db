"""Named cases: each is one unit in one world; a module's cases are decided together, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.policy.catalogue import CATALOGUE, SCHEMES
from stable_jobs.policy.load import Policies, RegionPolicy, Value, parse
from tests.policy.builder import CITIES, NIGHT, XIAN, Row, World, code, decided, policies

Build = Callable[[World, str], object]
"""Changes the world for an enterprise; what it returns does not matter."""


def nothing(world: World, uscc: str) -> None:
    """The unit as `World.unit` makes it."""


@dataclass(frozen=True)
class Case:
    """`reasons` and `columns` are what the eligibility row of `scheme` must say."""

    name: str
    reasons: str
    build: Build = nothing
    region: str = XIAN
    unit: Mapping[str, Any] = field(default_factory=dict)
    scheme: str = "general"
    columns: Mapping[str, Any] = field(default_factory=dict)
    owed: frozenset[tuple[str, str, str]] | None = None
    """(reason, extract, cause) of the row's work list, where it is checked."""


def params(cases: Sequence[Case]) -> list[Any]:
    """For parametrize: the number of the case and the case, by its name."""
    assert len({c.name for c in cases}) == len(cases)
    return [pytest.param(i, c, id=c.name) for i, c in enumerate(cases, start=1)]


def decide_cases(
    cases: Sequence[Case], folder: Path, by: Policies | None = None, slots: Sequence[str] = CITIES,
    prepare: Callable[[World], None] | None = None,
) -> dict[str, list[Row]]:  # fmt: skip
    """One night over all cases; case number i is enterprise `code(i)`."""
    world = World(slots=tuple(slots))
    for region in world.slots:
        world.region(region)
    for i, case in enumerate(cases, start=1):
        world.unit(code(i), case.region, **case.unit)
        case.build(world, code(i))
    if prepare is not None:
        prepare(world)
    return decided(world, folder, by)


def check(tables: dict[str, list[Row]], number: int, case: Case) -> None:
    """The row of the case says what the case says."""
    row = next(
        r for r in tables["eligibility"]
        if (r["uscc"], r["region_code"], r["scheme"]) == (code(number), case.region, case.scheme)
    )  # fmt: skip
    found = {"reasons": row["reasons"]} | {name: row[name] for name in case.columns}
    assert found == {"reasons": case.reasons} | dict(case.columns)
    if case.owed is not None:
        lines = [r for r in tables["owed"] if r["uscc"] == code(number) and r["scheme"] == case.scheme]
        assert {(r["reason"], r["extract"], r["cause"]) for r in lines} == case.owed


def with_region(base: Policies, region: str, **values: Any) -> Policies:
    """The policies with one more region, or one more value of it, from 1 January 2020 on; written as
    in YAML."""
    new = {
        (scheme, name): (
            Value(
                date(NIGHT.year, 1, 1), parse(CATALOGUE[name], raw, NIGHT.year), "test", False, None, "test"
            ),
        )
        for name, raw in values.items()
        for scheme in SCHEMES
        if scheme in CATALOGUE[name].schemes
    }
    old = base.regions.get(region)
    policy = RegionPolicy(region, "测试", "Test", {**(old.values if old else {}), **new})
    return replace(base, regions={**base.regions, region: policy})


def test_regions() -> Policies:
    """Regions that set what no packaged one sets: 130100 formulas and headcount, 130200 payments and
    forms."""
    base = {
        "headcount_basis": "december", "layoff_cap": "0.055", "lane": "no_application", "approvals": 1,
        "refund_rate": "0.5", "layoff_cap_is_strict": False,
    }  # fmt: skip
    one = with_region(
        policies(), "130100", layoff_formulas=["F5", "F6"], headcount_held_max_drop="0.5", **base,
    )  # fmt: skip
    return with_region(
        one, "130200", layoff_formulas=["F1"], new_unit_base_month=1, back_payment_counts_as_month=True,
        back_payment_earlier_years=True, by_reference_large_headcount=300, abnormal_taxpayer_passes=False,
        **base | {"layoff_cap": {"large": "0.03", "medium": "0.055", "small": "0.055", "micro": "0.055"},
                  "refund_rate": {"large": "0.3", "medium": "0.6", "small": "0.6", "micro": "0.6"}},
    )  # fmt: skip


test_regions.__test__ = False  # type: ignore[attr-defined]  # a builder, not a test
