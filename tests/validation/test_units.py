from dataclasses import replace
from typing import Any

import duckdb
import pytest

from stable_jobs.contracts.model import Scope, Severity
from stable_jobs.errors import StepError
from stable_jobs.store import catalog
from stable_jobs.store.catalog import Snapshot
from stable_jobs.store.engine import quote_literal
from stable_jobs.validation.validate import check_units, unit_extract, validate_units
from tests.validation.staged_rows import CONTRACT, GOOD, NANCHANG, OTHER_GOOD, XIAN, D, Shop, query_rule

pytestmark = pytest.mark.xdist_group("great_expectations")

PLAUSIBLE = query_rule(
    "refunds.unit.plausible",
    "SELECT * FROM {batch} WHERE premium > 100 * heads",
    scope=Scope.UNIT,
    severity=Severity.WARNING,
)
COUNTED = query_rule("refunds.unit.counted", "SELECT * FROM {batch} WHERE heads = 0", scope=Scope.UNIT)
WITH_UNITS = replace(CONTRACT, rules=(*CONTRACT.rules, PLAUSIBLE, COUNTED))
FACTS = f"""
    SELECT * FROM (VALUES ('{XIAN}', '{GOOD}', 9, 900), ('{XIAN}', '{OTHER_GOOD}', 3, 300),
                          ('{NANCHANG}', '{GOOD}', 0, 900), ('{NANCHANG}', '{OTHER_GOOD}', NULL, 900))
    AS facts(region_code, uscc, heads, premium)
"""


@pytest.fixture
def facts(shop: Shop) -> Snapshot:
    name = shop.lake.new_name("unit_facts")
    shop.con.execute(f"COPY ({FACTS}) TO {quote_literal(shop.lake.path(name))} (FORMAT parquet)")
    inputs: dict[str, Any] = {
        "kind": "unit_facts",
        "business_date": D,
        "fingerprint": "f" * 64,
        "name": name,
        "rows": 4,
    }
    with shop.engine.begin() as connection:
        return catalog.register_snapshot(connection, **inputs, inputs={})


def test_units_are_counted_per_region_and_row_rules_are_left_out(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"CREATE TEMP VIEW facts AS {FACTS}")
    found = check_units(con, WITH_UNITS.rules, "facts", D)
    assert [(r.rule_id, r.severity, r.scope, r.region_code, r.evaluated, r.failed) for r in found] == [
        ("refunds.unit.plausible", "warning", "unit", NANCHANG, 2, 1),
        ("refunds.unit.plausible", "warning", "unit", XIAN, 2, 0),
        ("refunds.unit.counted", "critical", "unit", NANCHANG, 2, 1),
        ("refunds.unit.counted", "critical", "unit", XIAN, 2, 0),
    ]


def test_contracts_with_unit_rules_leave_a_validation_and_the_failing_units(
    shop: Shop, facts: Snapshot
) -> None:
    contracts = {"refunds": WITH_UNITS, "others": replace(CONTRACT, extract="others")}
    found = validate_units(shop.con, shop.engine, shop.lake, contracts, D, facts)
    assert [(v.extract, v.outcomes) for v in found] == [(unit_extract("refunds"), ())]
    assert sum(r.failed for r in found[0].results) == 2
    assert shop.quarantine(found[0].quarantine_snapshot_id) == [
        {"region_code": NANCHANG, "uscc": GOOD, "rules": ["refunds.unit.counted", "refunds.unit.plausible"]}
    ]


def test_a_second_run_finds_the_first(shop: Shop, facts: Snapshot) -> None:
    contracts = {"refunds": WITH_UNITS}
    first = validate_units(shop.con, shop.engine, shop.lake, contracts, D, facts)
    assert validate_units(shop.con, shop.engine, shop.lake, contracts, D, facts) == first


def test_a_rule_that_breaks_stops_the_step(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"CREATE TEMP VIEW facts AS {FACTS}")
    broken = query_rule("refunds.unit.broken", "SELECT * FROM {batch} WHERE absent", scope=Scope.UNIT)
    with pytest.raises(StepError, match=r"refunds\.unit\.broken"):
        check_units(con, (broken,), "facts", D)
