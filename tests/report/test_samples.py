from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from stable_jobs.contracts.model import Contract
from stable_jobs.report.samples import masked_samples
from stable_jobs.store import catalog
from stable_jobs.store.validations import Validation
from stable_jobs.validation.validate import validate_extract
from tests.validation.staged_rows import CONTRACT, GOOD, NANCHANG, NATION, XIAN, D, Shop, many, rule, values

pytestmark = pytest.mark.xdist_group("great_expectations")


def validate(shop: Shop, contract: Contract = CONTRACT) -> Validation:
    with shop.engine.connect() as connection:
        deliveries = catalog.current_deliveries(connection, D, contract.extract)
    return validate_extract(shop.con, shop.engine, shop.lake, contract, D, deliveries)


def samples(shop: Shop, contract: Contract = CONTRACT, **options: int) -> dict[str, list[Mapping[str, Any]]]:
    return masked_samples(shop.con, shop.engine, shop.lake, contract, validate(shop, contract), **options)


def test_a_sample_says_where_the_row_is_and_shows_no_account(shop: Shop) -> None:
    delivery = shop.deliver(
        NATION,
        values(
            (GOOD, XIAN, "1", 1),
            (GOOD, NANCHANG, "6222021234567890", 2000),
            (None, XIAN, "6222021234567890", -1),
        ),
    )
    found = samples(shop)
    assert found == {
        "refunds.uscc.required": [
            {
                "delivery_id": delivery.id,
                "row_no": 3,
                "region_code": XIAN,
                "values": [
                    {"column": "uscc", "header": "「uscc」", "text": None},
                    {"column": "amount", "header": "「amount」", "text": "-1.00"},
                ],
            }
        ],
        "refunds.amount.minimum": [
            {
                "delivery_id": delivery.id,
                "row_no": 3,
                "region_code": XIAN,
                "values": [
                    {"column": "amount", "header": "「amount」", "text": "-1.00"},
                    {"column": "uscc", "header": "「uscc」", "text": None},
                ],
            }
        ],
        "refunds.amount.large": [
            {
                "delivery_id": delivery.id,
                "row_no": 2,
                "region_code": NANCHANG,
                "values": [
                    {"column": "amount", "header": "「amount」", "text": "2000.00"},
                    {"column": "account_no", "header": "「account_no」", "text": "****7890"},
                    {"column": "uscc", "header": "「uscc」", "text": GOOD},
                ],
            }
        ],
    }


def test_what_staging_changed_is_shown_as_it_was_sent(shop: Shop) -> None:
    sent = values((GOOD, XIAN, "１２３", -1000))
    shop.deliver(XIAN, f'SELECT *, \'{{"amount": "－１，０００", "x": 1}}\' AS raw FROM ({sent})')
    shown = samples(shop)["refunds.amount.minimum"][0]["values"]
    assert [v["text"] for v in shown] == ["－１，０００", GOOD]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        pytest.param("长" * 60, "长" * 60, id="sixty characters"),
        pytest.param("长" * 61, "长" * 59 + "…", id="one more is cut"),
        pytest.param("6222000220961514681", "****4681", id="an account in another column"),
    ],
)
def test_what_a_sample_shows_of_a_text(shop: Shop, sent: str, shown: str) -> None:
    rows = values((GOOD, XIAN, "1", -1000))
    shop.deliver(XIAN, f'SELECT *, \'{{"amount": "{sent}"}}\' AS raw FROM ({rows})')
    found = samples(shop)["refunds.amount.minimum"][0]["values"]
    assert found[0]["text"] == shown


@pytest.mark.parametrize("limit", [pytest.param(5, id="five"), pytest.param(2, id="two")])
def test_the_first_failing_rows_by_id(shop: Shop, limit: int) -> None:
    shop.deliver(XIAN, many(100, XIAN, bad=9))
    found = samples(shop, limit=limit)["refunds.amount.minimum"]
    assert [s["row_no"] for s in found] == list(range(1, limit + 1))


def test_nothing_failed_nothing_shown(shop: Shop) -> None:
    shop.deliver(XIAN, many(10, XIAN))
    assert samples(shop) == {}


def test_a_warning_that_is_no_query_has_no_samples(shop: Shop) -> None:
    made = rule("refunds.amount.between", "ExpectColumnValuesToBeBetween", column="amount", max_value=5)
    shop.deliver(XIAN, many(10, XIAN))
    warning = replace(made, severity=CONTRACT.rules[3].severity)
    assert samples(shop, replace(CONTRACT, rules=(warning,))) == {}
