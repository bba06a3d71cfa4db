"""A later night of the same cities: what befell their units since the first one, and a budget that was cut.

The facts of the first night stay as they were drawn for it. Payable amounts in a later night's key know
finance's earlier refunds only: what the ledger instructed in between is to be taken off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stable_jobs_demo.block import Block
from stable_jobs_demo.city import XIAN
from stable_jobs_demo.events import EVENTS, ORDINARY, SHARE, Event, event_number
from stable_jobs_demo.key import name_of, yuan
from stable_jobs_demo.moment import Moment
from stable_jobs_demo.outcome import settle
from stable_jobs_demo.refusals import REFUNDED
from stable_jobs_demo.regional import budget_of
from stable_jobs_demo.traps.base import Scene

Array = npt.NDArray[Any]

PART = 3
"""The part of a city's draws that chooses units; its traps are 1, its ordinary units 2."""
WAITING = 40
"""Units for which the cut budget does not reach."""
ORDER = ("epidemic_supplies", "catering", "accommodation", "tourism", "retail", "shipping")
"""Xi'an's categories in the order of payment, written a second time on purpose."""
LATER_NOTE = (
    "The facts of the first night, and the events since. Payable is before what our own ledger instructed. "
    "The benefit standard announced for the day after the first night is put off to the day after this one. "
    "首日事实不变，另加其后发生的事件；应付金额未扣除本系统其间已发起的支付；原定首日次日执行的失业保险金标准推迟。"
)


@dataclass(frozen=True)
class Cut:
    """A refund budget that finance cut, fen. waiting: the codes it does not reach, in their order, once all
    that was publicised in the first night and has not changed is paid for."""

    region: str
    was: int
    now: int
    waiting: tuple[str, ...]


def befall(blocks: Iterable[Block], seed: int, first: Moment) -> None:
    """Let every event befall its units, in place, no unit twice."""
    for block in blocks:
        rng = np.random.default_rng(np.random.SeedSequence([seed, int(block.city.code), PART]))
        nobody = np.empty(0, dtype=object)
        scene = Scene(block, first, rng, nobody, nobody)
        for number, event in enumerate(EVENTS):
            places = _places(block, event, rng)
            if len(places):
                event.change(scene, places)
                block.event[places] = number


def _places(block: Block, event: Event, rng: np.random.Generator) -> Array:
    if block.city.code not in event.cities:
        return np.empty(0, dtype=np.int64)
    places = np.flatnonzero(_is_of(block, event.of) & (block.event < 0))
    if event.is_every:
        return places
    return np.sort(rng.permutation(places)[: SHARE[block.city.code]])


def _is_of(block: Block, name: str) -> Array:
    """Units of a class; of the ordinary ones those that take the general scheme."""
    classes = {number: name_of(number) for number in set(block.trap.tolist())}
    same = [number for number, found in classes.items() if found == name]
    return np.isin(block.trap, same) & ~(block.is_recovering & (name == ORDINARY))


def mend(block: Block) -> None:
    """The broken region's units, in place: decided for the first time.

    Its first three are recovering and have applied for the general scheme alone; the first is on a list.
    """
    block.event[:] = event_number("region_mended")
    block.event[:3] = event_number("region_mended_recovering")
    block.event[0] = event_number("region_mended_listed")
    block.already_paid[0] = REFUNDED


def cut_budget(blocks: Iterable[Block], year: int) -> Cut:
    """Xi'an's budget: it ends before the last units in order (priority, then code) of those in notice."""
    block = next(block for block in blocks if block.city is XIAN)
    payable, uscc = _in_notice(block, year), block.uscc.tolist()
    places = np.flatnonzero(payable > 0).tolist()
    rank = [ORDER.index(c) if c in ORDER else len(ORDER) for c in block.category.tolist()]
    ordered = sorted(places, key=lambda unit: (rank[unit], uscc[unit]))
    reached = len(ordered) - min(WAITING, len(ordered) // 4)
    now = int(payable[ordered[:reached]].sum())
    return Cut(XIAN.code, budget_of(XIAN), now, tuple(uscc[unit] for unit in ordered[reached:]))


def _in_notice(block: Block, year: int) -> Array:
    """Fen that the first night put on notice and that still stand; 0 for everybody else."""
    settled = settle(block, year)
    general, difficult = settled.general, settled.difficult
    due = np.where(general.is_taken, general.fen, np.where(difficult.is_taken, difficult.fen, 0))
    keeps = np.array([True] + [event.keeps_notice for event in EVENTS])
    stands = keeps[block.event + 1] & block.knows_already
    return np.where(stands, np.maximum(due - block.already_paid, 0), 0)


def later_head(first: Moment, blocks: Sequence[Block], cut: Cut) -> dict[str, Any]:
    """The entries of a later night's answer key that the key of a first night does not have."""
    counts = Counter(number for block in blocks for number in block.event.tolist())
    return {
        "first_night": first.on.isoformat(),
        "later_note": LATER_NOTE,
        "events": [
            {"name": event.name, "why": event.why, "of": event.of, "units": counts[number]}
            for number, event in enumerate(EVENTS)
            if counts[number]
        ],
        "budget_cut": {**asdict(cut), "was": yuan(cut.was), "now": yuan(cut.now)},
    }
