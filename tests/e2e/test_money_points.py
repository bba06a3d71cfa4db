"""Every point at which a step is killed names a function that the product has."""

from __future__ import annotations

from importlib import import_module
from operator import attrgetter

import pytest

from tests.e2e.kill_points import read_point
from tests.e2e.money_points import POINTS, SERVER

SPELLED = sorted({*SERVER.values(), *(point for stage in POINTS.values() for point in stage)})


@pytest.mark.parametrize("spelled", SPELLED)
def test_a_point_names_a_function(spelled: str) -> None:
    point = read_point(spelled)

    assert callable(attrgetter(point.function)(import_module(point.module)))
