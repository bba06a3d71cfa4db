from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from stable_jobs.report.parts import NightCount, Trend, totals
from tests.report.report_night import line

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


# --- the reconciliation line ---


LINE = line((3, 2, 1, 4), "10.01", late="0.02", orphan="0.03", held=5)


def test_parts_stand_beside_their_whole() -> None:
    assert (LINE.units_in, LINE.premium_in) == (15, Decimal("10.06"))
    assert dict(LINE.units) == {"eligible": 3, "ineligible": 2, "undecided": 1, "held": 5, "quarantined": 4}
    assert dict(LINE.premium)["orphan"] == Decimal("0.03")
    assert LINE.stages == (("units_in", 15), ("readable", 11), ("decided", 5), ("eligible", 3))


@pytest.mark.parametrize(
    ("field", "what"),
    [
        pytest.param("units_eligible", "units", id="a unit appears"),
        pytest.param("premium_late_fee", "premium", id="a yuan appears"),
    ],
)
def test_a_line_that_does_not_add_up_is_not_made(field: str, what: str) -> None:
    with pytest.raises(AssertionError, match=f"{what} do"):
        replace(LINE, **{field: getattr(LINE, field) + 1})


def test_totals() -> None:
    both = totals([LINE, line((1, 0, 0, 0), "1.00")])
    assert both is not None
    assert (both.units_in, both.premium_in) == (16, Decimal("11.06"))
    assert totals([]) is None
