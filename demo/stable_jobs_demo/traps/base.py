"""The definition of a trap, and the small changes of which traps are made.

A trap is declared: a name, what it proves, a change to ordinary units, and the reasons that follow by
design. Nothing here evaluates a rule; the reasons are written down by whoever built the trap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from stable_jobs_demo.block import Block, Extra
from stable_jobs_demo.city import FIVE, LANZHOU, LIAOYUAN, NANCHANG, QIQIHAR, XIAN, City
from stable_jobs_demo.draw import recover
from stable_jobs_demo.moment import LAST, Moment

Array = npt.NDArray[Any]

L, N, Z, Q, X = LIAOYUAN.code, NANCHANG.code, LANZHOU.code, QIQIHAR.code, XIAN.code
ALL = tuple(city.code for city in FIVE)
EVERYONE = "000000"
"""The file for all regions: development sends its exclusion list so."""


@dataclass(frozen=True)
class Scene:
    """One city's trap units, and what changes need beside them. `twins`: codes shared with other cities."""

    block: Block
    moment: Moment
    rng: np.random.Generator
    twins: Array
    """Credit codes that several cities use, by place within a trap."""
    strangers: Array
    """Credit codes of enterprises that are insured nowhere: head offices, orphans."""

    @property
    def city(self) -> City:
        """The city."""
        return self.block.city


Change = Callable[[Scene, Array], None]
"""Changes the units at the given places of the scene's block."""


@dataclass(frozen=True)
class Trap:
    """A class of units with one outcome.

    general, difficult: reason codes in test order; difficult None: as general. units: over all cities
    together. share: of the enterprises that the city published, where that gives more. is_unit: False where
    the unit's own row is quarantined, so that no decision exists.
    """

    name: str
    why: str
    change: Change
    general: tuple[str, ...] = ()
    difficult: tuple[str, ...] | None = None
    cities: tuple[str, ...] = ALL
    units: int = 20
    share: float = 0.0
    is_unit: bool = True
    in_tiers: bool = False


def nothing(scene: Scene, i: Array) -> None:
    """No change: the unit is ordinary."""


def chain(*changes: Change) -> Change:
    """One change after the other."""

    def change(scene: Scene, i: Array) -> None:
        for step in changes:
            step(scene, i)

    return change


def put(**values: Any) -> Change:
    """Set arrays of the block to one value each."""

    def change(scene: Scene, i: Array) -> None:
        for name, value in values.items():
            getattr(scene.block, name)[i] = value

    return change


def put_day(name: str, offset: int) -> Change:
    """Set a date to the business date plus so many days."""

    def change(scene: Scene, i: Array) -> None:
        getattr(scene.block, name)[i] = np.datetime64(scene.moment.day(offset))

    return change


def heads(
    level: int | None = None, *, before: int | None = None, last: int | None = None, now: int | None = None
) -> Change:
    """Headcounts: `level` in all months; `before` December Y-2, `last` December Y-1, `now` this month."""

    def change(scene: Scene, i: Array) -> None:
        for places, value in ((slice(0, 14), level), (0, before), (LAST, last), (13, now)):
            if value is not None:
                scene.block.heads[i, places] = value
        scene.block.reprice(i)

    return change


def lose(lost: int, of: int, size: str, *, claimants: int | None = None) -> Change:
    """Lose `lost` of `of` heads, in the measure of the city: December to December, or claimants.

    The current month stays near the year's level, and a large firm applies where large firms must.
    """

    def change(scene: Scene, i: Array) -> None:
        city, block = scene.city, scene.block
        last = of - lost if city.is_insured_rate else of
        heads(of, last=last, now=last)(scene, i)
        block.claimants[i] = lost if claimants is None else claimants
        block.size_class[i] = size
        if size == "large" and city.large_apply:
            block.applies_general[i] = True

    return change


def by_city(**changes: Change) -> Change:
    """Another change in each city, by its letter: L, N, Z, Q, X."""
    letters = {L: "L", N: "N", Z: "Z", Q: "Q", X: "X"}

    def change(scene: Scene, i: Array) -> None:
        changes[letters[scene.city.code]](scene, i)

    return change


def apply(scene: Scene, i: Array) -> None:
    """The units apply for the general scheme."""
    scene.block.applies_general[i] = True


def recovering(scene: Scene, i: Array) -> None:
    """The units are on the recovering list."""
    recover(scene.block, i)


def use_strange_parent(scene: Scene, i: Array) -> None:
    """The units become branches of enterprises that are insured nowhere here, one each."""
    scene.block.parent[i] = scene.strangers[i]
    scene.block.unit_name[i] = scene.block.unit_name[i] + "分公司"
    scene.block.tax_account_name[i] = scene.block.payee_name[i] = scene.block.unit_name[i]


Value = Any | Callable[[Scene, int], Any]


def send(extract: str, *, to: str = "", **values: Value) -> Change:
    """One more row a unit, with its code and region where not given; a callable value gets scene and unit."""

    def change(scene: Scene, i: Array) -> None:
        for unit in i.tolist():
            row: dict[str, Any] = {"uscc": scene.block.code_in(extract)[unit], "region_code": scene.city.code}
            row |= {k: v(scene, unit) if callable(v) else v for k, v in values.items()}
            scene.block.extras.append(Extra(extract, row, to))

    return change


def on(offset: int) -> Callable[[Scene, int], date]:
    """The business date plus so many days, for a row."""
    return lambda scene, unit: scene.moment.day(offset)


def at(offset: int, *clock: int) -> Callable[[Scene, int], datetime]:
    """An instant relative to the business date, for a row."""
    return lambda scene, unit: scene.moment.at(offset, *clock)


def parent(scene: Scene, unit: int) -> Any:
    """The head office of a unit, for a row."""
    return scene.block.parent[unit]


def serial(prefix: str) -> Callable[[Scene, int], str]:
    """A number of its own for each unit, for a row's key."""
    return lambda scene, unit: (
        f"{prefix}{scene.city.code}{scene.moment.year}{int(scene.block.application_serial[unit]):08d}"
    )
