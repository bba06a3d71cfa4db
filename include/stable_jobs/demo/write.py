"""`stable-jobs demo`: the departments' extracts for a business date, and the answer key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from stable_jobs.contracts.model import Contract
from stable_jobs.demo.block import Block, Extra
from stable_jobs.demo.city import COUNTIES, FIVE, TONGHUA, City
from stable_jobs.demo.draw import draw_block, draw_heads, draw_rates
from stable_jobs.demo.files import Office, Progress, write_blocks
from stable_jobs.demo.key import Total, quarantined_units, totals, write_key, yuan
from stable_jobs.demo.moment import Moment
from stable_jobs.demo.orphans import orphans
from stable_jobs.demo.plant import Plot, plant
from stable_jobs.demo.refusals import expected as refused
from stable_jobs.demo.refusals import sound_extras, spoil_all
from stable_jobs.demo.regional import benefit_rows, fund_rows
from stable_jobs.demo.tiers import write_tier
from stable_jobs.errors import UsageError

FIRST_DAY, LAST_DAY = (5, 1), (12, 30)
"""Between these days of 2020 the demonstration's traps mean what they say: after Lanzhou's deadline, in the
policy year that the demonstration's parameters are for."""
POLICY_YEAR = 2020


@dataclass(frozen=True)
class DemoResult:
    """What was written. key: the answer key; None for a tier."""

    units: int
    rows: int
    totals: tuple[Total, ...]
    key: Path | None
    note: str


NOTE = "Premium months of Y-1 only 仅生成上一年度的缴费月份"


def silent(message: str) -> None:
    """No progress."""


def write_demo(
    landing: Path,
    *,
    seed: int,
    business_date: date,
    contracts: Mapping[str, Contract],
    tier: str | None = None,
    key: Path | None = None,
    progress: Progress | None = None,
) -> DemoResult:
    """Write every delivery of the night under `landing`, and the answer key to `key`.

    The same seed and date give the same bytes. The generator makes Y-1's premium months only (and a few of
    other years in traps). tier: a size of `tiers.TIERS` instead of the cities as published, without a key.
    Raises UsageError for a date or tier that the demonstration does not have, and where the folder holds
    other files of that date.
    """
    _check_date(business_date)
    office = Office(landing, contracts, Moment(business_date), seed, progress or silent)
    before = _ages(landing, business_date)
    result = _write_cities(office, key) if tier is None else _write_tier(office, tier)
    _check_alone(before, _ages(landing, business_date))
    return result


def _write_tier(office: Office, tier: str) -> DemoResult:
    rows, lines = write_tier(office, tier)
    return DemoResult(sum(line.units for line in lines), rows, tuple(lines), None, NOTE)


def _ages(landing: Path, day: date) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in landing.glob(f"*/*/{day.isoformat()}/*")}


def _check_alone(before: Mapping[Path, int], after: Mapping[Path, int]) -> None:
    """UsageError where files of that date were there before and are not of this demonstration."""
    strangers = sorted(path for path, age in before.items() if after.get(path) == age)
    if strangers:
        raise UsageError(
            f"{len(strangers)} files of that date were there before, such as {strangers[0]}: they would be "
            "taken for part of the demonstration; remove them or give another landing folder"
        )


def _check_date(day: date) -> None:
    if day.year != POLICY_YEAR or not FIRST_DAY <= (day.month, day.day) <= LAST_DAY:
        raise UsageError(
            f"the demonstration is for business dates from {POLICY_YEAR}-05-01 to {POLICY_YEAR}-12-30, "
            f"not {day}: give --date 2020-05-11"
        )


def _write_cities(office: Office, key: Path | None) -> DemoResult:
    blocks = plant(office.moment, office.seed, COUNTIES)
    office.progress("units")
    broken = _broken(office)
    extras = sound_extras(broken, office.moment.year)
    rows = write_blocks(office, blocks, _regional(office, (*FIVE, *COUNTIES)))
    write_broken(office, broken, extras)
    lines = totals(blocks, office.moment.year)
    if key is not None:
        write_key(key, blocks, office.moment.year, _head(office, blocks, lines))
        office.progress("key")
    return DemoResult(sum(line.units for line in lines), rows, tuple(lines), key, NOTE)


def _regional(office: Office, cities: Iterable[City]) -> Iterable[tuple[str, Extra]]:
    for city in cities:
        for extra in fund_rows(city, office.moment) + benefit_rows(city, office.moment):
            yield city.code, extra


def _broken(office: Office) -> Block:
    plot = Plot(TONGHUA, office.moment, office.seed, len(FIVE) + len(COUNTIES))
    draw = plot.draw(1, plot.place * 100_000)
    heads = draw_heads(24, 20, draw.rng)
    block = draw_block(draw, heads, draw_rates(len(heads), TONGHUA, draw.rng))
    block.claimants[:3] = block.is_recovering[:3] = 1
    return block


def write_broken(office: Office, block: Block, extras: Iterable[tuple[str, Extra]]) -> None:
    """The broken region's deliveries: written soundly, then spoiled."""
    regional = [*_regional(office, [block.city]), *extras]
    write_blocks(office, [block], regional, only_for_all=frozenset())
    spoil_all(office, block.city.code)
    office.progress(block.city.code)


def _head(office: Office, blocks: list[Block], lines: list[Total]) -> dict[str, object]:
    return {
        "seed": office.seed,
        "business_date": office.moment.on.isoformat(),
        "policy_year": office.moment.year,
        "note": NOTE,
        "totals": [{**asdict(line), "yuan": yuan(line.fen)} for line in lines],
        "held_regions": {TONGHUA.code: "missing_delivery"},
        "refused": refused(office, TONGHUA.code),
        "quarantined_units": quarantined_units(blocks),
        "orphans": orphans(blocks, office.moment),
    }
