"""The county of Pengze's public notice of 2023: eleven real rows, the refund to the fen.

The rows are as published; the credit codes are made up and valid. Row 3 is a branch of two people that was
refunded at the large rate: its parent is large.
"""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.policy.builder import Row, World, code, decided, months

PENGZE, NIGHT = "360430", date(2023, 6, 30)
FEN = Decimal("0.01")
PARENT = code(100)
with (Path(__file__).parent / "data" / "pengze_2023_public_notice.csv").open(encoding="utf-8-sig") as file:
    NOTICE = list(csv.DictReader(file))


def add_published(world: World, row: dict[str, str]) -> None:
    """One published row as what the departments would have sent."""
    uscc, heads = code(int(row["序号"])), int(row["月均缴费人数"])
    is_branch = row["企业名称"].endswith("分公司")
    world.unit(
        uscc, PENGZE, heads, None if is_branch else "small",
        unit_name=row["企业名称"], parent_uscc=PARENT if is_branch else None,
    )  # fmt: skip
    world.change("payee_accounts", uscc, account_name=row["企业名称"])
    world.drop("premium_payments", uscc)
    for month, amount in zip(months(2022), twelfths(Decimal(row["全年缴费(元)"])), strict=True):
        world.pay(uscc, PENGZE, month, str(amount))
    world.claim(uscc, PENGZE, int(row["领取失业金人数"]))


def twelfths(year: Decimal) -> list[Decimal]:
    """Twelve payments that add up to the year's."""
    month = (year / 12).quantize(FEN)
    return [month] * 11 + [year - 11 * month]


def pengze() -> World:
    """What five departments would have sent of the published rows."""
    world = World(on=NIGHT, slots=(PENGZE,))
    world.region(PENGZE)
    world.size(PARENT, PENGZE, "large")
    for row in NOTICE:
        add_published(world, row)
    return world


@pytest.fixture(scope="module")
def decision(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """The county's night: unit name → eligibility row."""
    world = pengze()
    rows = decided(world, tmp_path_factory.mktemp("pengze"))["eligibility"]
    return {row["unit_name"]: row for row in rows}


@pytest.mark.parametrize("published", [pytest.param(row, id=f"row {row['序号']}") for row in NOTICE])
def test_published_refund(decision: dict[str, Row], published: dict[str, str]) -> None:
    """Headcount, base, rate and refund as on the notice."""
    row = decision[published["企业名称"]]
    found = (row["decision"], row["headcount"], row["premium_base"], row["refund_rate"], row["payable"])
    money = [Decimal(published[name]) for name in ("全年缴费(元)", "推定返还比例", "实际返还(元)")]
    assert found == ("eligible", int(published["月均缴费人数"]), *money)


def test_the_branch_is_large(decision: dict[str, Row]) -> None:
    """Row 3 takes its parent's size."""
    assert [r["size_class"] for r in decision.values() if r["unit_name"].endswith("分公司")] == ["large"]


def test_all_eleven() -> None:
    assert len(NOTICE) == 11
