"""Which value holds: both sides of every date, inheritance, what ends, what is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from stable_jobs.errors import PolicyError
from stable_jobs.policy.catalogue import CATALOGUE
from stable_jobs.policy.load import Policies, RegionPolicy, Value, parse
from stable_jobs.policy.parameters import (
    demo_regions,
    levels,
    parameter_table,
    participating_regions,
    resolve,
    schemes_open,
)
from tests.policy.builder import NIGHT, policies

CITY, PROVINCE, COUNTY = "990100", "990000", "990122"


def versions(name: str, *dated: tuple[date, Any]) -> tuple[Value, ...]:
    return tuple(
        Value(on, parse(CATALOGUE[name], raw, on.year), "某文", False, None, "f.yaml") for on, raw in dated
    )


def made(*entries: tuple[str, str, tuple[tuple[date, Any], ...]]) -> Policies:
    """Policies of (region, parameter, dated values), for the general scheme."""
    regions: dict[str, RegionPolicy] = {}
    for region, name, dated in entries:
        old = regions.get(region, RegionPolicy(region, "某", "Some", {}))
        regions[region] = replace(old, values={**old.values, ("general", name): versions(name, *dated)})
    return Policies(regions, "x")


def on(month: int, day: int, year: int = 2020) -> date:
    return date(year, month, day)


RATES = made(
    (
        CITY,
        "refund_rate",
        (
            (on(1, 1), "0.5"),
            (on(7, 1), "0.9"),
            (on(1, 1, 2021), {"large": "0.3"}),
            (on(6, 1, 2022), "0.4"),
            (on(9, 1, 2022), None),
        ),
    ),
    (PROVINCE, "refund_rate", ((on(1, 1, 2021), "0.6"), (on(1, 1, 2022), "0.7"))),
)


@pytest.mark.parametrize(
    ("day", "size", "expected"),
    [
        pytest.param(on(1, 1), "large", "0.5", id="the first day"),
        pytest.param(on(6, 30), "large", "0.5", id="the day before the next"),
        pytest.param(on(7, 1), "large", "0.9", id="the day of the next"),
        pytest.param(on(12, 31), "small", "0.9", id="the last day of the year"),
        pytest.param(on(1, 1, 2021), "large", "0.3", id="its own size"),
        pytest.param(on(1, 1, 2021), "small", "0.6", id="the size of the level above"),
        pytest.param(on(5, 31, 2022), "large", "0.7", id="inherited before its own begins"),
        pytest.param(on(6, 1, 2022), "large", "0.4", id="its own once it begins"),
        pytest.param(on(8, 31, 2022), "large", "0.4", id="the day before it ends"),
        pytest.param(on(12, 31, 2019), "large", None, id="a year before"),
        pytest.param(on(9, 1, 2022), "large", None, id="ended: not inherited past"),
        pytest.param(on(1, 1, 2023), "large", None, id="never carried into the next year"),
    ],
)
def test_rate(day: date, size: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(PolicyError, match=f"region {CITY}, scheme general.*refund_rate.*{day}") as error:
            resolve(RATES, CITY, "general", "refund_rate", day, size)
        assert "next: add it to 990100/general.yaml" in str(error.value)
    else:
        assert resolve(RATES, CITY, "general", "refund_rate", day, size).value == Decimal(expected)


def test_where_a_value_comes_from() -> None:
    found = resolve(RATES, COUNTY, "general", "refund_rate", on(7, 1), "large")
    assert (found.region, found.source and found.source.reference) == (CITY, "某文")


def test_optional_and_null() -> None:
    """Not set is None; `null` on a nullable one is an answer of its own that hides the level above."""
    by = made(
        (PROVINCE, "fund_min_reserve_months", ((on(1, 1), 12),)),
        (CITY, "fund_min_reserve_months", ((on(1, 1), None),)),
    )
    assert resolve(by, CITY, "general", "declared_tolerance", NIGHT).value is None
    assert resolve(by, CITY, "general", "fund_min_reserve_months", NIGHT).value is None
    assert resolve(by, "990200", "general", "fund_min_reserve_months", NIGHT).value == 12


def test_pooled_with_the_province() -> None:
    by = made(("000000", "pooling_region", ((on(1, 1), "province"),)))
    assert resolve(by, COUNTY, "general", "pooling_region", NIGHT).value == PROVINCE
    row = {"region_code": COUNTY, "scheme": "general"}
    assert [r["level"] for r in levels(by, NIGHT, [row], pooled=True)] == [PROVINCE]
    assert [r["level"] for r in levels(by, NIGHT, [row], pooled=False)] == [COUNTY, CITY, PROVINCE, "000000"]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(on(12, 31, 2019), set(), id="2019: nobody's own values"),
        pytest.param(
            on(1, 1),
            {"220400", "220500", "230200", "360100", "610100", "610122", "610124", "620100"},
            id="2020",
        ),
        pytest.param(on(1, 1, 2021), set(), id="2021"),
        pytest.param(on(1, 1, 2023), {"360430"}, id="2023"),
    ],
)
def test_participating_regions(day: date, expected: set[str]) -> None:
    assert set(participating_regions(policies(), day)) == expected
    assert set(demo_regions(policies(), day)) == expected


def test_schemes_open() -> None:
    by = policies()
    assert list(schemes_open(by, "610100", NIGHT)) == ["general", "difficult"]
    assert list(schemes_open(by, "360100", NIGHT)) == ["general"]


def test_table_of_the_demonstration() -> None:
    """Every region, open scheme and size of 2020, once."""
    rows = parameter_table(policies(), NIGHT)
    keys = [(r["region_code"], r["scheme"], r["size"]) for r in rows]
    assert (
        len(keys)
        == len(set(keys))
        == 5
        * sum(len(list(schemes_open(policies(), c, NIGHT))) for c in participating_regions(policies(), NIGHT))
    )


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param("micro", (1000, False, 1000, False, "no_application"), id="micro"),
        pytest.param("medium", (550, False, 550, False, "no_application"), id="medium"),
        pytest.param("large", (330, True, 330, True, "application"), id="large"),
        pytest.param(
            "unknown", (330, True, 1000, False, None), id="unknown: the strictest and the most lenient"
        ),
    ],
)
def test_caps_and_lane_of_xian(size: str, expected: tuple[Any, ...]) -> None:
    [row] = [
        r
        for r in parameter_table(policies(), NIGHT, ["610100"])
        if (r["scheme"], r["size"]) == ("general", size)
    ]
    names = ("cap_low_bp", "cap_low_is_strict", "cap_high_bp", "cap_high_is_strict", "lane")
    assert tuple(row[n] for n in names) == expected
