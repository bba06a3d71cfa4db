from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from stable_jobs.published_totals import published_totals
from stable_jobs_demo.block import Block
from stable_jobs_demo.city import COUNTIES, FIVE
from stable_jobs_demo.draw import base_fen
from stable_jobs_demo.key import name_of, totals
from stable_jobs_demo.moment import Moment
from stable_jobs_demo.plant import fit_sum, plant
from stable_jobs_demo.traps.every import TRAPS
from stable_jobs_demo.write import POLICY_YEAR
from tests.demo.conftest import DAY, SEED


def test_every_trap_has_at_least_twenty_units(blocks: list[Block]) -> None:
    counts = Counter(name_of(number) for block in blocks for number in block.trap.tolist())

    assert {trap.name: counts[trap.name] for trap in TRAPS if counts[trap.name] < 20} == {}


@pytest.mark.parametrize("city", [city.code for city in FIVE])
def test_a_city_has_every_trap_it_can_have(blocks: list[Block], city: str) -> None:
    block = next(block for block in blocks if block.city.code == city)
    there = set(block.trap.tolist())

    assert [
        trap.name for number, trap in enumerate(TRAPS) if city in trap.cities and number not in there
    ] == []


@pytest.mark.parametrize("city", [city.code for city in FIVE])
def test_a_city_sums_to_what_it_published(blocks: list[Block], city: str) -> None:
    line = next(line for line in totals(blocks, POLICY_YEAR) if line.region == city)
    target = published_totals()[city]

    assert line.enterprises == target.enterprises
    assert line.employees == pytest.approx(target.employees, rel=0.02)
    assert line.fen == pytest.approx(target.fen, rel=0.02)


def test_units_are_many_and_one_each(blocks: list[Block]) -> None:
    keys = [(block.city.code, code) for block in blocks for code in block.uscc]

    assert len(keys) > 25_000
    assert len(set(keys)) == len(keys)


def test_another_seed_makes_other_units(blocks: list[Block]) -> None:
    others = plant(Moment(DAY), SEED + 1, COUNTIES)
    ours, theirs = (
        {code for block in found for code in block.uscc if len(code) == 18} for found in (blocks, others)
    )

    assert not ours & theirs


def test_most_units_are_small(blocks: list[Block]) -> None:
    sizes = Counter(size for block in blocks for size in block.size_class)

    assert sizes["micro"] > sizes["small"] > sizes["medium"] > sizes["large"] > 20


def test_ordinary_premiums_are_plausible(blocks: list[Block]) -> None:
    for block in blocks:
        ordinary = block.trap < 0
        per_head = base_fen(block, POLICY_YEAR)[ordinary] / np.maximum(
            block.heads[ordinary, 1:13].mean(axis=1), 1
        )

        assert ((per_head > 3_000) & (per_head < 1_000_000)).all()


@pytest.mark.parametrize(
    ("heads", "total"),
    [
        pytest.param([1, 1, 1, 1], 40, id="grows"),
        pytest.param([100, 3, 2, 50, 7, 9, 1, 1, 1, 1, 1, 1], 90, id="shrinks"),
        pytest.param([5], 5, id="stays"),
    ],
)
def test_heads_fit_their_sum(heads: list[int], total: int) -> None:
    fitted = fit_sum(np.array(heads), total)

    assert fitted.sum() == total
    assert fitted.min() >= 1
