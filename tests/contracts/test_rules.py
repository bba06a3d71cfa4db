"""The rules written in contracts themselves, and the order of all."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from stable_jobs.contracts.model import Contract, Scope
from tests.contracts.conftest import Failing, Row


@pytest.mark.parametrize(
    ("rule_id", "rows", "failed"),
    [
        pytest.param(
            "premium_payments.paid_date.not_after",
            [{"paid_date": date(2020, 5, d)} for d in (11, 12)] + [{"paid_date": None}],
            [1],
            id="paid",
        ),
        pytest.param(
            "prior_refunds.paid_date.not_after",
            [{"paid_date": date(2020, 5, d)} for d in (11, 12)],
            [1],
            id="refunded",
        ),
        pytest.param(
            "enterprise_sizes.determined_on.not_after",
            [{"determined_on": date(2020, 5, d)} for d in (11, 12)],
            [1],
            id="determined",
        ),
        pytest.param(
            "applications.submitted_at.not_after",
            [{"submitted_at": f"2020-05-{d} 23:59:00"} for d in (11, 12)],
            [1],
            id="submitted, to the last minute of the day",
        ),
    ],
)
def test_not_after_the_business_date(
    failing: Failing, rule_id: str, rows: list[Row], failed: list[int]
) -> None:
    assert failing(rule_id, rows) == failed


def test_premium_per_head_is_plausible(failing: Failing) -> None:
    premiums = ["59.99", "60.00", "20000.00", "20000.01", "0.00"]
    rows: list[Row] = [{"base_regular": Decimal(p), "year_sum": 24, "year_months": 12} for p in premiums]
    rows += [
        {"base_regular": Decimal(60), "year_sum": None, "year_months": None},
        {"base_regular": Decimal(60), "year_sum": 0, "year_months": 12},
    ]
    assert failing("premium_payments.unit.plausible", rows) == [0, 3]


@pytest.mark.parametrize(
    ("rule_id", "later", "earlier"),
    [
        pytest.param("exclusion_list.removed_on.order", "removed_on", "listed_on", id="removed after listed"),
        pytest.param("priority_list.valid_to.order", "valid_to", "valid_from", id="ends after it starts"),
    ],
)
def test_ranges_in_order(contracts: dict[str, Contract], rule_id: str, later: str, earlier: str) -> None:
    (rule,) = [rule for rule in contracts[rule_id.split(".", 1)[0]].rules if rule.id == rule_id]
    assert rule.expectation == "ExpectColumnPairValuesAToBeGreaterThanB"
    assert rule.arguments == {
        "column_A": later,
        "column_B": earlier,
        "or_equal": True,
        "ignore_row_if": "either_value_is_missing",
    }


def test_only_plausibility_is_of_units(contracts: dict[str, Contract]) -> None:
    ids = [rule.id for c in contracts.values() for rule in c.rules if rule.scope is Scope.UNIT]
    assert ids == ["premium_payments.unit.plausible"]
