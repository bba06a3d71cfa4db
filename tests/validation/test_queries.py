"""Rules as plain SQL find the rows that Great Expectations finds: every rule of every contract."""

from __future__ import annotations

import csv
import random
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from stable_jobs.contracts.load import load_contracts
from stable_jobs.contracts.model import Column, Contract, Kind, Scope
from stable_jobs.errors import ContractError
from stable_jobs.intake.contents import staging_sql
from stable_jobs.intake.decoding import Text
from stable_jobs.settings import data_folder
from stable_jobs.validation.queries import CONDITIONS, find_failures, open_staged
from stable_jobs.validation.run import FAILURES, run_rules
from tests.validation.staged_rows import GOOD, NANCHANG, NATION, OLD, OTHER_GOOD, XIAN, rule

pytestmark = pytest.mark.xdist_group("great_expectations")

ON = date(2020, 5, 11)
ROWS = 400
CONTRACTS = load_contracts(data_folder("contracts"))
DATES = ["", "2020-05-11", "2020-05-12", "2019-12-31", "2019-01-01", "1899-12-31", "9999-12-31", "2020-02-30"]
TEXTS = {
    Kind.TEXT: ["", "西安（示例）有限公司", "a\u202eb", "甲\u200b", "\ue000", "x" * 300, "12", "\x07"],
    Kind.CODE: [
        "",
        GOOD,
        OTHER_GOOD,
        OLD,
        GOOD[:-1] + "X",
        "1",
        "102791000018",
        "6222021234567890123",
        "9" * 40,
    ],
    Kind.INTEGER: ["", "-1", "0", "1", "12", "2019", "2020", "999999999999", "abc"],
    Kind.MONEY: ["", "-0.01", "0", "0.01", "1234.50", "1000000000000", "1000000000000.01", "abc"],
    Kind.MONTH: ["", "201812", "201901", "201913", "202004", "202005", "202006", "abc"],
    Kind.DATE: DATES,
    Kind.OPEN_DATE: DATES,
    Kind.TIMESTAMP: ["", "2020-05-11 08:00:00", "2020-05-12 00:00:00", "2018-01-01 00:00:00", "soon"],
}
REGIONS = ["", XIAN, XIAN, XIAN, "610124", NANCHANG, NATION, "999999", "x"]


def texts(column: Column) -> list[str]:
    if column.name == "region_code":
        return REGIONS
    if column.labels:
        return ["", "怪", *column.labels]
    return TEXTS[column.kind]


@pytest.mark.parametrize("contract", CONTRACTS, ids=[f"{c.extract} {c.version}" for c in CONTRACTS])
def test_the_same_rows_of_every_rule(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, contract: Contract
) -> None:
    rng = random.Random(contract.extract)
    source, staged = tmp_path / "text.csv", tmp_path / "staged.parquet"
    with source.open("w", encoding="utf-8", newline="") as file:
        rows = ([rng.choice(texts(column)) for column in contract.columns] for _ in range(ROWS))
        csv.writer(file).writerows([[column.header for column in contract.columns], *rows])
    text = Text(source, tuple(column.header for column in contract.columns))
    delivery = SimpleNamespace(id=7, region_code=XIAN)
    con.execute(f"COPY ({staging_sql(contract, delivery, text)}) TO '{staged}' (FORMAT parquet)")
    open_staged(con, [str(staged)])
    rules = [one for one in contract.rules if one.scope is Scope.ROW]

    found = []
    for run in (run_rules, find_failures):
        con.execute(FAILURES)
        run(con, rules, "staged", ON)
        found.append(con.execute("SELECT rule_id, row_id FROM failures ORDER BY ALL").fetchall())

    assert found[0] == found[1]
    assert len({rule_id for rule_id, _ in found[0]}) > len(rules) / 2, (
        "most rules must have rows that break them"
    )


def test_every_expectation_that_is_no_query_has_one_here() -> None:
    used = {one.expectation for contract in CONTRACTS for one in contract.rules if one.scope is Scope.ROW}
    assert {name for name in used if "Unexpected" not in name and "Compound" not in name} <= set(CONDITIONS)


def test_an_expectation_without_a_query_is_named(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(ContractError, match=r"a\.b\.c: ExpectColumnMaxToBeBetween has no query; next: "):
        find_failures(con, [rule("a.b.c", "ExpectColumnMaxToBeBetween", column="a")], "staged", ON)
