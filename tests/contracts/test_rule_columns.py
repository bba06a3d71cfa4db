"""Which rows each column rule fails, and which it spares: every case shows both."""

from __future__ import annotations

import pytest

from stable_jobs.contracts.model import Contract, Rule, Severity
from tests.contracts.conftest import Failing

GOOD, NUMBER = "91110000600037341L", "110108000000016"


def rule_of(contracts: dict[str, Contract], rule_id: str) -> Rule:
    return {rule.id: rule for rule in contracts[rule_id.split(".", 1)[0]].rules}[rule_id]


@pytest.mark.parametrize(
    ("rule_id", "column", "values", "failed"),
    [
        pytest.param(
            "premium_payments.uscc.code",
            "uscc",
            [GOOD, "91110000600037341N", NUMBER, "110108000000017", "X", "", None, GOOD.lower()],
            [1, 3, 4, 5, 7],
            id="unit code",
        ),
        pytest.param(
            "insured_units.parent_uscc.code",
            "parent_uscc",
            [GOOD, "91110000600037341N", None],
            [1],
            id="parent's code",
        ),
        pytest.param(
            "insured_units.registration_no.code",
            "registration_no",
            [NUMBER, "110108000000017", GOOD, None],
            [1, 2],
            id="crosswalk number",
        ),
        pytest.param(
            "payee_accounts.bank_code.code",
            "bank_code",
            ["102100099996", "102100099997", "1021", None],
            [1, 2],
            id="bank code",
        ),
        pytest.param(
            "taxpayers.bank_code.code",
            "bank_code",
            ["102100099996", "102100099997", None],
            [1],
            id="optional bank code",
        ),
        pytest.param("taxpayers.uscc.old_number", "uscc", [GOOD, NUMBER, None], [1], id="old number"),
        pytest.param(
            "premium_payments.paid_date.readable",
            "unreadable",
            [None, ";paid_date;", ";fee_month;paid_date;", ";unpaid_date;", ";paid_date_2;"],
            [1, 2],
            id="unreadable",
        ),
        pytest.param(
            "insured_units.legal_form.known_value",
            "unreadable",
            [None, ";legal_form;", ";unit_name;"],
            [1],
            id="unknown label of an optional column",
        ),
        pytest.param(
            "insured_units.is_labour_dispatch.known_value",
            "unreadable",
            [None, ";is_labour_dispatch;"],
            [1],
            id="neither yes nor no",
        ),
        pytest.param(
            "exclusion_list.removed_on.readable",
            "unreadable",
            [None, ";removed_on;"],
            [1],
            id="unreadable open end",
        ),
        pytest.param(
            "monthly_headcount.month.month",
            "month",
            [201901, 201912, 201900, 201913, None],
            [2, 3],
            id="month 01 to 12",
        ),
        pytest.param(
            "insured_units.unit_name.replacement_character",
            "unit_name",
            ["辽源市（集团）", "辽\ufffd市", None],
            [1],
            id="U+FFFD",
        ),
        pytest.param(
            "insured_units.unit_name.control_character",
            "unit_name",
            [
                "辽源 市",
                "辽\t源",
                "辽\x7f源",
                "辽\n源",
                "辽x00源",
                "辽\\源",
                None,
                "辽\x85",
                "辽\u2028",
                "辽\ufdd0",
            ],
            [1, 2, 3, 7, 8, 9],
            id="what no bank's file can carry",
        ),
        pytest.param(
            "taxpayers.account_name.invisible_character",
            "account_name",
            ["辽\u200b源", "辽\u00ad源", "辽\u202e源", "辽\ufe0f源", "辽（源）·－", "Ａ b\u3000", None],
            [0, 1, 2, 3],
            id="invisible characters",
        ),
        pytest.param(
            "payee_accounts.account_name.private_character",
            "account_name",
            ["辽\ue000源", "辽\ue863源", "辽\U00100000源", "辽䶮源", None],
            [0, 1, 2],
            id="private-use characters",
        ),
        pytest.param(
            "payee_accounts.account_no.account_no",
            "account_no",
            [
                "6222021234567890",
                "150201104990",
                "0000000000000046",
                "NRA12345678",
                "12345",
                None,
                "TRUE",
                "1",
                "1234",
                "622202E12",
                "6.2E18",
                "6222021234567.0",
                '="6222021234567"',
                "'6222021234567",
                "6222*********0123",
                "6222021234567\u200b",
                "6" * 35,
                "000000000000",
                "8888888888",
                "-62220212345",
                "2020-05-11",
                "0X1F2E3D4C5B",
                "#####",
                "六二二二零二",
                "①②③④⑤⑥",
                "ABCDE1234",
                "6222,0212,3456",
            ],
            list(range(6, 27)),
            id="what no bank can take",
        ),
        pytest.param(
            "taxpayers.account_no.digits_lost",
            "account_no",
            ["6222021234567890000", "622202123456789000", "62220212345678000", "6222021234567890100", None],
            [0, 1],
            id="digits that a spreadsheet lost",
        ),
        pytest.param("insured_units.uscc.province", "uscc", [GOOD, NUMBER, None], [0], id="another province"),
    ],
)
def test_what_a_column_rule_fails(
    failing: Failing, rule_id: str, column: str, values: list[object], failed: list[int]
) -> None:
    rows = [{column: value, "region_code": "220400"} for value in values]
    assert failing(rule_id, rows) == failed


@pytest.mark.parametrize(
    ("rule_id", "expectation", "arguments"),
    [
        pytest.param(
            "premium_payments.employer_amount.minimum",
            "ExpectColumnValuesToBeBetween",
            {"column": "employer_amount", "min_value": 0},
            id="money",
        ),
        pytest.param(
            "monthly_headcount.insured_count.maximum",
            "ExpectColumnValuesToBeBetween",
            {"column": "insured_count", "max_value": 10_000_000},
            id="a number that no enterprise can have",
        ),
        pytest.param(
            "benefit_claims.layoffs.minimum",
            "ExpectColumnValuesToBeBetween",
            {"column": "layoffs", "min_value": 0},
            id="optional whole number",
        ),
        pytest.param(
            "insured_units.industry_code.length",
            "ExpectColumnValueLengthsToBeBetween",
            {"column": "industry_code", "min_value": 4, "max_value": 4},
            id="length",
        ),
    ],
)
def test_what_great_expectations_does_itself(
    contracts: dict[str, Contract], rule_id: str, expectation: str, arguments: dict[str, object]
) -> None:
    rule = rule_of(contracts, rule_id)
    assert (rule.expectation, dict(rule.arguments)) == (expectation, arguments)


@pytest.mark.parametrize(
    ("rule_id", "severity"),
    [
        pytest.param("insured_units.uscc.code", Severity.CRITICAL, id="the unit's code"),
        pytest.param("insured_units.parent_uscc.code", Severity.WARNING, id="the parent's code"),
        pytest.param("insured_units.registration_no.code", Severity.WARNING, id="the crosswalk"),
        pytest.param("payee_accounts.bank_code.code", Severity.CRITICAL, id="bank code"),
        pytest.param("insured_units.unit_name.replacement_character", Severity.WARNING, id="U+FFFD"),
        pytest.param("insured_units.uscc.province", Severity.INFO, id="another province"),
        pytest.param("taxpayers.uscc.old_number", Severity.INFO, id="old number"),
        pytest.param("benefit_claims.layoffs.readable", Severity.CRITICAL, id="unreadable, optional"),
    ],
)
def test_severity(contracts: dict[str, Contract], rule_id: str, severity: Severity) -> None:
    assert rule_of(contracts, rule_id).severity is severity


def test_what_cannot_be_read_is_not_called_empty(failing: Failing) -> None:
    rows = [
        {"paid_date": None, "unreadable": None},
        {"paid_date": None, "unreadable": ";paid_date;"},
        {"paid_date": None, "unreadable": ";fee_month;"},
        {"paid_date": "2019-05-11", "unreadable": None},
    ]
    assert failing("premium_payments.paid_date.required", rows) == [0, 2]
    assert failing("premium_payments.paid_date.readable", rows) == [1]


def test_an_optional_column_is_not_required(contracts: dict[str, Contract]) -> None:
    ids = {rule.id for rule in contracts["insured_units"].rules}
    assert "insured_units.legal_form.required" not in ids
    assert "insured_units.unit_name.required" in ids
