"""What a line and a batch must be before a file is written; no refusal shows an account."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from stable_jobs.bank.batch import NOBODY, account_fault_sql, assert_lines, line_fault_sql, name_fault_sql
from stable_jobs.errors import StepError
from tests.bank.batch_lines import batch, hostile_lines, line

BAD_LINES = [
    pytest.param({"end_to_end_id": "20-610100-" + "9" * 26}, "end-to-end id", id="id of 36 characters"),
    pytest.param({"end_to_end_id": "a"}, "end-to-end id", id="small letters in the id"),
    pytest.param({"end_to_end_id": None}, "end-to-end id", id="no id"),
    pytest.param({"amount": Decimal("0.00")}, "amount above 0", id="nothing to pay"),
    pytest.param({"amount": Decimal("-1.00")}, "amount above 0", id="less than nothing"),
    pytest.param({"amount": None}, "amount above 0", id="no amount"),
    pytest.param({"account_name": None}, "found an empty one", id="no payee"),
    pytest.param({"account_name": "  "}, "found an empty one", id="blank payee"),
    pytest.param({"account_no": ""}, "found an empty one", id="no account"),
    pytest.param({"bank_code": None}, "found an empty one", id="no bank"),
    pytest.param({"account_name": "甲\x00乙"}, "control characters", id="NUL in the payee"),
    pytest.param({"account_name": "甲\n乙"}, "control characters", id="line break in the payee"),
    pytest.param({"account_name": "甲\x85乙"}, "control characters", id="C1 control in the payee"),
    pytest.param({"unit_name": "甲\u2028乙"}, "control characters", id="line separator in the unit"),
    pytest.param({"bank_name": "甲\x1b乙"}, "control characters", id="escape in the bank"),
    pytest.param({"account_name": "甲\uffff乙"}, "control characters", id="what XML cannot carry"),
    pytest.param({"account_no": "6" * 35}, "account number", id="account of 35 digits"),
    pytest.param({"account_no": "-62220000"}, "account number", id="account like a formula"),
    pytest.param({"account_no": "6222 0000"}, "account number", id="blank in the account"),
    pytest.param({"account_no": "６２２２００００"}, "account number", id="full-width account"),
    pytest.param({"account_no": "62220000\n"}, "account number", id="line break after the account"),
    pytest.param({"account_no": "622202E12"}, "account number", id="account in powers of ten"),
    pytest.param({"account_no": "TRUE"}, "account number", id="account without a digit"),
    pytest.param({"account_no": "0" * 16}, "account number", id="zeros only"),
    pytest.param({"account_name": "甲\ufdd0乙"}, "control characters", id="what is no character"),
    pytest.param({"bank_code": "10279100001"}, "bank code", id="bank code of 11 digits"),
    pytest.param({"bank_code": "10279100001X"}, "bank code", id="letter in the bank code"),
]


@pytest.mark.parametrize(("change", "expected"), BAD_LINES)
def test_a_bad_line_is_refused_by_its_number(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, change: dict[str, Any], expected: str
) -> None:
    rows = [line(1), line(2, **change), line(3, amount=Decimal(0))]
    with pytest.raises(StepError) as raised:
        assert_lines(con, batch(con, tmp_path / "lines.parquet", rows))
    text = str(raised.value)
    assert text.startswith("batch 610100-20200519-L1-1: line 2: expected")
    assert (expected in text, "nothing was written" in text) == (True, True), text
    assert "6222" not in text


def test_the_fault_of_each_line_can_be_asked_before(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    source = batch(con, tmp_path / "lines.parquet", [line(1), line(2, bank_code=None)]).source
    found = con.execute(f"SELECT {line_fault_sql()} FROM {source} ORDER BY line_no").fetchall()
    assert [fault is None for (fault,) in found] == [True, False]


BAD_BATCHES = [
    pytest.param([], {}, "at least one line", id="no line"),
    pytest.param([line(1)], {"count": 2}, "2 line(s) and 1000.10 yuan", id="another count"),
    pytest.param([line(1)], {"total": Decimal("1000.11")}, "1 line(s) and 1000.11 yuan", id="another total"),
    pytest.param([line(1), line(3)], {}, "from 1 on without a gap", id="a gap"),
    pytest.param([line(2), line(3)], {}, "from 1 on without a gap", id="begins with 2"),
    pytest.param([line(1), line(2, line_no=1)], {}, "from 1 on without a gap", id="a number twice"),
    pytest.param([line(1, line_no=None)], {}, "expected a line number", id="no number"),
    pytest.param(
        [line(1), line(2, end_to_end_id=line(1)["end_to_end_id"])], {}, "end-to-end id once", id="id twice"
    ),
    pytest.param([line(1, region_code="610124")], {}, "region 610100 only", id="another region"),
    pytest.param([line(1, region_code=None)], {}, "region 610100 only", id="no region"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "head", "expected"), BAD_BATCHES)
def test_lines_must_be_the_heads(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    rows: list[dict[str, Any]],
    head: dict[str, Any],
    expected: str,
) -> None:
    with pytest.raises(StepError) as raised:
        assert_lines(con, batch(con, tmp_path / "lines.parquet", rows, **head))
    assert expected in str(raised.value)
    assert "6222" not in str(raised.value)


def test_hostile_names_are_names(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert_lines(con, batch(con, tmp_path / "lines.parquet", hostile_lines()))


@pytest.mark.parametrize(
    ("approvals", "expected"),
    [
        pytest.param((), NOBODY, id="nobody is asked"),
        pytest.param((("1", "王芳"),), "第1级 level 1: 王芳", id="one"),
        pytest.param((("1", "王芳"), ("2", "李强")), "第1级 level 1: 王芳; 第2级 level 2: 李强", id="two"),
    ],
)
def test_approvers(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, approvals: tuple[tuple[str, str], ...], expected: str
) -> None:
    made = batch(con, tmp_path / "lines.parquet", [line(1)], approvals=approvals)
    assert made.head.approvers == expected


# --- why a unit that is due money cannot be paid as it stands ---


GOOD = {
    "unit_name": "西安某某有限公司", "account_name": "西安某某有限公司", "account_no": "6222021234567",
    "bank_code": "102791000014", "bank_name": "工商银行", "account_source": "corporate",
}  # fmt: skip
NO_ACCOUNT: dict[str, str | None] = dict.fromkeys(
    ("account_name", "account_no", "bank_code", "bank_name", "account_source")
)


def faults(**changed: str | None) -> tuple[str | None, str | None]:
    row = GOOD | changed
    columns = ", ".join(f"?::VARCHAR AS {name}" for name in row)
    query = f"SELECT {name_fault_sql()}, {account_fault_sql()} FROM (SELECT {columns})"
    found = duckdb.connect().execute(query, list(row.values())).fetchone()
    assert found is not None
    return found[0], found[1]


@pytest.mark.parametrize(
    "changed", [{}, {"account_source": "premium"}, NO_ACCOUNT, {"account_no": "1502-0110-4990"}]
)
def test_a_unit_that_can_be_paid_has_no_fault(changed: dict[str, str | None]) -> None:
    assert faults(**changed) == (None, None)


@pytest.mark.parametrize(
    "sign", ["\x00", "\x07", "\x85", "\u2028", "\u2029", "\ufdd0", "\uffff", "\U0001fffe"]
)
def test_the_name_is_labors_to_mend(sign: str) -> None:
    name, account = faults(unit_name=f"西安{sign}某某")
    assert name is not None
    assert name.startswith("人社 labor insured_units: 单位名称 unit_name 含有银行报文不能容纳的字符")
    assert "(insured_units.unit_name.control_character); 请更正后重新报送 correct it" in name
    assert account is None
    assert faults(unit_name=f"西安{sign}某某", **NO_ACCOUNT)[0] == name


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        pytest.param(
            {"account_no": "622202E12"}, "财政 finance payee_accounts: 账号 account_no", id="number"
        ),
        pytest.param({"account_no": "6" * 35}, "(payee_accounts.account_no.account_no)", id="too long"),
        pytest.param({"bank_code": "1027"}, "(payee_accounts.bank_code.code)", id="bank code"),
        pytest.param(
            {"account_name": "西\u2028安"}, "(payee_accounts.account_name.control_character)", id="its name"
        ),
        pytest.param({"account_name": " "}, "(payee_accounts.account_name.required)", id="no name"),
        pytest.param(
            {"bank_name": "工\n行"}, "(payee_accounts.bank_name.control_character)", id="bank's name"
        ),
        pytest.param(
            {"account_no": "TRUE", "account_source": "premium"}, "税务 tax taxpayers: 账号", id="of tax"
        ),
    ],
)
def test_the_account_is_its_senders_to_mend(changed: dict[str, str | None], told: str) -> None:
    name, account = faults(**changed)
    assert name is None
    assert account is not None
    assert told in account
    assert "6666" not in account
