"""The bank's own file: every property of a profile, as the csv module reads it, and its sums."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import duckdb
import pytest

from stable_jobs.bank import payment_files
from stable_jobs.bank.banks import BankColumn, BankFile, BankProfile, LineField
from stable_jobs.publishing.table import Sum
from tests.bank.batch_lines import HOSTILE, bank, batch, hostile_lines, line

PLAIN = BankFile(
    encoding="utf-8", delimiter=",", line_end="lf", header=True, inert=False,
    columns=(
        BankColumn(header="编号", value="end_to_end_id"), BankColumn(header="户名", value="account_name"),
        BankColumn(header="账号", value="account_no"), BankColumn(header="金额", value="amount"),
    ),
)  # fmt: skip


def look(**changes: Any) -> BankProfile:
    return bank(file=PLAIN.model_copy(update=changes))


def written(
    con: duckdb.DuckDBPyConnection, folder: Path, profile: BankProfile, rows: list[dict[str, Any]]
) -> tuple[bytes, Sum]:
    path = folder / profile.file.name
    made = batch(con, folder / "lines.parquet", rows)
    payment_files.write_bank_csv(con, made, profile, path)
    found = payment_files.measure_bank_csv(con, made, profile, path)
    assert sorted(p.name for p in folder.iterdir() if p.is_file()) == sorted([path.name, "lines.parquet"])
    return path.read_bytes(), found


LOOKS = [
    pytest.param({}, "编号,户名,账号,金额\n{1},西安第1有限公司,6222000000000001,1000.10\n", id="plain"),
    pytest.param(
        {"line_end": "crlf", "delimiter": "|"},
        "编号|户名|账号|金额\r\n{1}|西安第1有限公司|6222000000000001|1000.10\r\n",
        id="CRLF and bars",
    ),
    pytest.param(
        {"header": False, "delimiter": "\t"},
        "{1}\t西安第1有限公司\t6222000000000001\t1000.10\n",
        id="tabs, no header",
    ),
    pytest.param(
        {"columns": (*PLAIN.columns[::-1], BankColumn(header="用途", constant="稳岗返还"))},
        "金额,账号,户名,编号,用途\n1000.10,6222000000000001,西安第1有限公司,{1},稳岗返还\n",
        id="another order and a constant",
    ),
    pytest.param(
        {"columns": (*PLAIN.columns[:3], BankColumn(header="分", value="amount_fen"))},
        "编号,户名,账号,分\n{1},西安第1有限公司,6222000000000001,100010\n",
        id="fen",
    ),
]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize(("changes", "expected"), LOOKS)
def test_looks(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, changes: dict[str, Any], expected: str, encoding: str
) -> None:
    content, found = written(con, tmp_path, look(**changes, encoding=encoding), [line(1)])
    assert content == expected.replace("{1}", line(1)["end_to_end_id"]).encode(encoding)
    assert found == Sum(1, Decimal("1000.10"))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"], ids=["comma", "semicolon", "bar", "tab"])
def test_hostile_names_come_back(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, delimiter: str, encoding: str
) -> None:
    profile = look(delimiter=delimiter, encoding=encoding, line_end="crlf")
    content, found = written(con, tmp_path, profile, hostile_lines())
    rows = list(
        csv.reader(io.StringIO(content.decode(encoding), newline=""), delimiter=delimiter, strict=True)
    )
    assert [row[1] for row in rows[1:]] == list(HOSTILE)
    assert found == Sum(7, Decimal("28000.70"))


def test_inert(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    content, found = written(con, tmp_path, look(inert=True), hostile_lines())
    rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    assert [row[1] for row in rows[1:]] == [
        ("'" + name if name.startswith("=") else name) for name in HOSTILE
    ]
    assert found == Sum(7, Decimal("28000.70"))


def test_every_field_there_is(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    columns = tuple(BankColumn(header=name, value=name) for name in get_args(LineField))
    content, _ = written(con, tmp_path, look(columns=columns), [line(1)])
    header, row = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
    debtor = bank().debtor
    assert dict(zip(header, row, strict=True)) == {
        "line_no": "1", "end_to_end_id": line(1)["end_to_end_id"], "batch_no": "610100-20200519-L1-1",
        "business_date": "2020-05-19", "business_day": "20200519", "policy_year": "2020",
        "region_code": "610100", "uscc": "91610100MA6T000001", "unit_name": "西安第1有限公司",
        "scheme": "general", "amount": "1000.10", "amount_fen": "100010", "currency": "CNY",
        "account_name": "西安第1有限公司", "account_no": "6222000000000001", "bank_code": "102791000014",
        "bank_name": "工行西安分行", "remittance": "2020年失业保险稳岗返还 91610100MA6T000001",
        "debtor_name": debtor.name, "debtor_account_no": debtor.account_no,
        "debtor_bank_code": debtor.bank_code,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("2000.10", "2000.11", Sum(2, Decimal("3000.21")), id="an amount"),
        pytest.param("6222000000000002", "", Sum(1, Decimal("3000.20")), id="an account"),
        pytest.param("20-610100-91610100MA6T000002-01-01", "", Sum(1, Decimal("3000.20")), id="an id"),
    ],
)
def test_sums_are_the_files_own(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, old: str, new: str, expected: Sum
) -> None:
    written(con, tmp_path, look(), [line(1), line(2)])
    path = tmp_path / "bank.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    made = batch(con, tmp_path / "lines.parquet", [line(1), line(2)])
    assert payment_files.measure_bank_csv(con, made, look(), path) == expected
