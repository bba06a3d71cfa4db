"""What cities published of a day: the report of 11 May 2020."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from stable_jobs.published_totals import Published, published_totals


@pytest.mark.parametrize(
    ("region", "published"),
    [
        pytest.param("220400", Published(263, Decimal("39790000"), 9639), id="Liaoyuan"),
        pytest.param("360100", Published(7496, Decimal("100000000"), 319000), id="Nanchang"),
        pytest.param("620100", Published(7790, Decimal("75470000"), 250000), id="Lanzhou"),
        pytest.param("230200", Published(985, Decimal("62710000"), 126000), id="Qiqihar"),
        pytest.param("610100", Published(6678, Decimal("890000000"), 523000), id="Xi'an"),
        pytest.param("000000", Published(3_200_000, Decimal("42300000000"), 85_130_000), id="the nation"),
    ],
)
def test_as_the_report_says(region: str, published: Published) -> None:
    assert published_totals()[region] == published
    assert published.fen == published.refund * 100


@pytest.mark.parametrize("on", [date(2020, 5, 10), date(2020, 5, 19), date(2021, 5, 11)])
def test_no_other_day_has_any(on: date) -> None:
    assert published_totals(on) == {}
