"""Whose fault a reject is, by codes and words."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from stable_jobs.bank.banks import FAULT_CODES, FAULT_OF_CODE, NOT_THE_PAYEES, verdict


def test_every_code_means_one_thing() -> None:
    codes = [code for known in FAULT_CODES.values() for code in known.split()]

    assert len(codes) == len(set(codes))
    assert all(verdict([code], None) == meaning for code, meaning in FAULT_OF_CODE.items())


@pytest.mark.parametrize(
    ("codes", "words", "expected"),
    [
        pytest.param([], "重复指令", "duplicate", id="words for a duplicate"),
        pytest.param(["NARR"], "Transaction already received", "duplicate", id="English words"),
        pytest.param(["E-DUP"], "DUPLICATE TRANSACTION", "duplicate", id="a bank's own code"),
        pytest.param(["Duplicate"], None, "duplicate", id="a bank's own code that is the word"),
        pytest.param(["FF01"], "重复文件", "duplicate", id="a code for the file, words for a duplicate"),
        pytest.param(["AC04"], "请勿重复提交", "payee_account", id="a closed account, whatever the words"),
        pytest.param(["am05"], None, "duplicate", id="lower case"),
        pytest.param(["AC01", "AM05"], None, "duplicate", id="a duplicate among several codes"),
        pytest.param(["AM04", "AC04"], None, "payee_account", id="the payee's before ours"),
        pytest.param([], "户名不符", "payee_name", id="another name"),
        pytest.param([], "账号不存在", "payee_account", id="no such account"),
        pytest.param([], "已销户", "payee_account", id="closed"),
        pytest.param([], "余额不足", "our_account", id="short of money"),
        pytest.param([], "付款账号状态异常", "our_account", id="the payer's account"),
        pytest.param([], "文 件 格 式 错 误", "our_file", id="blanks between characters"),
        pytest.param([], "系统超时", "bank", id="the bank's machine"),
        pytest.param(["MS03"], None, "unknown", id="a code that says nothing"),
        pytest.param([], None, "unknown", id="nothing"),
        pytest.param([None, ""], "  ", "unknown", id="blanks"),
    ],
)
def test_a_reason(codes: list[str | None], words: str | None, expected: str) -> None:
    assert verdict(codes, words) == expected


def test_above_the_transactions_silence_is_about_the_file() -> None:
    assert verdict(["NARR"], None, of_whole=True) == "our_file"
    assert verdict(["AC04"], None, of_whole=True) == "payee_account"


@pytest.mark.parametrize(
    ("codes", "words"), [(["E31"], None), ([], "该笔业务挂起")], ids=["its own code", "its own words"]
)
def test_what_is_agreed_with_a_bank_goes_first(codes: list[str], words: str | None) -> None:
    assert verdict(codes, words, {"duplicate": ("E31", "挂起")}) == "duplicate"
    assert verdict(codes, words) == "unknown"


def test_the_database_has_the_same_list(engine: Engine) -> None:
    faults = sorted({*FAULT_OF_CODE.values(), "unknown"} - {"duplicate"})
    with engine.connect() as connection:
        asked = {f: connection.scalar(text("SELECT is_payees_fault(:fault)"), {"fault": f}) for f in faults}
        assert connection.scalar(text("SELECT is_payees_fault(NULL)"))

    assert {f for f, is_payees in asked.items() if not is_payees} == NOT_THE_PAYEES
