"""The outcome of each unit, by the generator's own construction.

Reasons are those with which the unit's trap or its later event was declared; amounts are summed in
whole fen from the arrays that the files are written from. No rule of the product is read or called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stable_jobs_demo.block import Block, headcount
from stable_jobs_demo.draw import difficult_fen, general_fen
from stable_jobs_demo.events import EVENTS, Event
from stable_jobs_demo.traps.base import Trap
from stable_jobs_demo.traps.every import TRAPS

Array = npt.NDArray[Any]

TESTS = (
    "in_scope", "active", "paid_months", "no_arrears", "layoff_rate", "headcount_held", "size_known",
    "not_excluded", "account_known", "fund_able", "in_time", "applied",
)  # fmt: skip
"""The tests in the order in which a unit sees its reasons."""


@dataclass(frozen=True)
class Scheme:
    """One scheme's rows: which units have one, entitlement in fen (-1 unknown), eligible, taken."""

    name: str
    has_row: Array
    fen: Array
    is_eligible: Array
    is_taken: Array


@dataclass(frozen=True)
class Settled:
    """A block's outcome. Sums are over taken rows; an unknown headcount or payable adds nothing."""

    general: Scheme
    difficult: Scheme
    enterprises: int
    employees: int
    fen: int


def reasons_of(block: Block, unit: int, scheme: str) -> tuple[str, ...]:
    """The reasons of one of a block's units; an ordinary one to which nothing happened has none."""
    event, trap = int(block.event[unit]), int(block.trap[unit])
    if event >= 0:
        return _declared(EVENTS[event], scheme)
    return () if trap < 0 else _declared(TRAPS[trap], scheme)


def _declared(one: Trap | Event, scheme: str) -> tuple[str, ...]:
    return one.general if scheme == "general" or one.difficult is None else one.difficult


def decision_of(reasons: tuple[str, ...]) -> str:
    """Any failure: ineligible; else anything unknown: undecided; else eligible."""
    if not reasons:
        return "eligible"
    return "undecided" if all(reason.endswith("_unknown") for reason in reasons) else "ineligible"


def _eligible(block: Block, scheme: str) -> Array:
    traps = np.array([True] + [not _declared(trap, scheme) for trap in TRAPS])
    events = np.array([True] + [not _declared(event, scheme) for event in EVENTS])
    clean = np.where(block.event >= 0, events[block.event + 1], traps[block.trap + 1])
    return np.asarray(clean & is_unit(block))


def is_unit(block: Block) -> Array:
    """Units whose own row is accepted."""
    exists = np.array([True] + [trap.is_unit for trap in TRAPS])
    return np.asarray(exists[block.trap + 1])


def settle(block: Block, year: int) -> Settled:
    """Decide by declaration, take the larger known entitlement (equal: general), sum what is taken."""
    has_difficult = block.is_recovering & (block.city.benefit > 0)
    general, difficult = general_fen(block, year), difficult_fen(block)
    can_general = _eligible(block, "general")
    can_difficult = _eligible(block, "difficult") & has_difficult
    a, b = np.where(can_general, general, -1), np.where(can_difficult, difficult, -1)
    takes_general, takes_difficult = (a >= 0) & (a >= b), (b >= 0) & (b > a)
    taken = takes_general | takes_difficult
    paid = np.where(block.knows_already, np.maximum(np.maximum(a, b) - block.already_paid, 0), 0)
    return Settled(
        Scheme("general", is_unit(block), general, can_general, takes_general),
        Scheme("difficult", has_difficult & is_unit(block), difficult, can_difficult, takes_difficult),
        int(taken.sum()),
        int(np.maximum(headcount(block), 0)[taken].sum()),
        int(paid[taken].sum()),
    )
