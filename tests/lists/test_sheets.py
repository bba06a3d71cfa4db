"""A delivery's quarantined rows as a file that a department gets: masked, inert, in the file's order."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.contracts.model import Contract
from stable_jobs.lists.sheets import QUARANTINED, quarantined_rows
from stable_jobs.publishing.files import write_csv
from stable_jobs.settings import data_folder

ACCOUNT = "6222000220961514681"
ROW: dict[str, Any] = {
    "row_id": 1, "delivery_id": 7, "row_no": 1, "delivery_region": "220400",
    "uscc": "91220400B3NDPADTWG", "account_name": "辽源公司", "account_no": ACCOUNT,
    "bank_code": "106503155858", "bank_name": "建设银行", "account_status": "verified",
    "region_code": "220400", "raw": None, "unreadable": None,
    "rules": ["payee_accounts.bank_code.code"], "home_region": "220400", "is_unit_known": True,
}  # fmt: skip
TYPES = {"row_id": "BIGINT", "delivery_id": "BIGINT", "row_no": "BIGINT", "rules": "VARCHAR[]"} | {
    "is_unit_known": "BOOLEAN"
}


@pytest.fixture(scope="module")
def contract() -> Contract:
    return contracts_as_of(data_folder("contracts"), date(2020, 5, 11))["payee_accounts"]


def write_quarantine(path: Path, *changed: dict[str, Any]) -> None:
    """A quarantine of payee accounts as a validation leaves it."""
    columns = ", ".join(f"{name} {TYPES.get(name, 'VARCHAR')}" for name in ROW)
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE q ({columns})")
        for number, own in enumerate(changed, 1):
            row = ROW | {"row_id": number, "row_no": number} | own
            con.execute(f"INSERT INTO q VALUES ({', '.join('?' * len(row))})", list(row.values()))
        con.execute(f"COPY q TO '{path}' (FORMAT parquet)")


def rows_of(content: bytes) -> list[dict[str, str]]:
    """By column name, without the Chinese before it."""
    assert content.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return [dict(zip((name.rpartition(" ")[2] for name in head), row, strict=True)) for row in rows]


@pytest.fixture
def taken(
    con: duckdb.DuckDBPyConnection, contract: Contract, tmp_path: Path
) -> Callable[..., list[dict[str, str]]]:
    """Takes away a quarantine of such rows; rows as read back."""

    def taken(*changed: dict[str, Any]) -> list[dict[str, str]]:
        write_quarantine(tmp_path / "q.parquet", *changed)
        table = quarantined_rows(contract, str(tmp_path / "q.parquet"), 7, len(changed))
        write_csv(con, table, tmp_path / "q.csv")
        return rows_of((tmp_path / "q.csv").read_bytes())

    return taken


@pytest.mark.parametrize(
    ("changed", "column", "shown"),
    [
        pytest.param({}, "account_no", "****4681", id="an account"),
        pytest.param({"account_no": "1234567"}, "account_no", "****", id="a short account"),
        pytest.param({"account_no": None}, "account_no", "", id="no account"),
        pytest.param({"raw": '{"account_no": "6222 0002"}'}, "account_no", "****0002", id="as it was sent"),
        pytest.param({}, "account_name", "****", id="a name of an account"),
        pytest.param({"account_name": None}, "account_name", "", id="no name of an account"),
        pytest.param({}, "bank_code", "106503155858", id="a bank's code"),
        pytest.param({"bank_code": ACCOUNT}, "bank_code", "****4681", id="an account as bank code"),
        pytest.param({"bank_name": f"x{ACCOUNT}y"}, "bank_name", "x****4681y", id="an account in a name"),
        pytest.param({"uscc": ACCOUNT, "is_unit_known": False}, "uscc", "****4681", id="no unit"),
        pytest.param({"uscc": None, "is_unit_known": False}, "uscc", "", id="no code"),
        pytest.param({}, "uscc", "91220400B3NDPADTWG", id="a unit's code"),
        pytest.param({"bank_name": "=1+1"}, "bank_name", "'=1+1", id="equals"),
        pytest.param({"bank_name": "+1"}, "bank_name", "'+1", id="plus"),
        pytest.param({"bank_name": "-1"}, "bank_name", "'-1", id="minus"),
        pytest.param({"bank_name": "@x"}, "bank_name", "'@x", id="at"),
        pytest.param({"bank_name": "\t=x"}, "bank_name", "'⟨U+0009⟩=x", id="tab"),
        pytest.param({"bank_name": "\r=x"}, "bank_name", "'⟨U+000D⟩=x", id="return"),
        pytest.param({"bank_name": "a\nb"}, "bank_name", "a⟨U+000A⟩b", id="a line break"),
        pytest.param({"bank_name": "\u202egpj"}, "bank_name", "⟨U+202E⟩gpj", id="right to left"),
        pytest.param({"bank_name": 'a"b,c'}, "bank_name", 'a"b,c', id="quotes and commas"),
        pytest.param({"raw": '{"bank_name": "=cmd()"}'}, "bank_name", "'=cmd()", id="inert as it was sent"),
    ],
)  # fmt: skip
def test_what_a_cell_shows(
    taken: Callable[..., list[dict[str, str]]], changed: dict[str, Any], column: str, shown: str
) -> None:
    (row,) = taken(changed)
    assert row[column] == shown


def test_each_row_says_which_it_is_and_what_it_broke(taken: Callable[..., list[dict[str, str]]]) -> None:
    second = {"rules": ["a.b", "c.d"], "home_region": "000000", "row_no": 9}
    assert [(r["Row"], r["Region"], r["broken"]) for r in taken({}, second)] == [
        ("1", "220400", "payee_accounts.bank_code.code"),
        ("9", "000000", "a.b;c.d"),
    ]


def test_rows_of_another_delivery_are_not_in_it(taken: Callable[..., list[dict[str, str]]]) -> None:
    assert [row["Row"] for row in taken({}, {"delivery_id": 8}, {})] == ["1", "3"]


# --- which code of a quarantined row a list shows ---


@pytest.mark.parametrize(
    ("uscc", "is_unit_known", "shown"),
    [
        pytest.param("91610100000000006X", True, "91610100000000006X", id="a unit's"),
        pytest.param("91610100000000006X", False, "**************006X", id="nobody's"),
        pytest.param("511119195001010569", True, "**************0569", id="a person's that passes as a code"),
        pytest.param("360101400101009", True, "***********1009", id="a person's of 15 digits"),
    ],
)
def test_a_persons_number_is_masked(uscc: str, is_unit_known: bool, shown: str) -> None:
    column = next(column for column in QUARANTINED if column.name == "uscc")
    query = f"SELECT {column.sql} FROM (SELECT ? AS uscc, ? AS is_unit_known)"
    assert duckdb.connect().execute(query, [uscc, is_unit_known]).fetchone() == (shown,)
