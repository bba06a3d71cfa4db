from collections.abc import Callable
from decimal import Decimal

import pytest

from stable_jobs.rendering.charts import bar, funnel, share_bar, sparkline


@pytest.mark.parametrize(
    ("values", "points"),
    [
        pytest.param([], "", id="no night"),
        pytest.param([5], "117,3", id="one night stands at the right"),
        pytest.param([0], "117,25", id="one night without failures"),
        pytest.param([0, 0, 0], "3,25 60,25 117,25", id="all zero is flat at the bottom"),
        pytest.param([0, 5, 10], "3,25 60,14 117,3", id="the largest is the top"),
        pytest.param([4, 4], "3,3 117,3", id="steady"),
    ],
)
def test_sparkline(values: list[int], points: str) -> None:
    assert sparkline(values).points == points


def test_sparkline_marks_the_last_night_and_closes_its_area() -> None:
    drawn = sparkline([0, 10])
    assert (str(drawn.last), drawn.peak) == ("117,3", 10)
    assert drawn.area == "3,28 3,25 117,3 117,28"
    assert (sparkline([]).last, sparkline([]).area) == (None, "")


@pytest.mark.parametrize(
    ("parts", "drawn"),
    [
        pytest.param([("a", 1), ("b", 3)], [("a", 0, 50), ("b", 50, 150)], id="by share"),
        pytest.param([("a", 0), ("b", 3)], [("b", 0, 200)], id="zero has no segment"),
        pytest.param([("a", 0)], [], id="all zero"),
        pytest.param([("a", Decimal("-0.01")), ("b", 3)], [("b", 0, 200)], id="below zero has no length"),
        pytest.param([("a", 999_999), ("b", 1)], [("a", 0, 198), ("b", 198, 2)], id="thin is still seen"),
        pytest.param(
            [("a", Decimal("0.01")), ("b", Decimal("0.03"))], [("a", 0, 50), ("b", 50, 150)], id="yuan"
        ),
    ],
)
def test_bar(
    parts: list[tuple[str, int | Decimal]],
    drawn: list[tuple[str, int, int]],
) -> None:
    assert [(s.kind, s.x, s.width) for s in bar(parts).segments] == drawn


def test_share_bar_is_the_part_and_the_rest() -> None:
    drawn = share_bar(1, 4, "critical", width=80)
    assert [(s.kind, s.width) for s in drawn.segments] == [("critical", 20), ("rest", 60)]


def test_funnel_is_centred_and_linked() -> None:
    top, bottom = funnel([("in", 10), ("out", 5)], width=100, step=46).stages
    assert (top.x, top.width, top.y) == (0, 100, 0)
    assert (bottom.x, bottom.width, bottom.y) == (25, 50, 46)
    assert top.link == "0,30 100,30 75,46 25,46"
    assert bottom.link == ""


def test_funnel_of_nothing() -> None:
    assert [s.width for s in funnel([("in", 0), ("out", 0)]).stages] == [0, 0]


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda: sparkline([1, -1]), id="sparkline below zero"),
        pytest.param(lambda: share_bar(5, 4, "critical"), id="part above its whole"),
        pytest.param(lambda: funnel([("a", 1), ("b", 2)]), id="funnel that widens"),
    ],
)
def test_numbers_that_cannot_be_drawn(draw: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"chart|larger|widen"):
        draw()
