"""A small whole contract to break, and a way to ask DuckDB which rows a rule fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.contracts.model import Contract, Kind, Scope
from stable_jobs.regions import known_codes
from stable_jobs.settings import data_folder

BUSINESS_DATE = date(2020, 5, 11)

SMALL = """\
apiVersion: v3.2.0
kind: DataContract
id: water-meters
name: Water meters
version: 1.0.0
status: active
domain: water
description:
  purpose: A department nobody has heard of.
slaProperties:
  - {property: dueTime, value: 20, unit: h}
  - {property: oldestAcceptableAge, value: 7, unit: d}
customProperties:
  - {property: effectiveFrom, value: "2019-01-01"}
  - {property: titleZh, value: 水表}
  - {property: purposeZh, value: 测试用途。}
  - {property: encoding, value: gb18030}
  - {property: formats, value: [csv]}
  - {property: nullWords, value: ["", "无"]}
  - {property: maxBytes, value: 1000000}
  - {property: rowsRequired, value: true}
  - {property: controlTotal, value: [amount]}
  - {property: absence, value: unknown}
  - {property: rowRegion, value: own}
  - {property: subject, value: unit}
  - {property: tolerance, value: "0.05"}
  - {property: rowChange, value: {warning: "0.30", hold: "0.60"}}
  - property: windows
    value:
      - {column: month, from: Y-2/12, to: D}
schema:
  - name: meters
    businessName: 水表
    logicalType: object
    properties:
      - name: uscc
        businessName: 统一社会信用代码
        logicalType: string
        logicalTypeOptions: {format: credit_code}
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        description: The unit.
        customProperties:
          - {property: kind, value: code}
          - {property: descriptionZh, value: 单位。}
      - name: month
        businessName: 所属期
        logicalType: integer
        required: true
        primaryKey: true
        primaryKeyPosition: 2
        description: The month.
        customProperties:
          - {property: kind, value: month}
          - {property: descriptionZh, value: 所属期。}
      - name: amount
        businessName: 金额
        logicalType: number
        logicalTypeOptions: {minimum: 0}
        required: true
        description: Yuan.
        customProperties:
          - {property: kind, value: money}
          - {property: descriptionZh, value: 金额。}
      - name: is_metered
        businessName: 是否装表
        logicalType: boolean
        required: false
        classification: restricted
        description: Whether there is a meter.
        enum:
          - {value: true, label: 是}
          - {value: false, label: 否}
        customProperties:
          - {property: kind, value: boolean}
          - {property: descriptionZh, value: 是否装表。}
      - name: region_code
        businessName: 参保地区划代码
        logicalType: string
        logicalTypeOptions: {format: region_code}
        required: true
        description: Where.
        customProperties:
          - {property: kind, value: code}
          - {property: descriptionZh, value: 地区。}
    quality:
      - name: meters.amount.ceiling
        type: custom
        engine: greatExpectations
        severity: warning
        implementation:
          expectation: UnexpectedRowsExpectation
          arguments:
            unexpected_rows_query: SELECT * FROM {batch} WHERE amount > 1000
        customProperties:
          - {property: scope, value: row}
          - {property: columns, value: [amount]}
          - {property: sentenceZh, value: 金额过大。}
          - {property: sentenceEn, value: The amount is large.}
          - {property: nextStepZh, value: 请核对。}
          - {property: nextStepEn, value: Check it.}
"""

STAGED_TYPES = {
    Kind.INTEGER: "BIGINT",
    Kind.MONEY: "DECIMAL(18,2)",
    Kind.DATE: "DATE",
    Kind.OPEN_DATE: "DATE",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.MONTH: "INTEGER",
    Kind.BOOLEAN: "BOOLEAN",
}
DELIVERY_COLUMNS = {
    "delivery_region": "VARCHAR",
    "rows": "BIGINT",
    "previous_rows": "BIGINT",
    "quarantined": "BIGINT",
    "tolerance": "DECIMAL(18,6)",
}
UNIT_COLUMNS = {"base_regular": "DECIMAL(18,2)", "year_sum": "BIGINT", "year_months": "BIGINT"}

Row = Mapping[str, Any]
Failing = Callable[..., list[int]]


@pytest.fixture
def small(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write the small contract with one text replaced (it must occur), and return its root folder."""

    def write(old: str, new: str) -> Path:
        assert SMALL.count(old) >= 1, f"the small contract has no {old!r}"
        return place(tmp_path, SMALL.replace(old, new, 1))

    return write


def place(root: Path, text: str, name: str = "water/meters.odcs.yaml") -> Path:
    """Write a document under the root."""
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def contracts() -> dict[str, Contract]:
    """The packaged contracts on the demonstration's date."""
    return contracts_as_of(data_folder("contracts"), BUSINESS_DATE)


@pytest.fixture(scope="session")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with `known_regions` and an empty `registered_codes`, as the validator makes it."""
    with duckdb.connect() as con:
        con.execute("CREATE TABLE known_regions (code VARCHAR)")
        con.execute("INSERT INTO known_regions SELECT unnest(?)", [sorted(known_codes())])
        con.execute("CREATE TABLE registered_codes (code VARCHAR, region VARCHAR)")
        yield con


@pytest.fixture
def failing(duck: duckdb.DuckDBPyConnection, contracts: dict[str, Contract]) -> Failing:
    """Which of the given rows (by position) a rule that is a query selects. Columns not given are NULL."""

    def ask(rule_id: str, rows: Sequence[Row], on: date = BUSINESS_DATE) -> list[int]:
        contract = contracts[rule_id.split(".", 1)[0]]
        rule = {rule.id: rule for rule in contract.rules}[rule_id]
        _fill(duck, _types(contract, rule.scope), rows)
        query = rule.arguments["unexpected_rows_query"]
        query = query.replace("{business_date}", on.isoformat()).replace("{policy_year}", str(on.year))
        found = duck.execute(
            f"SELECT row_id FROM ({query.format(batch='staged')}) ORDER BY row_id"
        ).fetchall()
        return [row_id for (row_id,) in found]

    return ask


def _types(contract: Contract, scope: Scope) -> dict[str, str]:
    if scope is Scope.DELIVERY:
        return DELIVERY_COLUMNS
    if scope is Scope.UNIT:
        return UNIT_COLUMNS
    columns = {c.name: STAGED_TYPES.get(c.kind, "VARCHAR") for c in contract.columns}
    return {"delivery_id": "BIGINT", "delivery_region": "VARCHAR", "unreadable": "VARCHAR", **columns}


def _fill(con: duckdb.DuckDBPyConnection, types: Mapping[str, str], rows: Sequence[Row]) -> None:
    columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
    con.execute(f"CREATE OR REPLACE TEMP TABLE staged (row_id BIGINT, {columns})")
    for row_id, row in enumerate(rows):
        assert set(row) <= set(types), f"no such column: {set(row) - set(types)}"
        marks = ", ".join("?" for _ in types)
        con.execute(f"INSERT INTO staged VALUES ({row_id}, {marks})", [row.get(name) for name in types])
