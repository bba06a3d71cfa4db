"""The two extracts about regions: the fund's balance and the monthly benefit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from stable_jobs.published_totals import published_totals
from stable_jobs_demo.block import Extra
from stable_jobs_demo.city import LANTIAN, LIAOYUAN, XIAN, ZHOUZHI, City
from stable_jobs_demo.moment import Moment

_PAYOUT = 60_000_000_00
"""Annual payout of every fund, fen: a plain number, so that reserve months are exact."""


def budget_of(city: City) -> int:
    """Fen approved for a city's refunds: a fifth more than it published."""
    published = published_totals().get(city.code)
    return 50_000_000_00 if published is None else published.fen // 10 * 12


def fund_rows(city: City, moment: Moment, cut: Mapping[str, int] | None = None) -> list[Extra]:
    """The city's own balance. Zhouzhi's file repeats Xi'an's row: its pool, the province, reports none.

    cut: fen of the refund budget by region where it is another one by now.
    """
    reporting = XIAN if city is ZHOUZHI else city
    row = {
        "region_code": reporting.code,
        "year": moment.year - 1,
        "rolling_balance": _PAYOUT * reporting.fund_months // 12,
        "annual_payout": _PAYOUT,
        "refund_budget": (cut or {}).get(reporting.code, budget_of(reporting)),
    }
    return [Extra("fund_balances", row)]


def benefit_rows(city: City, moment: Moment) -> list[Extra]:
    """Standards around the one that holds: an older one, one of next month, one of a region further up.

    Liaoyuan states its own beside its province's; Xi'an and its counties have the province's only.
    """
    if not city.benefit:
        return [_benefit(city.code, date(moment.year - 1, 1, 1), 120_000)]
    if city in (XIAN, LANTIAN, ZHOUZHI):
        return _standards("610000", city.benefit, moment)
    extra = [_benefit("220000", date(moment.year, 4, 1), 155_000)] if city is LIAOYUAN else []
    return _standards(city.code, city.benefit, moment) + extra


def _standards(region: str, benefit: int, moment: Moment) -> list[Extra]:
    return [
        _benefit(region, date(moment.year - 2, 10, 1), benefit - 15_000),
        _benefit(region, date(moment.year - 1, 5, 1), benefit),
        _benefit(region, moment.day(1), benefit + 20_000),
    ]


def _benefit(region: str, since: date, fen: int) -> Extra:
    return Extra(
        "benefit_standards", {"region_code": region, "effective_from": since, "monthly_benefit": fen}
    )
