"""Random hostile landings, decided by DuckDB, by Spark and by the oracle: every table, row for row."""

from __future__ import annotations

import os

import pytest

from stable_jobs.store.engine import Computing
from tests.policy import engines, hostile
from tests.policy.compared import Compared, compare

pytestmark = pytest.mark.spark
SEED, UNITS = 4000, 13_000
ENOUGH = int(os.environ.get("SPARK_UNITS", "200000"))
"""Units; fewer where a machine is to be spared, and the last line says how many."""


def test_random_units_are_decided_alike(
    spark: Computing, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prints each landing's seed: `hostile.landing(seed, UNITS)` makes it again."""
    monkeypatch.setattr(engines, "BESIDE", [spark])
    both, seed = Compared(), SEED
    while both.units < ENOUGH:
        world = hostile.landing(seed, min(UNITS, ENOUGH - both.units))
        compare(world, tmp_path_factory.mktemp(f"night{seed}"), both)
        print(
            f"seed {seed}, night {world.on}: {both.units} units, {engines.DECIDED['rows']} rows of all tables"
        )
        seed += 1
    assert (dict(both.differences), both.first) == ({}, {})
