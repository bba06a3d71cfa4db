from datetime import date, timedelta

import pytest

from stable_jobs.report.parts import NightCount, Trend

FIRST = date(2020, 5, 1)


@pytest.mark.parametrize(
    ("failed", "state", "nights_failing"),
    [
        pytest.param([0], "clean", 0, id="passes on the first night"),
        pytest.param([3], "first", 1, id="fails on the first night"),
        pytest.param([0, 3], "new", 1, id="new tonight"),
        pytest.param([5, 0, 3], "new", 1, id="back after a night without"),
        pytest.param([0, 2, 3], "failing", 2, id="two nights on end"),
        pytest.param([1, 2, 3], "always", 3, id="every night on record"),
        pytest.param([2, 0], "ended", 0, id="failed last night"),
        pytest.param([2, 0, 0], "clean", 0, id="ended a night before"),
    ],
)
def test_trend(failed: list[int], state: str, nights_failing: int) -> None:
    trend = Trend(tuple(NightCount(FIRST + timedelta(days=i), n) for i, n in enumerate(failed)))
    assert (trend.state, trend.nights_failing) == (state, nights_failing)
    assert trend.counts == tuple(failed)
