"""Bigger nights: the five cities in proportion, ordinary units and a thin share of failures.

No answer key beyond totals. Written in pieces, so that memory does not grow with the tier. Premium months of
Y-1 only; headcounts from December Y-2 to December Y-1, and the current month only where the region asks for
it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from stable_jobs.errors import UsageError
from stable_jobs.published_totals import published_totals
from stable_jobs_demo.block import Block, Extra
from stable_jobs_demo.city import FIVE, City
from stable_jobs_demo.deliver import CsvFile
from stable_jobs_demo.draw import Draw, draw_block, draw_heads, draw_rates, recover
from stable_jobs_demo.files import ONLY_FOR_ALL, Office, control_total
from stable_jobs_demo.key import Total, totals
from stable_jobs_demo.regional import benefit_rows, fund_rows
from stable_jobs_demo.render import Spelling, render_extras, render_rows
from stable_jobs_demo.tables import TABLES
from stable_jobs_demo.traps.base import Scene
from stable_jobs_demo.traps.every import TRAPS

Array = npt.NDArray[Any]

TIERS = {
    "county": 5_000,
    "prefecture": 60_000,
    "big_city": 300_000,
    "province": 1_500_000,
    "nation-may-2020": 3_200_000,
    "nation": 14_400_000,
}
"""Insured units by tier: of May 2020 the enterprises that were paid, of the nation all insured employers."""
PIECE = 50_000
"""Units that are in memory at a time."""
FAILURES = 0.004
"""Share of each failure among a piece's units."""
EVERYONE = "000000"


@dataclass
class Tally:
    """Rows written so far, and the totals of each region."""

    rows: int = 0
    regions: dict[str, Total] = field(default_factory=dict)

    def add(self, block: Block, year: int) -> None:
        """Add one piece's totals to its region's."""
        (piece,) = totals([block], year)
        before = self.regions.get(piece.region, Total(piece.region, 0, 0, 0, 0))
        self.regions[piece.region] = Total(
            piece.region,
            before.units + piece.units,
            before.enterprises + piece.enterprises,
            before.employees + piece.employees,
            before.fen + piece.fen,
        )


def write_tier(office: Office, tier: str) -> tuple[int, list[Total]]:
    """Write a tier's files. Rows, and one total a region. UsageError for a tier that does not exist."""
    if tier not in TIERS:
        raise UsageError(f"no tier {tier}: give one of {', '.join(TIERS)}")
    tally, serial, listed = Tally(), 0, list[Extra]()
    for city, units in shares(TIERS[tier]):
        with ExitStack() as files:
            open_files = {
                name: files.enter_context(CsvFile(office.slot(name, city.code))) for name in _regional(office)
            }
            for block in _pieces(office, city, units, serial):
                listed += [extra for extra in block.extras if extra.extract in ONLY_FOR_ALL]
                _write_piece(office, open_files, block, tally)
                tally.add(block, office.moment.year)
            _write_extras(
                office, open_files, fund_rows(city, office.moment) + benefit_rows(city, office.moment), tally
            )
        serial += units
        office.progress(city.code)
    for name in sorted(ONLY_FOR_ALL):
        with CsvFile(office.slot(name, EVERYONE)) as file:
            _write_extras(office, {name: file}, listed, tally)
    return tally.rows, list(tally.regions.values())


def shares(units: int) -> list[tuple[City, int]]:
    """The cities' parts of a tier, in proportion to their published enterprises; the last takes the rest."""
    known = published_totals()
    whole = sum(known[city.code].enterprises for city in FIVE)
    parts = [units * known[city.code].enterprises // whole for city in FIVE]
    parts[-1] += units - sum(parts)
    return list(zip(FIVE, parts, strict=True))


def _regional(office: Office) -> list[str]:
    return [name for name in office.contracts if name not in ONLY_FOR_ALL]


def _pieces(office: Office, city: City, units: int, serial: int) -> Iterator[Block]:
    mean = published_totals()[city.code].employees / published_totals()[city.code].enterprises
    for number, start in enumerate(range(0, units, PIECE)):
        rng = np.random.default_rng(np.random.SeedSequence([office.seed, int(city.code), 2_000 + number]))
        count = min(PIECE, units - start)
        draw = Draw(city, office.moment, office.seed, serial + start, rng)
        block = draw_block(draw, draw_heads(count, mean, rng), draw_rates(count, city, rng))
        if city.benefit:
            recover(block, np.flatnonzero(rng.random(count) < city.recovering))
        if not city.holds_headcount:
            block.heads[:, -1] = -1
        _fail(Scene(block, office.moment, rng, *_NO_CODES))
        yield block


_NO_CODES = (np.empty(0, dtype=object), np.empty(0, dtype=object))


def _fail(scene: Scene) -> None:
    """Give a thin share of the units to each failure, no unit to two."""
    block = scene.block
    plain = np.flatnonzero(~block.is_recovering & (block.size_class != "large"))
    order, each, start = scene.rng.permutation(plain), int(len(block) * FAILURES), 0
    for number, trap in enumerate(TRAPS):
        if not trap.in_tiers or scene.city.code not in trap.cities:
            continue
        places = np.sort(order[start : start + each])
        start += each
        if len(places):
            block.trap[places] = number
            trap.change(scene, places)
    if not scene.city.holds_headcount:
        block.heads[:, -1] = -1


def _write_piece(office: Office, files: dict[str, CsvFile], block: Block, tally: Tally) -> None:
    for name, make in TABLES.items():
        contract = office.contracts[name]
        rows = make(block, office.moment)
        columns = render_rows(rows, contract, Spelling(contract.null_words, None))
        files[name].add(columns, control_total(contract, rows, []))
        tally.rows += len(columns[0])
    _write_extras(office, files, [replace(e) for e in block.extras if e.extract not in ONLY_FOR_ALL], tally)


def _write_extras(office: Office, files: dict[str, CsvFile], extras: list[Extra], tally: Tally) -> None:
    for name, file in files.items():
        rows = [extra for extra in extras if extra.extract == name]
        if rows:
            contract = office.contracts[name]
            columns = render_extras(
                [row.values for row in rows], contract, Spelling(contract.null_words, None)
            )
            file.add(columns, control_total(contract, None, rows))
            tally.rows += len(rows)
