"""All trap classes, and how many units of each a city gets."""

from __future__ import annotations

from collections.abc import Sequence

from stable_jobs_demo.city import LANTIAN, ZHOUZHI
from stable_jobs_demo.traps import (
    accounts,
    applications,
    codes,
    layoffs,
    lists,
    payments,
    refunds,
    sizes,
    units,
)
from stable_jobs_demo.traps.base import L, N, Q, Trap, X, Z, nothing, recovering

LOW, UNREPORTED = ("fund_able",), ("fund_able_unknown",)
COUNTIES = (
    Trap("fund_low", "nine months in reserve", nothing, LOW, cities=(LANTIAN.code,), units=24),
    Trap("fund_low_recovering", "the same for both schemes", recovering, LOW, cities=(LANTIAN.code,)),
    Trap(
        "fund_unknown", "the pool reports no balance", nothing, UNREPORTED, cities=(ZHOUZHI.code,), units=24
    ),
    Trap("fund_unknown_recovering", "the same for both", recovering, UNREPORTED, cities=(ZHOUZHI.code,)),
)
TRAPS: tuple[Trap, ...] = (
    *units.TRAPS,
    *payments.TRAPS,
    *layoffs.TRAPS,
    *sizes.TRAPS,
    *lists.TRAPS,
    *accounts.TRAPS,
    *applications.TRAPS,
    *refunds.TRAPS,
    *codes.TRAPS,
    *COUNTIES,
)
"""Every class, in a fixed order; a unit's `trap` is a place in it, -1 an ordinary unit."""

_WEIGHTS = {L: 1, Q: 3, N: 5, Z: 5, X: 6}


def counts_in(city: str, enterprises: int, traps: Sequence[Trap] = TRAPS) -> list[int]:
    """How many units of each class a city gets: small cities fewer; 0 where it has none."""
    return [_count(trap, city, enterprises) if city in trap.cities else 0 for trap in traps]


def _count(trap: Trap, city: str, enterprises: int) -> int:
    total = sum(_WEIGHTS.get(code, 1) for code in trap.cities)
    even = -(-trap.units * _WEIGHTS.get(city, 1) // total)
    return max(1, even, round(trap.share * enterprises))
