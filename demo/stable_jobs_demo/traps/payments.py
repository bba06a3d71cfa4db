"""Months paid and the premium base."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from stable_jobs_demo.block import Raw
from stable_jobs_demo.draw import base_fen
from stable_jobs_demo.traps.base import Change, Scene, Trap, chain, put, send

Array = npt.NDArray[Any]


def month_of(years: int, month: int) -> Callable[[Scene, int], int]:
    """YYYYMM, `years` from the policy year."""
    return lambda scene, unit: (scene.moment.year + years) * 100 + month


def day_of(years: int, month: int, day: int) -> Callable[[Scene, int], date]:
    """A day, `years` from the policy year."""
    return lambda scene, unit: date(scene.moment.year + years, month, day)


def drop(month: int) -> Change:
    """Y-1's fee month `month` has no regular row."""

    def change(scene: Scene, i: Array) -> None:
        scene.block.month_sent[i, month - 1] = False

    return change


def pay(kind: str, fee: tuple[int, int], paid: tuple[int, int, int], fen: int, *, counts: bool) -> Change:
    """One more payment, two thirds by the employer; `counts`: it belongs to the base."""

    def change(scene: Scene, i: Array) -> None:
        send(
            "premium_payments",
            fee_month=month_of(*fee),
            paid_date=day_of(*paid),
            employer_amount=fen - fen // 3,
            employee_amount=fen // 3,
            payment_kind=kind,
        )(scene, i)
        scene.block.more_base[i] += fen if counts else 0

    return change


def pay_badly(kind: str, fee: tuple[int, int], paid: tuple[int, int, int], text: str) -> Change:
    """One more payment whose amount breaks a rule: the row is quarantined and the base unknown."""
    return chain(
        send(
            "premium_payments",
            fee_month=month_of(*fee),
            paid_date=day_of(*paid),
            employer_amount=Raw(text),
            employee_amount=12_000,
            payment_kind=kind,
        ),
        put(knows_premium=False),
    )


def zero(month: int) -> Change:
    """Y-1's fee month `month` was paid with 0.00."""

    def change(scene: Scene, i: Array) -> None:
        scene.block.employer[i, month - 1] = scene.block.employee[i, month - 1] = 0

    return change


def december_in_january(scene: Scene, i: Array) -> None:
    """December's premium came in in January of this year."""
    scene.block.paid_on[i, 11] = np.datetime64(date(scene.moment.year, 1, 10))


def odd_fen(scene: Scene, i: Array) -> None:
    """A base of an odd number of fen: half of it ends in half a fen, which is rounded up."""
    block = scene.block
    block.employer[i, 0] += (base_fen(block, scene.moment.year)[i] + 1) % 2


NONE = chain(put(month_sent=False), put(knows_premium=False))
FAILS, UNKNOWN = ("paid_months",), ("paid_months_unknown",)

TRAPS = (
    Trap("eleven_months", "eleven months are too few", drop(3), FAILS, share=0.02, in_tiers=True),
    Trap(
        "few_months",
        "a new unit with a few months",
        chain(*(drop(m) for m in range(1, 9))),
        FAILS,
        share=0.025,
    ),
    Trap(
        "twelve_months_over_two_years",
        "months count over years; what came in before last year is not in the base",
        chain(drop(1), pay("regular", (-2, 12), (-2, 12, 20), 45_001, counts=False)),
    ),
    Trap(
        "month_of_this_year",
        "only fee months up to last December count",
        chain(drop(6), pay("regular", (0, 1), (0, 1, 15), 30_003, counts=False)),
        FAILS,
    ),
    Trap(
        "eleven_months_twelve_payments",
        "months count, not payments",
        chain(drop(6), pay("regular", (-1, 7), (-1, 12, 28), 30_001, counts=True)),
        FAILS,
    ),
    Trap("month_of_zero", "a payment of 0.00 is no month", zero(5), FAILS),
    Trap(
        "back_payment_month",
        "a back payment is no month, but in the base",
        chain(drop(6), pay("back_payment", (-1, 6), (-1, 11, 11), 40_005, counts=True)),
        FAILS,
    ),
    Trap("no_payment", "no payment row: unknown, not zero", NONE, UNKNOWN, share=0.003, in_tiers=True),
    Trap(
        "premium_quarantined_twelfth",
        "eleven months and a quarantined row prove nothing",
        chain(drop(4), pay_badly("regular", (-1, 4), (-1, 4, 18), "-350.00")),
        UNKNOWN,
    ),
    Trap(
        "premium_quarantined_thirteenth",
        "twelve months and a quarantined row: the base is unknown",
        pay_badly("back_payment", (-1, 4), (-1, 9, 18), "见附件"),
        UNKNOWN,
    ),
    Trap("december_in_january", "counts as a month, not in last year's base", december_in_january),
    Trap(
        "earlier_december",
        "a regular payment of last year is in the base, whatever its month",
        pay("regular", (-2, 12), (-1, 1, 8), 51_003, counts=True),
    ),
    Trap("late_fee", "late fees never count", pay("late_fee", (-1, 5), (-1, 8, 8), 99_999, counts=False)),
    Trap(
        "back_payment_same_year",
        "a back payment for last year is in the base",
        pay("back_payment", (-1, 5), (-1, 8, 9), 77_777, counts=True),
    ),
    Trap(
        "back_payment_earlier_year",
        "a back payment for an earlier year is not",
        pay("back_payment", (-2, 6), (-1, 8, 9), 66_666, counts=False),
    ),
    Trap(
        "back_payment_this_year",
        "a back payment that came in this year is not",
        pay("back_payment", (-1, 6), (0, 2, 9), 55_555, counts=False),
    ),
    Trap("odd_fen", "half a fen is rounded up", odd_fen, units=30),
    Trap(
        "month_in_two_payments",
        "one month paid on two days",
        pay("regular", (-1, 2), (-1, 2, 28), 12_347, counts=True),
    ),
)
