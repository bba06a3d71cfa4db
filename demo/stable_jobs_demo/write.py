"""`stable-jobs demo`: the departments' extracts for a business date, and the answer key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from stable_jobs.contracts.model import Contract
from stable_jobs.errors import UsageError
from stable_jobs_demo.block import Block, Extra
from stable_jobs_demo.city import COUNTIES, FIVE, TONGHUA, City
from stable_jobs_demo.draw import draw_block, draw_heads, draw_rates
from stable_jobs_demo.files import Office, Progress, write_blocks
from stable_jobs_demo.key import Total, quarantined_units, totals, write_key, yuan
from stable_jobs_demo.later import befall, cut_budget, later_head, mend
from stable_jobs_demo.moment import Moment
from stable_jobs_demo.orphans import orphans
from stable_jobs_demo.plant import Plot, plant
from stable_jobs_demo.refusals import expected as refused
from stable_jobs_demo.refusals import sound_extras, spoil_all
from stable_jobs_demo.regional import benefit_rows, fund_rows
from stable_jobs_demo.tiers import write_tier

FIRST_DAY, LAST_DAY = (5, 1), (12, 30)
"""Between these days of 2020 the demonstration's traps mean what they say: after Lanzhou's deadline, in the
policy year that the demonstration's parameters are for."""
POLICY_YEAR = 2020


@dataclass(frozen=True)
class DemoResult:
    """The demo data that was written. key: the file of the answer key; None for a tier."""

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
    first_night: date | None = None,
) -> DemoResult:
    """Write every delivery of the night under `landing`, and the answer key to `key`.

    The same seed and date give the same bytes. The generator makes Y-1's premium months only (and a few of
    other years in traps). tier: a size of `tiers.TIERS` instead of the cities as published, without a key.
    first_night: the cities as drawn for that earlier day of the month, and what befell them since
    (`events`); the broken region has mended its files by then. None: this is the first night.
    Raises UsageError for a date or tier that the demonstration does not have, and where the folder holds
    other files of that date.
    """
    first = business_date if first_night is None else first_night
    check_night(business_date, first, tier)
    office = Office(landing, contracts, Moment(business_date), seed, progress or silent)
    before = _ages(landing, business_date)
    result = _write_cities(office, Moment(first), key) if tier is None else _write_tier(office, tier)
    _check_alone(before, _ages(landing, business_date))
    return result


def check_night(day: date, first: date, tier: str | None) -> None:
    """UsageError unless the demonstration has the night of `day` in cities drawn for the day `first`."""
    _check_date(first)
    _check_date(day)
    if first == day:
        return
    if tier is not None:
        raise UsageError(f"a tier has one night: give --tier {tier} with one --date")
    if first > day or (first.year, first.month) != (day.year, day.month):
        raise UsageError(
            f"{day} cannot be a later night of the cities of {first}: give a later day of the same month, "
            "such as --date 2020-05-11 --date 2020-05-19"
        )


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


def _write_cities(office: Office, first: Moment, key: Path | None) -> DemoResult:
    if first == office.moment:
        return _write_first(office, key)
    return _write_later(office, first, key)


def _write_first(office: Office, key: Path | None) -> DemoResult:
    blocks = plant(office.moment, office.seed, COUNTIES)
    office.progress("units")
    broken = _broken(office.moment, office.seed)
    extras = sound_extras(broken, office.moment.year)
    rows = write_blocks(office, blocks, _regional(office, (*FIVE, *COUNTIES)))
    write_broken(office, broken, extras)
    held: dict[str, object] = {
        "held_regions": {TONGHUA.code: "missing_delivery"},
        "refused": refused(office, TONGHUA.code),
    }
    return _finish(office, key, blocks, rows, held)


def _write_later(office: Office, first: Moment, key: Path | None) -> DemoResult:
    blocks = plant(first, office.seed, COUNTIES)
    befall(blocks, office.seed, first)
    cut = cut_budget(blocks, first.year)
    office.progress("units")
    mended = _broken(first, office.seed)
    extras = sound_extras(mended, first.year)
    mend(mended)
    rows = write_blocks(office, blocks, _regional(office, (*FIVE, *COUNTIES), {cut.region: cut.now}))
    rows += _write_apart(office, mended, extras)
    more = {"held_regions": {}, "refused": []} | later_head(first, [*blocks, mended], cut)
    return _finish(office, key, [*blocks, mended], rows, more)


def _finish(
    office: Office, key: Path | None, blocks: list[Block], rows: int, more: dict[str, object]
) -> DemoResult:
    lines = totals(blocks, office.moment.year)
    if key is not None:
        write_key(key, blocks, office.moment.year, _head(office, blocks, lines, more))
        office.progress("key")
    return DemoResult(sum(line.units for line in lines), rows, tuple(lines), key, NOTE)


def _regional(
    office: Office, cities: Iterable[City], cut: Mapping[str, int] | None = None
) -> Iterable[tuple[str, Extra]]:
    for city in cities:
        for extra in fund_rows(city, office.moment, cut) + benefit_rows(city, office.moment):
            yield city.code, extra


def _broken(moment: Moment, seed: int) -> Block:
    plot = Plot(TONGHUA, moment, seed, len(FIVE) + len(COUNTIES))
    draw = plot.draw(1, plot.place * 100_000)
    heads = draw_heads(24, 20, draw.rng)
    block = draw_block(draw, heads, draw_rates(len(heads), TONGHUA, draw.rng))
    block.claimants[:3] = block.is_recovering[:3] = 1
    return block


def _write_apart(office: Office, block: Block, extras: Iterable[tuple[str, Extra]]) -> int:
    """A region's deliveries, each in a file of its own."""
    return write_blocks(
        office, [block], [*_regional(office, [block.city]), *extras], only_for_all=frozenset()
    )


def write_broken(office: Office, block: Block, extras: Iterable[tuple[str, Extra]]) -> None:
    """The broken region's deliveries: written soundly, then spoiled."""
    _write_apart(office, block, extras)
    spoil_all(office, block.city.code)
    office.progress(block.city.code)


def _head(
    office: Office, blocks: list[Block], lines: list[Total], more: dict[str, object]
) -> dict[str, object]:
    return {
        "seed": office.seed,
        "business_date": office.moment.on.isoformat(),
        "policy_year": office.moment.year,
        "note": NOTE,
        "totals": [{**asdict(line), "yuan": yuan(line.fen)} for line in lines],
        **more,
        "quarantined_units": quarantined_units(blocks),
        "orphans": orphans(blocks, office.moment),
    }
