"""What holds for every packaged contract: the data dictionary's extracts, whole rules, a valid document."""

from __future__ import annotations

import json
import re
from datetime import date
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml

from stable_jobs.contracts.load import contracts_as_of, load_contracts
from stable_jobs.contracts.model import Contract, Rule
from stable_jobs.settings import data_folder

ROOT = data_folder("contracts")
FILES = sorted(ROOT.glob("*/*.odcs.yaml"))
CONTRACTS = load_contracts(ROOT)
RULES = [pytest.param(rule, id=rule.id) for contract in CONTRACTS for rule in contract.rules]
CHINESE = re.compile(r"[一-鿿]")

USCC, REGION = "统一社会信用代码", "参保地区划代码"
HEADERS = {
    "labor/applications": [
        USCC,
        "受理编号",
        "渠道",
        "受理时间",
        "返还类型",
        "申报参保人数",
        "申报划型",
        "是否签署承诺书",
        REGION,
    ],
    "labor/benefit_claims": [USCC, "年度", "领取失业保险金人数", "裁员人数", "自然减员人数", REGION],
    "labor/benefit_standards": [REGION, "执行日期", "月标准"],
    "labor/insured_units": [
        USCC,
        "单位名称",
        "单位编号",
        REGION,
        "单位类型",
        "行业代码",
        "参保日期",
        "参保状态",
        "是否劳务派遣",
        "总机构统一社会信用代码",
        "原工商注册号",
    ],
    "labor/monthly_headcount": [USCC, "费款所属期", "参保人数", REGION],
    "tax/premium_payments": [
        USCC,
        "费款所属期",
        "入库日期",
        "单位缴费金额",
        "个人缴费金额",
        "缴费类型",
        REGION,
    ],
    "tax/taxpayers": [
        USCC,
        "纳税人状态",
        "纳税信用等级",
        "欠费金额",
        "缴费账户名称",
        "缴费账号",
        "开户行行号",
        "开户行名称",
        REGION,
    ],
    "finance/fund_balances": [REGION, "年度", "滚存结余", "年度支出", "稳岗返还预算"],
    "finance/payee_accounts": [USCC, "户名", "账号", "行号", "开户行", "核验状态", REGION],
    "finance/prior_refunds": [
        USCC,
        "返还年度",
        "返还类型",
        "拨付金额",
        "拨付日期",
        "凭证号",
        "支付流水号",
        REGION,
    ],
    "development/exclusion_list": [USCC, "名单类型", "列入日期", "移出日期", "认定部门", REGION],
    "development/priority_list": [USCC, "类别", "起始日期", "截止日期", REGION],
    "economy/enterprise_sizes": [USCC, "划型", "依据", "认定日期", REGION],
}
"""What departments were told: a contract that moves away from it must be noticed."""

OPTIONAL = {
    "insured_units": {"legal_form", "parent_uscc", "registration_no"},
    "benefit_claims": {"layoffs", "natural_attrition"},
    "taxpayers": {"credit_rating", "account_name", "account_no", "bank_code", "bank_name"},
    "prior_refunds": {"payment_reference"},
    "exclusion_list": {"removed_on"},
    "priority_list": {"valid_to"},
}
KEYS = {
    "applications": ("application_no",),
    "benefit_claims": ("uscc", "year"),
    "benefit_standards": ("region_code", "effective_from"),
    "monthly_headcount": ("uscc", "month"),
    "premium_payments": ("uscc", "fee_month", "paid_date", "payment_kind"),
    "fund_balances": ("region_code", "year"),
    "prior_refunds": ("voucher_no",),
    "exclusion_list": ("uscc", "list_type", "listed_on"),
    "priority_list": ("uscc", "category", "valid_from"),
}
ABSENT_IS_NONE = {"benefit_claims", "applications", "prior_refunds", "exclusion_list", "priority_list"}
ENCODINGS = {
    "labor": "gb18030",
    "tax": "gb18030",
    "economy": "gb18030",
    "finance": "utf-8-sig",
    "development": "utf-8",
}

EACH = pytest.mark.parametrize("contract", [pytest.param(c, id=c.extract) for c in CONTRACTS])


def test_the_thirteen_extracts_with_their_headers() -> None:
    found = {f"{c.department}/{c.extract}": [column.header for column in c.columns] for c in CONTRACTS}
    assert found == HEADERS


@pytest.mark.parametrize("on", [date(2020, 5, 11), date(2023, 10, 16), date(2026, 12, 31)])
def test_all_are_in_force_for_the_years_that_are_computed(on: date) -> None:
    assert len(contracts_as_of(ROOT, on)) == 13


@EACH
def test_optional_columns_key_absence_and_encoding(contract: Contract) -> None:
    assert {c.name for c in contract.columns if not c.required} == OPTIONAL.get(contract.extract, set())
    assert contract.key == KEYS.get(contract.extract, ("uscc",))
    assert contract.absence == ("none" if contract.extract in ABSENT_IS_NONE else "unknown")
    assert contract.encoding == ENCODINGS[contract.department]
    assert contract.null_words == ("", "NULL", "无", "暂无")


def test_account_names_and_numbers_are_sensitive_and_nothing_else() -> None:
    sensitive = {c.name for contract in CONTRACTS for c in contract.columns if c.is_sensitive}
    named = {c.name for contract in CONTRACTS for c in contract.columns if c.name.startswith("account_n")}
    assert sensitive == named == {"account_no", "account_name"}


def test_control_totals() -> None:
    totals = {c.extract: c.control_total for c in CONTRACTS if c.control_total}
    assert totals == {
        "premium_payments": ("employer_amount", "employee_amount"),
        "prior_refunds": ("amount",),
    }


@EACH
def test_every_money_column_and_count_has_a_lower_bound(contract: Contract) -> None:
    bounded = {rule.columns[0] for rule in contract.rules if rule.id.endswith(".minimum")}
    years = {"year", "policy_year"}
    numbers = {c.name for c in contract.columns if c.kind in ("money", "integer")} - years
    assert bounded == numbers


@EACH
def test_every_column_can_be_unreadable_and_every_code_is_checked(contract: Contract) -> None:
    ids = {rule.id for rule in contract.rules}
    for column in contract.columns:
        what = "known_value" if column.labels else "readable"
        assert f"{contract.extract}.{column.name}.{what}" in ids
        assert f"{contract.extract}.{column.name}.required" in ids or not column.required
        if column.name in ("uscc", "parent_uscc", "registration_no", "bank_code"):
            assert f"{contract.extract}.{column.name}.code" in ids


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_whole(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+){2}", rule.id)
    for chinese, english in ((rule.sentence_zh, rule.sentence_en), (rule.next_step_zh, rule.next_step_en)):
        assert CHINESE.search(chinese)
        assert chinese.endswith("。")
        assert re.search("[a-z]{3}", english)
        assert english.endswith(".")
    filled = (
        str(rule.arguments.get("unexpected_rows_query", ""))
        .replace("{business_date}", "")
        .replace("{policy_year}", "")
    )
    assert not re.search(r"[{}%]|:\w", filled.replace("{batch}", "")), "formatted or read by a driver"


def test_rule_ids_are_unique() -> None:
    ids = [rule.id for contract in CONTRACTS for rule in contract.rules]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("file", [pytest.param(file, id=file.name) for file in FILES])
def test_the_document_is_valid_by_the_standard_itself(file: Path) -> None:
    schema = json.loads(resources.files("open_data_contract_standard").joinpath("schema.json").read_bytes())
    jsonschema.Draft201909Validator(schema).validate(yaml.safe_load(file.read_text(encoding="utf-8")))
