"""What the ledger is handed of a decision."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import pytest

from stable_jobs.night.ledger_night import units_query
from stable_jobs.policy.load import Policies
from tests.policy.builder import NANCHANG, World, code, decided, policies


def with_rate(rate: str) -> Policies:
    """The packaged policies with a rate of Nanchang's that no file could have."""
    whole = policies()
    region = whole.regions[NANCHANG]
    key = ("general", "refund_rate")
    sizes = dict.fromkeys(("large", "medium", "small", "micro"), Decimal(rate))
    (version,) = region.values[key]
    values = {**region.values, key: (replace(version, value=sizes),)}
    return replace(whole, regions={**whole.regions, NANCHANG: replace(region, values=values)})


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        pytest.param("0.5", ("eligible", "", Decimal("600.00")), id="half of it"),
        pytest.param("1.0", ("eligible", "", Decimal("1200.00")), id="all of it"),
        pytest.param("5.0", ("undecided", "entitlement_above_premium", Decimal("6000.00")), id="more"),
    ],
)
def test_no_general_refund_is_above_the_premium_it_returns(
    rate: str, expected: tuple[Any, ...], tmp_path: Path
) -> None:
    world = World(slots=(NANCHANG,))
    world.region(NANCHANG)
    world.unit(code(1), NANCHANG)
    decided(world, tmp_path, with_rate(rate))
    kinds = ("eligibility", "payees", "terms")
    decision = SimpleNamespace(**{kind: SimpleNamespace(name=kind) for kind in kinds})
    desk = SimpleNamespace(lake=SimpleNamespace(path=lambda name: str(tmp_path / "out" / f"{name}.parquet")))
    with duckdb.connect() as duck:
        found = duck.sql(units_query(cast(Any, desk), cast(Any, decision)))
        rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    assert [(r["decision"], r["reasons"], r["entitlement"]) for r in rows] == [expected]
