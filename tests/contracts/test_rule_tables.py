"""Which rows and deliveries the contract's own rules fail, and which they spare."""

from __future__ import annotations

from datetime import date

import pytest

from stable_jobs.contracts.model import Contract, Kind, Scope
from stable_jobs.contracts.rule_tables import bound
from tests.contracts.conftest import Failing, Row


def sent(slot: str, region: str | None) -> Row:
    return {"delivery_region": slot, "region_code": region}


@pytest.mark.parametrize(
    ("rule_id", "rows", "failed"),
    [
        pytest.param(
            "taxpayers.region_code.known",
            [
                sent("610100", "610100"),
                sent("000000", "610199"),
                sent("000000", "000000"),
                sent("000000", None),
            ],
            [1, 2],
            id="known",
        ),
        pytest.param(
            "fund_balances.region_code.known",
            [sent("610100", "610000"), sent("610100", "000000"), sent("610100", "619900")],
            [2],
            id="known, the nation included",
        ),
        pytest.param(
            "taxpayers.region_code.expected",
            [
                sent("610100", "610100"),
                sent("610100", "220400"),
                sent("610100", "610000"),
                sent("000000", "220400"),
                sent("610100", None),
            ],
            [1, 2],
            id="own region",
        ),
        pytest.param(
            "fund_balances.region_code.expected",
            [
                sent("610122", "610122"),
                sent("610122", "610100"),
                sent("610122", "610000"),
                sent("610122", "000000"),
                sent("610122", "610124"),
                sent("610100", "610122"),
            ],
            [4, 5],
            id="any region above",
        ),
        pytest.param(
            "enterprise_sizes.region_code.expected",
            [sent("610100", "610100"), sent("610100", "220400")],
            [1],
            id="sent for",
        ),
    ],
)
def test_regions(failing: Failing, rule_id: str, rows: list[Row], failed: list[int]) -> None:
    assert failing(rule_id, rows) == failed


@pytest.mark.parametrize(
    ("rule_id", "rows", "failed"),
    [
        pytest.param(
            "monthly_headcount.month.window",
            [{"month": m} for m in (201811, 201812, 202005, 202006, None)],
            [0, 3],
            id="headcount: December Y-2 to the business date",
        ),
        pytest.param(
            "benefit_claims.year.window",
            [{"year": y} for y in (2018, 2019, 2020, None)],
            [0, 2],
            id="claims: Y-1",
        ),
        pytest.param(
            "fund_balances.year.window", [{"year": y} for y in (2018, 2019, 2020)], [0, 2], id="balances: Y-1"
        ),
        pytest.param(
            "prior_refunds.policy_year.window",
            [{"policy_year": y} for y in (2019, 2020, 2021)],
            [0, 2],
            id="refunds: Y",
        ),
        pytest.param(
            "premium_payments.fee_month.window",
            [
                {"fee_month": 201612, "paid_date": date(2016, 12, 31)},
                {"fee_month": 201612, "paid_date": date(2017, 1, 1)},
                {"fee_month": 201701, "paid_date": date(2016, 12, 31)},
                {"fee_month": 202006, "paid_date": date(2020, 5, 11)},
                {"fee_month": 202006, "paid_date": date(2020, 5, 12)},
                {"fee_month": None, "paid_date": date(2010, 1, 1)},
            ],
            [0, 4],
            id="premium: fee month or paid date since January Y-3",
        ),
    ],
)
def test_windows(failing: Failing, rule_id: str, rows: list[Row], failed: list[int]) -> None:
    assert failing(rule_id, rows) == failed


def test_no_premium_is_for_a_month_that_has_not_come(failing: Failing) -> None:
    """Also where the window is met by the day of payment."""
    months = (202004, 202005, 202006, 202101, 999812, None)
    rows = [{"fee_month": m, "paid_date": date(2020, 5, 11)} for m in months]

    assert failing("premium_payments.fee_month.not_after", rows) == [2, 3, 4]
    assert failing("premium_payments.fee_month.not_after", rows, date(2020, 12, 31)) == [3, 4]


def counted(rows: int, previous: int | None) -> Row:
    return {"delivery_region": "610100", "rows": rows, "previous_rows": previous}


@pytest.mark.parametrize(
    ("rule_id", "rows", "failed"),
    [
        pytest.param(
            "taxpayers.rows.change",
            [
                counted(71, 100),
                counted(70, 100),
                counted(129, 100),
                counted(130, 100),
                counted(5, None),
                counted(5, 0),
            ],
            [1, 3],
            id="warning at 30 %",
        ),
        pytest.param(
            "taxpayers.rows.drop",
            [
                counted(41, 100),
                counted(40, 100),
                counted(0, 100),
                counted(900, 100),
                counted(0, None),
                counted(0, 0),
            ],
            [1, 2],
            id="hold at -60 %",
        ),
        pytest.param(
            "taxpayers.rows.tolerance",
            [
                {"quarantined": 5, "rows": 100, "tolerance": "0.05"},
                {"quarantined": 6, "rows": 100, "tolerance": "0.05"},
                {"quarantined": 6, "rows": 100, "tolerance": "0.06"},
                {"quarantined": 0, "rows": 0, "tolerance": "0.05"},
            ],
            [1],
            id="the tolerance of whoever sent it",
        ),
        pytest.param(
            "exclusion_list.rows.tolerance",
            [
                {"quarantined": 1, "rows": 1, "tolerance": "1"},
                {"quarantined": 1, "rows": 10**12, "tolerance": "0"},
                {"quarantined": 1, "rows": 10**6, "tolerance": "0.000001"},
            ],
            [1],
            id="all, none, one of a million",
        ),
    ],
)
def test_deliveries(failing: Failing, rule_id: str, rows: list[Row], failed: list[int]) -> None:
    assert failing(rule_id, rows) == failed


@pytest.mark.parametrize(
    ("on", "failed"),
    [
        pytest.param(date(2020, 1, 31), [], id="January: the year has begun anew"),
        pytest.param(date(2020, 2, 1), [0], id="February"),
    ],
)
@pytest.mark.parametrize("extract", ["prior_refunds", "applications"])
def test_extracts_of_a_policy_year_may_empty_in_january(
    failing: Failing, extract: str, on: date, failed: list[int]
) -> None:
    assert failing(f"{extract}.rows.drop", [counted(0, 100)], on) == failed


@pytest.mark.parametrize(
    ("extract", "columns"),
    [
        pytest.param("insured_units", ["delivery_id", "region_code", "uscc"], id="unit"),
        pytest.param(
            "benefit_standards", ["delivery_id", "region_code", "effective_from"], id="region in the key"
        ),
        pytest.param("prior_refunds", ["delivery_id", "region_code", "voucher_no"], id="voucher"),
        pytest.param(
            "premium_payments",
            ["delivery_id", "region_code", "uscc", "fee_month", "paid_date", "payment_kind"],
            id="four columns",
        ),
    ],
)
def test_the_key_is_unique_within_a_delivery_and_region(
    contracts: dict[str, Contract], extract: str, columns: list[str]
) -> None:
    (rule,) = [rule for rule in contracts[extract].rules if rule.id == f"{extract}.key.unique"]
    assert rule.expectation == "ExpectCompoundColumnsToBeUnique"
    assert rule.arguments == {"column_list": columns}


def test_only_rules_on_row_counts_are_the_deliverys(contracts: dict[str, Contract]) -> None:
    for extract, contract in contracts.items():
        ids = {rule.id for rule in contract.rules if rule.scope is Scope.DELIVERY}
        assert ids == {f"{extract}.rows.{what}" for what in ("change", "drop", "tolerance")}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param(Kind.INTEGER, "D", id="a year that is a day"),
        pytest.param(Kind.INTEGER, "Y-1/01", id="a year with a month"),
        pytest.param(Kind.MONTH, "Y-1", id="a month without a month"),
        pytest.param(Kind.DATE, "Y-1", id="a date without a month"),
        pytest.param(Kind.CODE, "Y-1", id="a code"),
    ],
)
def test_a_bound_that_says_nothing(kind: Kind, text: str) -> None:
    with pytest.raises(ValueError, match="a bound that fits"):
        bound(kind, text)
