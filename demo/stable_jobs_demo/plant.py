"""One city's units: its traps, and ordinary units that bring the sums to what the city published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stable_jobs.published_totals import Published, published_totals
from stable_jobs_demo import codes
from stable_jobs_demo.block import Block, headcount, join
from stable_jobs_demo.city import FIVE, City
from stable_jobs_demo.draw import (
    Draw,
    difficult_fen,
    draw_block,
    draw_heads,
    draw_rates,
    general_fen,
    recover,
)
from stable_jobs_demo.moment import Moment
from stable_jobs_demo.outcome import settle
from stable_jobs_demo.traps.base import Scene
from stable_jobs_demo.traps.every import TRAPS, counts_in

Array = npt.NDArray[Any]

ROOM = 100_000
"""Serial numbers of one city of the demonstration."""
STRANGERS, TWINS = 20_000_000, 25_000_000
_CATEGORY = {"2770": "epidemic_supplies", "6210": "catering", "6220": "catering", "6110": "accommodation",
             "6121": "accommodation", "7291": "tourism", "5211": "retail", "5212": "retail"}  # fmt: skip


@dataclass(frozen=True)
class Plot:
    """Where a city's units stand: its place among the regions, the seed, the moment."""

    city: City
    moment: Moment
    seed: int
    place: int

    def rng(self, part: int) -> np.random.Generator:
        """A generator of its own for each part, so that one part's draws do not move another's."""
        return np.random.default_rng(np.random.SeedSequence([self.seed, int(self.city.code), part]))

    def draw(self, part: int, serial: int) -> Draw:
        """The values from which a block is drawn."""
        return Draw(self.city, self.moment, self.seed, serial, self.rng(part))


def plant_traps(plot: Plot, enterprises: int) -> Block:
    """The city's trap units, changed as their traps say."""
    counts = counts_in(plot.city.code, enterprises)
    draw = plot.draw(1, plot.place * ROOM)
    heads = np.minimum(draw_heads(sum(counts), 14, draw.rng), 180)
    block = draw_block(draw, heads, draw_rates(len(heads), plot.city, draw.rng))
    block.trap[:] = np.repeat(np.arange(len(TRAPS)), counts)
    scene = Scene(block, plot.moment, draw.rng, *_other_codes(plot, len(block)))
    for number, trap in enumerate(TRAPS):
        places = np.flatnonzero(block.trap == number)
        if len(places):
            trap.change(scene, places)
    return block


def _other_codes(plot: Plot, count: int) -> tuple[Array, Array]:
    """Codes that cities share, and codes of enterprises insured nowhere."""
    twins = np.arange(TWINS, TWINS + 100, dtype=np.int64)
    strangers = np.arange(count, dtype=np.int64) + STRANGERS + plot.place * ROOM
    return _companies(twins, "110101", plot.seed), _companies(strangers, plot.city.code, plot.seed)


def _companies(serials: Array, place: str, seed: int) -> Array:
    full = np.full(len(serials), "91", dtype=object), np.full(len(serials), place, dtype=object)
    return codes.credit_codes(serials, *full, seed)


def fit_sum(heads: Array, total: int) -> Array:
    """Headcounts of the same shape whose sum is `total`; every one stays at least 1."""
    scaled = np.maximum(1, np.rint(heads * (total / heads.sum())).astype(np.int64))
    gap = total - int(scaled.sum())
    largest = np.argsort(-scaled, kind="stable")[: max(1, len(scaled) // 10)]
    shares = np.full(len(largest), gap // len(largest))
    shares[: gap % len(largest)] += 1
    scaled[largest] = np.maximum(1, scaled[largest] + shares)
    return np.asarray(scaled)


def plant_ordinary(plot: Plot, count: int, employees: int, fen: int, serial: int) -> Block:
    """Ordinary units, all taken, with these sums: employees exactly, yuan nearly."""
    draw = plot.draw(2, serial)
    heads = fit_sum(draw_heads(count, employees / count, draw.rng), employees)
    block = draw_block(draw, heads, draw_rates(count, plot.city, draw.rng))
    if plot.city.benefit:
        _recover_until(block, fen, draw.rng)
    _price(block, fen, plot.moment.year)
    _prioritise(block, draw.rng)
    return block


def _recover_until(block: Block, fen: int, rng: np.random.Generator) -> None:
    """As many recovering units as bring the city's refunds to `fen` at its nominal premium."""
    heads = headcount(block)
    each, usual = 6 * block.city.benefit, block.city.premium // 2
    wanted = max(0, (fen - usual * int(heads.sum())) // (each - usual))
    order = rng.permutation(len(heads))
    reached = np.concatenate([[0], np.cumsum(heads[order])])
    recover(block, order[: int(np.abs(reached - wanted).argmin())])


def _price(block: Block, fen: int, year: int) -> None:
    """Premiums such that general refunds fill what the difficult ones leave of `fen`."""
    plain = ~block.is_recovering
    left = fen - int(difficult_fen(block)[block.is_recovering].sum())
    now = int(general_fen(block, year)[plain].sum())
    block.rate[:] = np.rint(block.rate * (left / now)).astype(np.int64)
    block.reprice(np.arange(len(block)))


def _prioritise(block: Block, rng: np.random.Generator) -> None:
    """A third of the firms in the trades that come first are on the priority list."""
    categories = np.array([_CATEGORY.get(code, "") for code in block.industry_code], dtype=object)
    block.category[:] = np.where(rng.random(len(block)) < 0.35, categories, "")


def plant_city(plot: Plot) -> Block:
    """All units of one of the five cities: taken enterprises, employees and yuan as published."""
    target: Published = published_totals()[plot.city.code]
    traps = plant_traps(plot, target.enterprises)
    settled = settle(traps, plot.moment.year)
    ordinary = plant_ordinary(
        plot,
        target.enterprises - settled.enterprises,
        target.employees - settled.employees,
        target.fen - settled.fen,
        plot.place * ROOM + len(traps),
    )
    return join([traps, ordinary])


def plant(moment: Moment, seed: int, counties: tuple[City, ...]) -> list[Block]:
    """The five cities and the counties."""
    cities = [plant_city(Plot(city, moment, seed, place)) for place, city in enumerate(FIVE)]
    return cities + [
        plant_traps(Plot(county, moment, seed, len(FIVE) + k), 0) for k, county in enumerate(counties)
    ]
