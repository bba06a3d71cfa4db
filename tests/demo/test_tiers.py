from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from stable_jobs.contracts.model import Contract
from stable_jobs_demo.tiers import TIERS, shares
from stable_jobs_demo.write import write_demo
from tests.demo.conftest import DAY


@pytest.mark.parametrize("tier", TIERS)
def test_shares_add_up(tier: str) -> None:
    parts = shares(TIERS[tier])

    assert sum(units for _, units in parts) == TIERS[tier]
    assert all(units > 0 for _, units in parts)


def test_a_tier_in_several_pieces(
    contracts: Mapping[str, Contract], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stable_jobs_demo.tiers.PIECE", 700)

    result = write_demo(tmp_path, seed=1, business_date=DAY, contracts=contracts, tier="county")

    assert result.units == 5_000
    assert result.key is None
    assert sum(line.enterprises for line in result.totals) / result.units == pytest.approx(0.95, abs=0.03)
    rows = {extract: _rows(tmp_path, extract) for extract in contracts}
    assert rows["insured_units"] == 5_000
    assert rows["premium_payments"] == pytest.approx(60_000, rel=0.01)
    assert rows["monthly_headcount"] == pytest.approx(13 * 5_000 + shares(5_000)[2][1], rel=0.01)
    assert result.rows == sum(rows.values())


def _rows(landing: Path, extract: str) -> int:
    manifests = landing.glob(f"*/{extract}/*/*.manifest.json")
    return sum(json.loads(path.read_text(encoding="utf-8"))["rows"] for path in manifests)
