"""Traps about refunds that were paid before, and about the selected scheme."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stable_jobs_demo.block import Raw
from stable_jobs_demo.draw import difficult_fen, general_fen
from stable_jobs_demo.moment import LAST
from stable_jobs_demo.traps.base import (
    Change,
    L,
    Scene,
    Trap,
    X,
    chain,
    heads,
    on,
    put,
    recovering,
    send,
    serial,
)

Array = npt.NDArray[Any]


def paid(share: tuple[int, int], plus: int = 0, *, parts: int = 1, scheme: str = "general") -> Change:
    """Paid before: a share of the entitlement that will be taken, plus some fen, in so many vouchers."""

    def change(scene: Scene, i: Array) -> None:
        block = scene.block
        due = np.where(block.is_recovering, difficult_fen(block), 0)
        due = np.maximum(general_fen(block, scene.moment.year), due)
        fen = due * share[0] // share[1] + plus
        for part in range(parts):
            amounts = np.where(part == parts - 1, fen - fen // parts * part, fen // parts)
            _vouchers(scene, i, amounts, part, scheme)
        block.already_paid[i] = fen[i]

    return change


def _vouchers(scene: Scene, i: Array, amounts: Array, part: int, scheme: str) -> None:
    send(
        "prior_refunds",
        policy_year=lambda s, unit: s.moment.year,
        scheme=scheme,
        amount=lambda s, unit: int(amounts[unit]),
        paid_date=on(-30 - part),
        voucher_no=serial(f"P{part}"),
        payment_reference=None,
    )(scene, i)


BAD_REFUND = chain(
    send(
        "prior_refunds",
        policy_year=lambda scene, unit: scene.moment.year,
        scheme="general",
        amount=Raw("壹仟元"),
        paid_date=on(-20),
        voucher_no=serial("PX"),
        payment_reference=None,
    ),
    put(knows_already=False),
)


def season(scene: Scene, i: Array) -> None:
    """Ten heads in both Decembers and 420 between them: much premium, small headcount."""
    heads(420, before=10, last=10)(scene, i)
    scene.block.claimants[i] = 0
    scene.block.size_class[i] = "small"


def same_amount(scene: Scene, i: Array) -> None:
    """Two heads in December and premiums such that both schemes give the same fen."""
    heads(60, before=2, last=2)(scene, i)
    block = scene.block
    block.employer[i] = block.employee[i] = 6 * block.city.benefit * 2 * 2 // 24
    block.claimants[i] = 0
    block.size_class[i] = "small"


def no_last_december(scene: Scene, i: Array) -> None:
    """The headcount of the difficult scheme's amount is missing; the average is not."""
    heads(30)(scene, i)
    scene.block.heads[i, LAST] = -1
    scene.block.claimants[i] = 0
    scene.block.size_class[i] = "small"


TRAPS = (
    Trap("paid_less", "the difference is topped up", paid((2, 5)), share=0.006, in_tiers=True),
    Trap("paid_less_twice", "two vouchers", paid((3, 5), parts=2)),
    Trap("paid_equal", "nothing is left to pay; taken all the same", paid((1, 1))),
    Trap("paid_more", "never negative", paid((1, 1), plus=10_001)),
    Trap(
        "paid_difficult",
        "both schemes count against either",
        chain(recovering, paid((1, 2), scheme="difficult")),
        cities=(L, X),
    ),
    Trap("paid_quarantined", "a quarantined refund: eligible, but what is left is unknown", BAD_REFUND),
    Trap(
        "paid_ineligible",
        "paid before and ineligible now",
        chain(paid((1, 2)), put(arrears=70_000)),
        ("no_arrears",),
    ),
    Trap(
        "general_better", "both schemes, the general one is better", chain(recovering, season), cities=(L, X)
    ),
    Trap("equal_schemes", "both the same: general", chain(recovering, same_amount), cities=(L, X)),
    Trap(
        "difficult_amount_unknown",
        "the difficult amount is unknown: general is taken",
        chain(recovering, no_last_december),
        cities=(X,),
    ),
)
