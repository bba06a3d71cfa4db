"""Ordinary units: healthy in every test, with sizes, industries and histories that could be real."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stable_jobs_demo import codes, names
from stable_jobs_demo.block import Block, headcount
from stable_jobs_demo.city import City
from stable_jobs_demo.moment import HEAD_MONTHS, Moment

Array = npt.NDArray[Any]

_BANKS = 60
_CHANNELS = ("online", "wechat", "telephone", "counter")
_RATINGS = ("A", "B", "M", "C", "D", "")


@dataclass(frozen=True)
class Draw:
    """The values from which a block is drawn. `serial`: of its first unit, unique over the whole demo."""

    city: City
    moment: Moment
    seed: int
    serial: int
    rng: np.random.Generator


def draw_heads(count: int, mean: float, rng: np.random.Generator) -> Array:
    """Headcounts with a long tail: most units are micro, a few carry the sum."""
    sigma = 1.2
    drawn = rng.lognormal(np.log(mean) - sigma**2 / 2, sigma, count)
    return np.maximum(1, np.rint(drawn)).astype(np.int64)


def size_of(heads: Array) -> Array:
    """A size for each headcount (the real classes also look at turnover)."""
    return np.select([heads < 20, heads < 300, heads < 1000], ["micro", "small", "medium"], "large").astype(
        object
    )


def draw_rates(count: int, city: City, rng: np.random.Generator) -> Array:
    """Premium in fen a head and month, scattered around the city's nominal one."""
    scatter = np.clip(rng.normal(1.0, 0.12, count), 0.7, 1.3)
    return np.rint(city.premium / 12 * scatter).astype(np.int64)


def month_heads(city: City, heads: Array, rng: np.random.Generator) -> Array:
    """Fourteen months that give exactly `heads` as the city's headcount, and lose at most 2 % in a year.

    The drift is odd around the middle of the year, so that the twelve months' average is the level.
    """
    drift = np.trunc(heads * rng.uniform(-0.01, 0.08, len(heads))).astype(np.int64)
    level = heads if city.uses_average else heads - drift
    steps = np.rint(drift[:, None] * (np.arange(12) - 5.5) / 5.5).astype(np.int64)
    current = np.rint((level + drift) * rng.uniform(0.93, 1.07, len(heads))).astype(np.int64)
    months = np.empty((len(heads), HEAD_MONTHS), dtype=np.int64)
    months[:, 0] = level - drift
    months[:, 1:13] = level[:, None] + steps
    months[:, 13] = np.maximum(1, current)
    return months


def draw_claimants(city: City, heads: Array, rng: np.random.Generator) -> Array:
    """Claimants of Y-1, at most 2.5 % (one in ten to thirty); -1 where labor has nothing to say.

    A city whose formulas do not read claims sends a row for every unit.
    """
    many = np.trunc(heads * rng.uniform(0, 0.025, len(heads))).astype(np.int64)
    one = (heads >= 10) & (heads <= 30) & (rng.random(len(heads)) < 0.15)
    claimants = np.where(one, 1, many)
    silent = (rng.random(len(heads)) < 0.8) & city.is_claim_rate
    return np.where((claimants == 0) & silent, -1, claimants)


def _full(count: int, value: Any) -> Array:
    return np.full(count, value, dtype=object)


def _identity(draw: Draw, count: int) -> dict[str, Array]:
    rng, city = draw.rng, draw.city
    serials = np.arange(draw.serial, draw.serial + count, dtype=np.int64)
    industries = names.draw_industries(count, rng)
    suffixes = np.array(["00", "02", "03", "11", "22", "81"], dtype=object)[rng.integers(6, size=count)]
    ages = rng.integers(520, 8_000, count)
    return {
        "uscc": codes.credit_codes(serials, _full(count, "91"), city.code[:4] + suffixes, draw.seed),
        "unit_name": names.unit_names(city.name_zh, industries, rng),
        "unit_no": (np.int64(city.code) * 10**8 + serials).astype("U14").astype(object),
        "legal_form": _full(count, "enterprise"),
        "industry_code": names.industry_codes(industries),
        "insured_since": draw.moment.days(-ages),
        "insured_status": _full(count, "active"),
        "is_dispatch": np.zeros(count, dtype=bool),
        "parent": _full(count, ""),
        "registration_no": _full(count, ""),
        "spare_registration_no": codes.registration_numbers(serials, city.code),
    }


def _payments(draw: Draw, count: int) -> dict[str, Array]:
    months = draw.moment.fee_months
    firsts = np.array([f"{month // 100}-{month % 100:02d}-01" for month in months], dtype="datetime64[D]")
    pay_day = draw.rng.integers(4, 25, count)
    return {
        "employer": np.zeros((count, 12), dtype=np.int64),
        "employee": np.zeros((count, 12), dtype=np.int64),
        "month_sent": np.ones((count, 12), dtype=bool),
        "paid_on": firsts[None, :] + pay_day[:, None].astype("timedelta64[D]"),
        "more_base": np.zeros(count, dtype=np.int64),
        "already_paid": np.zeros(count, dtype=np.int64),
        "arrears": np.zeros(count, dtype=np.int64),
        "taxpayer_status": _full(count, "normal"),
        "credit_rating": np.array(_RATINGS, dtype=object)[draw.rng.integers(6, size=count)],
    }


def _accounts(draw: Draw, name: Array) -> dict[str, Array]:
    count = len(name)
    serials = np.arange(draw.serial, draw.serial + count, dtype=np.int64)
    bank_codes, bank_names = codes.bank_codes(_BANKS), names.bank_names(draw.city.name_zh, _BANKS)
    tax, payee = draw.rng.integers(_BANKS, size=(2, count))
    return {
        "tax_account_name": name.copy(),
        "tax_account_no": codes.account_numbers(serials, draw.seed, 1),
        "tax_bank": bank_codes[tax],
        "tax_bank_name": bank_names[tax],
        "payee_name": name.copy(),
        "payee_no": codes.account_numbers(serials, draw.seed, 2),
        "payee_bank": bank_codes[payee],
        "payee_bank_name": bank_names[payee],
        "payee_status": _full(count, "verified"),
    }


def _applications(draw: Draw, count: int, size: Array) -> dict[str, Array]:
    rng, day = draw.rng, draw.moment
    opened = np.datetime64(f"{day.year}-03-01", "s")
    instant = opened + rng.integers(8 * 3600, 55 * 86_400, count).astype("timedelta64[s]")
    is_large = np.asarray(size == "large", dtype=bool)
    return {
        "applies_general": np.full(count, draw.city.all_apply) | (is_large & draw.city.large_apply),
        "applies_difficult": np.zeros(count, dtype=bool),
        "application_serial": np.arange(draw.serial, draw.serial + count, dtype=np.int64),
        "submitted_at": instant,
        "channel": np.array(_CHANNELS, dtype=object)[rng.integers(4, size=count)],
        "declared_headcount": np.full(count, -1, dtype=np.int64),
        "declared_size": _full(count, ""),
        "is_signed": np.ones(count, dtype=bool),
    }


def _sizes(draw: Draw, size: Array) -> dict[str, Array]:
    count = len(size)
    bases = np.array(["relief_2020", "statistics", "self_declared"], dtype=object)
    return {
        "size_class": size,
        "size_basis": bases[draw.rng.choice(3, size=count, p=[0.7, 0.2, 0.1])],
        "determined_on": draw.moment.days(-draw.rng.integers(20, 110, count)),
    }


def draw_block(draw: Draw, heads: Array, rates: Array) -> Block:
    """Healthy units with these headcounts and premiums; none is recovering yet."""
    count, rng = len(heads), draw.rng
    identity = _identity(draw, count)
    size = size_of(heads)
    values: dict[str, Any] = {
        **identity,
        **_payments(draw, count),
        **_accounts(draw, identity["unit_name"]),
        **_applications(draw, count, size),
        **_sizes(draw, size),
        **{name: np.ones(count, dtype=bool) for name in _TRUE},
    }
    block = Block(
        city=draw.city,
        trap=np.full(count, -1, dtype=np.int64),
        event=np.full(count, -1, dtype=np.int64),
        rate=rates,
        heads=month_heads(draw.city, heads, rng),
        claimants=draw_claimants(draw.city, heads, rng),
        layoffs=np.full(count, -1, dtype=np.int64),
        attrition=np.full(count, -1, dtype=np.int64),
        is_recovering=np.zeros(count, dtype=bool),
        recovering_from=np.full(count, "NaT", dtype="datetime64[D]"),
        recovering_to=np.full(count, "NaT", dtype="datetime64[D]"),
        category=_full(count, ""),
        **values,
    )
    block.reprice(np.arange(count))
    return block


_TRUE = ("sends_unit", "sends_taxpayer", "sends_payee", "knows_premium", "knows_headcount", "knows_already")


def recover(block: Block, i: Array) -> None:
    """Put the units `i` on the recovering list, with an application where they need one."""
    block.is_recovering[i] = True
    block.applies_difficult[i] = block.applies_general[i]


def base_fen(block: Block, year: int) -> Array:
    """Premium base of policy year `year`: what came in during the year before, fen."""
    inside = block.month_sent & (block.paid_on.astype("datetime64[Y]").astype(np.int64) + 1970 == year - 1)
    regular = ((block.employer + block.employee) * inside).sum(axis=1)
    return np.asarray(regular + block.more_base)


def general_fen(block: Block, year: int) -> Array:
    """Half the base, half-up to the fen; -1 where the base cannot be known."""
    return np.where(block.knows_premium, (base_fen(block, year) + 1) // 2, -1)


def difficult_fen(block: Block) -> Array:
    """Six months of benefit a head; -1 where the headcount cannot be known."""
    heads = headcount(block)
    return np.where(heads >= 0, 6 * block.city.benefit * heads, -1)
