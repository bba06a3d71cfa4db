"""The places of the demonstration: what was published about them and what the generator builds to.

The rules named here are the demonstration's parameters (calibrated to the totals published on 2020-05-11),
written a second time on purpose: the answer key must not come from the product's own policy files.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

DEADLINE = date(2020, 4, 30)
"""Lanzhou's demo deadline; elsewhere it is 31 December."""


@dataclass(frozen=True)
class City:
    """One region. Rates of premium in fen a head and year; caps of large firms in basis points, strict."""

    code: str
    name_zh: str
    premium: int
    """Nominal premium, fen a head and year: what trap units pay."""
    uses_average: bool = False
    """Headcount is the monthly average; else December's."""
    is_insured_rate: bool = False
    """F1 (insured lost) is among the formulas."""
    is_claim_rate: bool = True
    """A formula with claimants is among them."""
    all_apply: bool = False
    large_apply: bool = False
    benefit: int = 0
    """Monthly benefit in fen where the difficult scheme is open, else 0."""
    recovering: float = 0.0
    """Share of units in a tier that are recovering."""
    large_cap: tuple[int, int] = (7, 200)
    """Layoffs and heads that are exactly the cap of large firms."""
    small_cap: tuple[int, int] = (11, 200)
    """Layoffs and heads that are exactly the cap of small firms."""
    fund_months: int = 36
    holds_headcount: bool = False


LIAOYUAN = City(
    "220400", "辽源", 70_000, is_insured_rate=True, is_claim_rate=False, all_apply=True, benefit=130_000,
    recovering=0.35,
)  # fmt: skip
NANCHANG = City("360100", "南昌", 62_700, uses_average=True, large_cap=(17, 500))
LANZHOU = City("620100", "兰州", 60_400, uses_average=True, all_apply=True, holds_headcount=True)
QIQIHAR = City("230200", "齐齐哈尔", 99_500, is_insured_rate=True, large_apply=True)
XIAN = City(
    "610100", "西安", 72_000, large_apply=True, benefit=135_000, recovering=0.15, large_cap=(33, 1000),
    small_cap=(20, 200),
)  # fmt: skip
LANTIAN = City("610122", "蓝田", 72_000, large_apply=True, benefit=135_000, fund_months=9)
ZHOUZHI = City("610124", "周至", 72_000, large_apply=True, benefit=135_000)
TONGHUA = City(
    "220500", "通化", 70_000, is_insured_rate=True, is_claim_rate=False, all_apply=True, benefit=130_000
)
"""The broken region: not one of its deliveries can be taken."""

FIVE = (LIAOYUAN, NANCHANG, LANZHOU, QIQIHAR, XIAN)
COUNTIES = (LANTIAN, ZHOUZHI)
