"""What people may see of a row that holds an account; the SQL and the Python of it say the same."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest
from duckdb import DuckDBPyConnection

from stable_jobs.contracts.checks import mask, mask_as_sent, mask_sql
from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.contracts.model import Contract
from stable_jobs.settings import data_folder

ACCOUNT = "6222000220961514681"
WIDE = "６２２２０００２２０９６１５１４６８１"
CASES = [
    pytest.param("payee_accounts", "account_no", ACCOUNT, "****4681", id="an account"),
    pytest.param("payee_accounts", "account_no", "622202123", "****2123", id="nine digits"),
    pytest.param("payee_accounts", "account_no", "62220212", "****", id="too short to show"),
    pytest.param("payee_accounts", "account_no", "6222 0002", "****0002", id="an account with a blank"),
    pytest.param("payee_accounts", "account_no", "", "****", id="empty"),
    pytest.param("payee_accounts", "account_name", "欧阳某某个体经营部门", "****", id="a name of an account"),
    pytest.param("payee_accounts", "account_name", ACCOUNT, "****", id="an account as its name"),
    pytest.param("payee_accounts", "bank_code", "106503155858", "106503155858", id="a bank's code"),
    pytest.param("payee_accounts", "bank_code", ACCOUNT, "****4681", id="an account as bank code"),
    pytest.param("payee_accounts", "bank_code", WIDE, "****４６８１", id="in wide digits"),
    pytest.param("payee_accounts", "bank_name", f"x{ACCOUNT}y", "x****4681y", id="in a name"),
    pytest.param("payee_accounts", "bank_name", f"{ACCOUNT}、{ACCOUNT}", "****4681、****4681", id="two"),
    pytest.param("payee_accounts", "bank_name", "6222-0002-2096-1514", "****1514", id="with hyphens"),
    pytest.param("payee_accounts", "bank_name", "6 2 2 2 0 0 0 2 2 0 9 6 1", "****0 9 6 1", id="spread"),
    pytest.param("payee_accounts", "bank_name", "6222.0002.2096.1514", "****1514", id="with dots"),
    pytest.param("payee_accounts", "bank_name", "6222\u30000002\u00a02096\u20131514", "****1514", id="wide"),
    pytest.param("payee_accounts", "account_no", '="6222021234567"', '****567"', id="as a formula"),
    pytest.param("payee_accounts", "account_no", "6.22E18", "****", id="its digits lost"),
    pytest.param("payee_accounts", "bank_name", "建设银行辽源分行", "建设银行辽源分行", id="a bank"),
    pytest.param("payee_accounts", "account_status", ACCOUNT, "****4681", id="as a state"),
    pytest.param("payee_accounts", "region_code", ACCOUNT, "****4681", id="as a region"),
    pytest.param("payee_accounts", "uscc", "91220400B3NDPADTWG", "91220400B3NDPADTWG", id="a credit code"),
    pytest.param("payee_accounts", "uscc", "91220400B3NDPADTWX", "****DTWX", id="a wrong one"),
    pytest.param("payee_accounts", "uscc", "110108000000016", "110108000000016", id="a registration number"),
    pytest.param("payee_accounts", "uscc", "110108000000017", "****0017", id="a wrong one of those"),
    pytest.param("payee_accounts", "uscc", ACCOUNT, "****4681", id="an account as unit"),
    pytest.param("payee_accounts", "uscc", "622202123", "****2123", id="a short account as unit"),
    pytest.param("taxpayers", "arrears_amount", ACCOUNT, "****4681", id="an account as an amount"),
    pytest.param("taxpayers", "arrears_amount", "999999999999.99", "999999999999.99", id="an amount"),
    pytest.param("insured_units", "unit_name", ACCOUNT, ACCOUNT, id="an extract without accounts"),
    pytest.param("insured_units", "uscc", "110101199003074715", "****4715", id="a person as unit"),
    pytest.param("insured_units", "uscc", "511119195001010569", "****0569", id="a person that passes"),
    pytest.param("insured_units", "uscc", "360101400101009", "****1009", id="a person of 15 digits"),
    pytest.param("insured_units", "uscc", "0" * 18, "****0000", id="18 zeros"),
    pytest.param("insured_units", "parent_uscc", "511119195001010569", "****0569", id="a person as parent"),
    pytest.param("insured_units", "uscc", "91220400B3NDPADTWG", "91220400B3NDPADTWG", id="a code alone"),
    pytest.param("payee_accounts", "uscc", "X12", "****", id="a short wrong one"),
]  # fmt: skip


@pytest.fixture(scope="module")
def contracts() -> dict[str, Contract]:
    return contracts_as_of(data_folder("contracts"), date(2020, 5, 11))


@pytest.mark.parametrize(("extract", "column", "text", "shown"), CASES)
def test_what_people_see(
    contracts: dict[str, Contract],
    duck: duckdb.DuckDBPyConnection,
    extract: str,
    column: str,
    text: str,
    shown: str,
) -> None:
    contract = contracts[extract]
    assert mask(contract, contract.column(column), text) == shown
    assert sent_as(duck, contract, column, staged=text, sent=text) == shown


@pytest.mark.parametrize("sent", [None, "", " 91220400b3ndpadtwg", "6222020402012345678"])
@pytest.mark.parametrize("staged", [None, "91220400B3NDPADTWG", "220402199003078812", "A" * 18])
@pytest.mark.parametrize("name", ["uscc", "account_no", "account_name", "bank_name"])
def test_python_shows_what_sql_shows(
    contracts: dict[str, Contract],
    duck: duckdb.DuckDBPyConnection,
    name: str,
    staged: str | None,
    sent: str | None,
) -> None:
    contract = contracts["payee_accounts"]
    shown = None if sent is None else mask_as_sent(contract, contract.column(name), sent, staged)
    assert shown == sent_as(duck, contract, name, staged=staged, sent=sent)


def sent_as(
    duck: DuckDBPyConnection, contract: Contract, column: str, *, staged: str | None, sent: str | None
) -> str | None:
    """What the SQL shows of a row."""
    duck.execute(
        "CREATE OR REPLACE TABLE staged AS"
        " SELECT $staged AS uscc, $staged AS parent_uscc, $staged AS registration_no, $sent AS sent",
        {"staged": staged, "sent": sent},
    )
    rows: list[tuple[str | None]] = duck.execute(
        f"SELECT {mask_sql(contract, contract.column(column), 'sent')} FROM staged"
    ).fetchall()
    ((shown,),) = rows
    return shown


def test_a_code_is_known_by_what_staging_made_of_it(
    contracts: dict[str, Contract], duck: duckdb.DuckDBPyConnection
) -> None:
    sent = " 91220400b3ndpadtwg"
    assert sent_as(duck, contracts["payee_accounts"], "uscc", staged="91220400B3NDPADTWG", sent=sent) == sent


@pytest.mark.parametrize("column", ["account_no", "account_name", "uscc", "bank_name"])
def test_nothing_stays_nothing(
    contracts: dict[str, Contract], duck: duckdb.DuckDBPyConnection, column: str
) -> None:
    assert sent_as(duck, contracts["payee_accounts"], column, staged=None, sent=None) is None
