"""Every unit of the demonstration is decided as its generator built it to be."""

from __future__ import annotations

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e.answer_key import decided_rows, differences, traps
from tests.e2e.conftest import Night

pytestmark = pytest.mark.xdist_group("night")

TOTALS = Path(__file__).parents[2] / "include/stable_jobs/published_totals.csv"


def test_every_unit_is_decided_as_expected(night: Night) -> None:
    found = differences(night.home.key(), decided_rows(night.home.out))

    assert not found, {trap: (len(lines), lines[:2]) for trap, lines in found.items()}


def test_the_key_is_large_and_every_trap_is_there(night: Night) -> None:
    names = Counter(traps(night.home.key()).values())

    assert sum(names.values()) > 25_000
    assert len(names) > 50
    assert min(names.values()) >= 20, names.most_common()[-5:]


@pytest.mark.parametrize("region", ["220400", "360100", "620100", "230200", "610100"])
def test_a_city_comes_out_as_published(night: Night, region: str) -> None:
    with TOTALS.open(encoding="utf-8") as file:
        published = next(row for row in csv.DictReader(file) if row["region_code"] == region)
    with (night.home.out / region / "eligibility.csv").open(encoding="utf-8", newline="") as file:
        taken = [row for row in csv.DictReader(file) if row["is_taken"] == "true"]

    assert len(taken) == int(published["enterprises"])
    assert sum(int(row["headcount"] or 0) for row in taken) == pytest.approx(
        int(published["employees"]), rel=0.02
    )
    yuan = sum(Decimal(row["payable"] or 0) for row in taken)
    assert float(yuan) == pytest.approx(float(published["refund_yuan"]), rel=0.02)
