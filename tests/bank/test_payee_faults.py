"""A unit that cannot be paid as it stands says why: its name or its account, and who must mend it."""

from __future__ import annotations

import duckdb
import pytest

from stable_jobs.bank.payee_faults import account_fault_sql, name_fault_sql

GOOD = {
    "unit_name": "西安某某有限公司", "account_name": "西安某某有限公司", "account_no": "6222021234567",
    "bank_code": "102791000014", "bank_name": "工商银行", "account_source": "corporate",
}  # fmt: skip
NOBODY = dict.fromkeys(("account_name", "account_no", "bank_code", "bank_name", "account_source"))


def faults(**changed: str | None) -> tuple[str | None, str | None]:
    row = GOOD | changed
    columns = ", ".join(f"?::VARCHAR AS {name}" for name in row)
    query = f"SELECT {name_fault_sql()}, {account_fault_sql()} FROM (SELECT {columns})"
    found = duckdb.connect().execute(query, list(row.values())).fetchone()
    assert found is not None
    return found[0], found[1]


@pytest.mark.parametrize(
    "changed", [{}, {"account_source": "premium"}, NOBODY, {"account_no": "1502-0110-4990"}]
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
    assert faults(unit_name=f"西安{sign}某某", **NOBODY)[0] == name


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
def test_the_account_is_its_senders_to_mend(changed: dict[str, str], told: str) -> None:
    name, account = faults(**changed)
    assert name is None
    assert account is not None
    assert told in account
    assert "6666" not in account
