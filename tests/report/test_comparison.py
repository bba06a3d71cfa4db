"""The comparison's figures add up, and go to JSON and back."""

import json
from decimal import Decimal
from typing import Any

import pytest

from stable_jobs.report.comparison import ComparisonFacts, comparison_from_json, comparison_json
from tests.report.compared_night import COMPARED, a_baseline, a_region


def test_sums() -> None:
    found = a_baseline()
    assert dict(found.kinds) == {"appeared": 0, "gone": 1_242, "changed": 3}
    assert (found.rows, found.payable_before, found.payable_difference) == (
        1_245,
        Decimal("19.50"),
        Decimal("1234557.50"),
    )
    assert [region.sides for region in found.regions] == [None, "only_before"]
    assert a_region(is_decided_before=False).sides == "only_after"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(COMPARED, id="one baseline"),
        pytest.param(ComparisonFacts(None, a_baseline()), id="the other"),
        pytest.param(ComparisonFacts(None, None), id="none"),
        pytest.param(ComparisonFacts(a_baseline(regions=(), reasons=(), largest=()), None), id="equal"),
    ],
)
def test_there_and_back(facts: ComparisonFacts) -> None:
    assert comparison_from_json(json.loads(json.dumps(comparison_json(facts)))) == facts


def test_money_is_text() -> None:
    found: Any = comparison_json(COMPARED)["night_before"]
    assert found["payable_difference"] == "1234557.50"
    assert found["regions"][0]["payable_before"] == "10.50"
    assert (found["largest"][0]["payable_before"], found["largest"][0]["payable_after"]) == (
        None,
        "1234567.00",
    )


def test_only_those_there_are() -> None:
    assert list(COMPARED.baselines) == ["night_before"]
