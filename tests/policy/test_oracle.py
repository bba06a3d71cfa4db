"""The set-based decision against the oracle's, on hostile landings put together at random."""

from __future__ import annotations

from pathlib import Path

import pytest

from stable_jobs.policy.catalogue import SCHEMES
from stable_jobs.policy.verdict import TESTS
from tests.policy import hostile
from tests.policy.compared import Compared, compare

SMALL = {8: 1350, 1015: 1350}
"""Seed of a landing → its units."""
FIRST_SEED, UNITS, ENOUGH = 1000, 13_000, 500_000


def test_every_row_is_the_oracles(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Same rows, same decision, same reasons, same amounts, same row taken."""
    both = Compared()
    for seed, units in SMALL.items():
        compare(hostile.landing(seed, units), tmp_path_factory.mktemp("night"), both)
    assert (dict(both.differences), both.first) == ({}, {})
    assert len(_missing(both)) <= 2, _missing(both)


def _missing(both: Compared) -> set[str]:
    """Decisions and reasons that do not occur, and schemes without a taken row: what was not compared."""
    never = {"account_known", "size_known"}
    reasons = {*(t for t in TESTS if t not in never), *(f"{t}_unknown" for t in TESTS)}
    idle = {scheme for scheme in SCHEMES if not both.taken[scheme]}
    return (
        (reasons - set(both.reasons)) | ({"eligible", "ineligible", "undecided"} - set(both.decisions)) | idle
    )


@pytest.mark.long
def test_half_a_million_units_are_the_oracles(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Prints each landing's seed: `hostile.landing(seed, UNITS)` makes it again."""
    both, seed = Compared(), FIRST_SEED
    while both.units < ENOUGH:
        folder = tmp_path_factory.mktemp(f"night{seed}")
        world = hostile.landing(seed, UNITS)
        compare(world, folder, both)
        print(
            f"seed {seed}, night {world.on}: {both.units} units so far, differences {dict(both.differences)}"
        )
        _emptied(folder)
        seed += 1
    print(f"{both.units} units, {both.rows} rows, {dict(both.decisions)}, taken {dict(both.taken)}")
    assert (dict(both.differences), both.first) == ({}, {})


def _emptied(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def test_a_landing_is_what_its_seed_makes(tmp_path: Path) -> None:
    """So that a difference can be looked at again."""
    one, other = (hostile.landing(1015, 300) for _ in range(2))
    assert (one.rows, one.broken, one.files, one.ours) == (other.rows, other.broken, other.files, other.ours)
