"""What the ledger is handed of a decision."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import pytest

from stable_jobs.night.notices import codes_query, is_same_bag, units_query
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


def test_an_old_number_that_is_anothers_key_links_no_codes(tmp_path: Path) -> None:
    """The ledger would take two units for one."""
    old, free = "610100000000015", "610100000000023"
    units = [("610100", "A", old), ("610100", old, None), ("610100", "C", free), ("620100", "D", old)]
    path = tmp_path / "unit_facts.parquet"
    with duckdb.connect() as con:
        con.execute("CREATE TABLE u (region_code VARCHAR, uscc VARCHAR, registration_no VARCHAR)")
        con.executemany("INSERT INTO u VALUES (?, ?, ?)", units)
        con.execute(f"COPY u TO '{path}' (FORMAT parquet)")
        desk = SimpleNamespace(lake=SimpleNamespace(path=lambda name: str(path)))
        decision = SimpleNamespace(unit_facts=SimpleNamespace(name="unit_facts"))
        found = con.execute(codes_query(cast(Any, desk), cast(Any, decision))).fetchall()
    assert sorted(found) == [("610100", free, "C"), ("620100", old, "D")]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param("(1, 'a'), (2, NULL)", "(2, NULL), (1, 'a')", True, id="in another order"),
        pytest.param("(1, 'a'), (2, 'b')", "(1, 'a'), (2, 'c')", False, id="a value"),
        pytest.param("(1, 'a'), (2, NULL)", "(1, 'a'), (2, '')", False, id="an empty text for nothing"),
        pytest.param("(1, 'a')", "(1, 'a'), (2, 'b')", False, id="a row more"),
        pytest.param("(1, 'a'), (2, 'b')", "(1, 'a')", False, id="a row less"),
        pytest.param(
            "(1, 'a'), (1, 'a'), (2, 'b')", "(1, 'a'), (2, 'b'), (2, 'b')", False, id="other copies"
        ),
        pytest.param("(1, 'a'), (1, 'a')", "(1, 'a'), (1, 'a')", True, id="the same copies"),
    ],
)
def test_the_same_rows(one: str, other: str, expected: bool) -> None:
    queries = (f"SELECT * FROM (VALUES {rows}) AS t(n, v)" for rows in (one, other))
    with duckdb.connect() as con:
        assert is_same_bag(con, *queries) is expected
