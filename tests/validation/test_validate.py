"""Real expectations on a real engine, recorded in a real database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, Table, select

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.contracts.model import Contract, Kind, Scope, SendingRegion, Terms
from stable_jobs.errors import StepError
from stable_jobs.ledger.event import ledger_event
from stable_jobs.settings import data_folder
from stable_jobs.store import catalog
from stable_jobs.store.catalog import Delivery
from stable_jobs.store.engine import quote_identifier, quote_literal
from stable_jobs.store.outcomes import DeliveryOutcome
from stable_jobs.store.tables import delivery_outcomes, snapshots, validations
from stable_jobs.store.validations import Validation
from stable_jobs.validation.validate import validate_department, validate_extract
from tests.validation.staged_rows import (
    CONTRACT,
    GOOD,
    NANCHANG,
    NATION,
    NOON,
    OLD,
    OTHER_GOOD,
    XIAN,
    D,
    Shop,
    many,
    query_rule,
    rows_of,
    values,
)

pytestmark = pytest.mark.xdist_group("great_expectations")


def validate(
    shop: Shop, *, contract: Contract = CONTRACT, on: date = D, known_at: datetime | None = None
) -> Validation:
    with shop.engine.connect() as connection:
        deliveries = catalog.current_deliveries(connection, on, contract.extract, known_at)
    return validate_extract(shop.con, shop.engine, shop.lake, contract, on, deliveries, known_at)


def outcome(validation: Validation, region: str) -> DeliveryOutcome:
    return next(o for o in validation.outcomes if o.region_code == region)


def failed(validation: Validation) -> dict[tuple[str, str], int]:
    """What failed, by rule and region."""
    return {(r.rule_id.split(".", 1)[1], r.region_code): r.failed for r in validation.results if r.failed}


def recorded(shop: Shop, table: Table) -> Sequence[Row[Any]]:
    with shop.engine.connect() as connection:
        return connection.execute(select(table)).all()


# --- the quarantine


def test_every_row_is_kept_with_all_the_rules_it_broke(shop: Shop) -> None:
    delivery = shop.deliver(
        XIAN,
        values(
            (GOOD, XIAN, "1", 10),
            (None, XIAN, "2", -5),
            (GOOD, XIAN, "3", -7),
            (OTHER_GOOD, XIAN, "4", 20),
            (OTHER_GOOD, XIAN, "5", 20),
            (OTHER_GOOD, XIAN, "6", 20),
            (OLD, XIAN, "7", 5000),
        ),
    )
    validation = validate(shop)
    broken = {r["row_no"]: r["rules"] for r in shop.quarantine(validation.quarantine_snapshot_id)}
    unique = ["refunds.key.unique"]
    assert broken == {
        2: ["refunds.amount.minimum", "refunds.uscc.required"],
        3: ["refunds.amount.minimum"],
        4: unique,
        5: unique,
        6: unique,
    }
    part = outcome(validation, XIAN)
    assert (part.delivery_id, part.received, part.accepted, part.quarantined) == (delivery.id, 7, 2, 5)


def test_the_quarantine_has_the_staged_columns_as_they_were_and_three_more(shop: Shop) -> None:
    shop.deliver(XIAN, values((GOOD, XIAN, "6222", -1)))
    row = shop.quarantine(validate(shop).quarantine_snapshot_id)[0]
    assert list(row) == [
        *("row_id", "delivery_id", "row_no", "delivery_region"),
        *("uscc", "region_code", "account_no", "amount"),
        *("raw", "unreadable", "rules", "home_region", "is_unit_known"),
    ]
    assert (row["uscc"], row["account_no"], str(row["amount"])) == (GOOD, "6222", "-1.00")


def test_a_clean_delivery_leaves_an_empty_file_of_the_same_shape(shop: Shop) -> None:
    shop.deliver(XIAN, many(10, XIAN))
    validation = validate(shop)
    with shop.engine.connect() as connection:
        snapshot = catalog.snapshot_by_id(connection, validation.quarantine_snapshot_id)
    path = quote_literal(shop.lake.path(snapshot.name))
    shape = {
        r["column_name"]: r["column_type"] for r in rows_of(shop.con, f"DESCRIBE FROM read_parquet({path})")
    }
    assert snapshot.rows == 0
    assert (shape["rules"], shape["home_region"], shape["is_unit_known"]) == (
        "VARCHAR[]",
        "VARCHAR",
        "BOOLEAN",
    )
    assert shape["row_id"] == "BIGINT"


@pytest.mark.parametrize(
    "bad", [pytest.param(250, id="more than 200"), pytest.param(12_345, id="more than 10,000")]
)
def test_the_quarantine_is_whole_at_any_count(shop: Shop, bad: int) -> None:
    shop.deliver(XIAN, many(20_000, XIAN, bad=bad))
    validation = validate(shop)
    rows = shop.quarantine(validation.quarantine_snapshot_id)
    assert [r["row_no"] for r in rows] == list(range(1, bad + 1))
    assert outcome(validation, XIAN).accepted == 20_000 - bad


def test_a_key_may_come_again_in_another_delivery(shop: Shop) -> None:
    shop.deliver(XIAN, values((GOOD, XIAN, "1", 10)))
    shop.deliver(NANCHANG, values((GOOD, NANCHANG, "1", 10)))
    assert failed(validate(shop)) == {}


@pytest.mark.parametrize(
    ("slot", "subject", "row", "home", "is_known"),
    [
        pytest.param(XIAN, "unit", (GOOD, XIAN), XIAN, True, id="a unit"),
        pytest.param(XIAN, "unit", (OLD, XIAN), XIAN, True, id="a unit by its old number"),
        pytest.param(XIAN, "unit", ("91110000600037341N", XIAN), XIAN, False, id="wrong check character"),
        pytest.param(XIAN, "unit", (None, XIAN), XIAN, False, id="no code"),
        pytest.param(XIAN, "unit", (GOOD, "999999"), XIAN, True, id="unknown region: the file says which"),
        pytest.param(XIAN, "unit", (GOOD, "61010O"), XIAN, True, id="a letter in the region"),
        pytest.param(XIAN, "unit", (GOOD, None), XIAN, True, id="no region: the file says which"),
        pytest.param(XIAN, "unit", (OLD, ""), XIAN, True, id="an empty region, an old number"),
        pytest.param(XIAN, "unit", (None, "61010O"), XIAN, False, id="neither code nor region"),
        pytest.param(NATION, "unit", (GOOD, NANCHANG), NANCHANG, True, id="a file for all: the row's region"),
        pytest.param(NATION, "unit", (GOOD, "999999"), NATION, False, id="a file for all: an unknown region"),
        pytest.param(NATION, "unit", (GOOD, None), NATION, False, id="a file for all: no region"),
        pytest.param(NATION, "enterprise", (GOOD, None), NATION, True, id="an enterprise needs no region"),
        pytest.param(XIAN, "enterprise", (None, XIAN), XIAN, False, id="an enterprise needs its code"),
        pytest.param(XIAN, "region", (GOOD, XIAN), XIAN, False, id="a region's row has no unit"),
    ],
)
def test_whose_a_quarantined_row_is(
    shop: Shop,
    slot: str,
    subject: str,
    row: tuple[str | None, str | None],
    home: str,
    is_known: bool,
) -> None:
    shop.deliver(slot, values((*row, "1", -1)))
    validation = validate(shop, contract=replace(CONTRACT, subject=subject))
    found = shop.quarantine(validation.quarantine_snapshot_id)
    assert [(r["home_region"], r["is_unit_known"]) for r in found] == [(home, is_known)]


# --- counts


def test_every_rule_is_counted_in_every_region(shop: Shop) -> None:
    shop.deliver(XIAN, values((None, XIAN, "1", 1), (GOOD, XIAN, "1", -2), (GOOD, XIAN, "1", 2000)))
    shop.deliver(NANCHANG, values((GOOD, NANCHANG, "1", 1), (GOOD, NANCHANG, "1", 3000)))
    shop.deliver(NATION, values((None, NANCHANG, "1", 1), (None, "999999", "1", 1), (GOOD, "620100", "1", 1)))
    validation = validate(shop)
    assert failed(validation) == {
        ("uscc.required", XIAN): 1,
        ("uscc.required", NANCHANG): 1,
        ("uscc.required", NATION): 1,
        ("amount.minimum", XIAN): 1,
        ("amount.large", XIAN): 1,
        ("amount.large", NANCHANG): 1,
        ("rows.tolerance", XIAN): 1,
        ("rows.tolerance", NANCHANG): 1,
        ("rows.tolerance", NATION): 1,
    }
    row_rules = [r for r in CONTRACT.rules if r.scope is Scope.ROW]
    evaluated = Counter(
        {r.region_code: r.evaluated for r in validation.results if r.rule_id == row_rules[0].id}
    )
    assert evaluated == {XIAN: 3, NANCHANG: 3, "620100": 1, NATION: 1}
    regions = Counter(r.region_code for r in validation.results)
    assert regions == dict.fromkeys(evaluated, len(CONTRACT.rules))


def test_counts_equal_an_oracle_in_plain_python(shop: Shop) -> None:
    """Two thousand random rows over three deliveries, counted again without the engine."""
    import random

    pick = random.Random(7)
    sent = {
        slot: [
            (
                pick.choice([GOOD, OTHER_GOOD, OLD, None]),
                slot if slot != NATION else pick.choice([XIAN, NANCHANG, "999999"]),
                "1",
                pick.randint(-30, 1100),
            )
            for _ in range(700)
        ]
        for slot in (XIAN, NANCHANG, NATION)
    }
    for slot, rows in sent.items():
        shop.deliver(slot, values(*rows))
    validation = validate(shop)
    expected: Counter[tuple[str, str]] = Counter()
    quarantined: Counter[tuple[str, str]] = Counter()
    for slot, rows in sent.items():
        keys = Counter((uscc, amount) for uscc, _, _, amount in rows)
        for uscc, region, _, amount in rows:
            home = slot if slot != NATION else region.replace("999999", NATION)
            critical = {
                "uscc.required": uscc is None,
                "amount.minimum": amount < 0,
                "key.unique": uscc is not None and keys[uscc, amount] > 1,
            }
            expected.update((rule, home) for rule, broke in critical.items() if broke)
            expected.update([("amount.large", home)] if amount > 1000 else [])
            quarantined[slot, home] += any(critical.values())
    counted = {key: n for key, n in failed(validation).items() if not key[0].startswith("rows.")}
    assert counted == expected
    slot_of = {o.delivery_id: o.region_code for o in validation.outcomes if o.region_code in sent}
    with shop.engine.connect() as connection:
        slot_of = {i: catalog.delivery_by_id(connection, i).region_code for i in slot_of}
    assert {
        (slot_of[o.delivery_id], o.region_code): o.quarantined for o in validation.outcomes
    } == quarantined


# --- holds


def test_tolerance_holds_one_region_and_not_the_night(shop: Shop) -> None:
    shop.deliver(XIAN, many(100, XIAN, bad=21))
    shop.deliver(NANCHANG, many(100, NANCHANG, bad=20))
    validation = validate(shop)
    assert outcome(validation, XIAN).held_rule == "refunds.rows.tolerance"
    assert (outcome(validation, XIAN).held_detail or {})["quarantined"] == 21
    assert outcome(validation, NANCHANG).held_rule is None
    assert in_force(shop) == {NANCHANG: ()}


def test_a_region_has_the_tolerance_that_its_contract_says_and_its_neighbour_the_common_one(
    shop: Shop,
) -> None:
    shop.deliver(XIAN, many(100, XIAN, bad=21))
    shop.deliver(NANCHANG, many(100, NANCHANG, bad=21))
    entry = SendingRegion("610000", date(2020, 1, 1), "来函", Terms(tolerance=Decimal("0.21")))
    validation = validate(shop, contract=replace(CONTRACT, sending_regions=(entry,)))
    assert outcome(validation, XIAN).held_rule is None
    assert outcome(validation, NANCHANG).held_rule == "refunds.rows.tolerance"
    assert in_force(shop) == {XIAN: ()}


def test_tolerance_holds_one_region_of_a_file_for_all(shop: Shop) -> None:
    shop.deliver(NATION, f"{many(100, XIAN, bad=30)} UNION ALL {many(900, NANCHANG)}")
    validation = validate(shop)
    assert {o.region_code: o.held_rule for o in validation.outcomes} == {
        NATION: None,
        NANCHANG: None,
        XIAN: "refunds.rows.tolerance",
    }
    assert in_force(shop) == {NATION: (XIAN,)}


def test_too_many_bad_rows_in_all_hold_the_file_for_all(shop: Shop) -> None:
    shop.deliver(NATION, f"{many(100, XIAN, bad=30)} UNION ALL {many(100, NANCHANG, bad=15)}")
    validation = validate(shop)
    assert outcome(validation, NATION).held_rule == "refunds.rows.tolerance"
    assert in_force(shop) == {}


def test_a_drop_against_the_last_accepted_delivery_holds_its_region(shop: Shop) -> None:
    for region in (XIAN, NANCHANG):
        shop.deliver(region, many(100, region), on=D - timedelta(1))
    validate(shop, on=D - timedelta(1))
    shop.deliver(XIAN, many(40, XIAN))
    shop.deliver(NANCHANG, many(41, NANCHANG))
    validation = validate(shop)
    assert outcome(validation, XIAN).held_rule == "refunds.rows.drop"
    assert (outcome(validation, XIAN).held_detail or {})["previous_rows"] == 100
    assert outcome(validation, NANCHANG).held_rule is None
    assert failed(validation) == {
        ("rows.change", XIAN): 1,
        ("rows.change", NANCHANG): 1,
        ("rows.drop", XIAN): 1,
    }


def test_a_held_delivery_is_nothing_to_compare_with(shop: Shop) -> None:
    for days, rows in ((3, 100), (2, 10), (1, 50)):
        shop.deliver(XIAN, many(rows, XIAN), on=D - timedelta(days))
        validation = validate(shop, on=D - timedelta(days))
    assert (outcome(validation, XIAN).held_rule, failed(validation)) == (None, {("rows.change", XIAN): 1})


def test_a_region_gone_from_a_file_for_all_is_held(shop: Shop) -> None:
    shop.deliver(NATION, f"{many(10, XIAN)} UNION ALL {many(90, NANCHANG)}", on=D - timedelta(1))
    validate(shop, on=D - timedelta(1))
    shop.deliver(NATION, many(90, NANCHANG))
    validation = validate(shop)
    assert (outcome(validation, XIAN).received, outcome(validation, XIAN).held_rule) == (
        0,
        "refunds.rows.drop",
    )
    assert in_force(shop)[NATION] == (XIAN,)


def test_a_release_is_from_one_rule_and_the_next_holds_until_released_too(shop: Shop) -> None:
    shop.deliver(XIAN, many(100, XIAN), on=D - timedelta(1))
    validate(shop, on=D - timedelta(1))
    delivery = shop.deliver(XIAN, many(10, XIAN, bad=5))
    seen = []
    for _ in range(3):
        held = outcome(validate(shop), XIAN).held_rule
        seen.append((held, bool(in_force(shop, oldest_days=0))))
        assert held is not None
        release(shop, delivery, held)
    drop, tolerance = "refunds.rows.drop", "refunds.rows.tolerance"
    assert seen == [(drop, False), (tolerance, False), (drop, True)]


def test_a_night_as_known_then_does_not_see_a_later_release(shop: Shop) -> None:
    delivery = shop.deliver(XIAN, many(10, XIAN, bad=5))
    first = validate(shop, known_at=NOON)
    release(shop, delivery, "refunds.rows.tolerance", at=NOON + timedelta(hours=1))
    assert validate(shop, known_at=NOON) == first
    assert validate(shop).id != first.id


def release(shop: Shop, delivery: Delivery, rule_id: str, at: datetime = NOON) -> None:
    with ledger_event(shop.engine, "delivery_release", actor="li") as event:
        catalog.release_delivery(
            event.connection, delivery.id, rule_id=rule_id, reason="checked", released_by="li", released_at=at
        )


def in_force(shop: Shop, **changes: Any) -> dict[str, tuple[str, ...]]:
    """The slots in force for tonight, with the regions held inside."""
    contracts = {"refunds": replace(CONTRACT, **{"oldest_days": 0, **changes})}
    with shop.engine.connect() as connection:
        return {i.region_code: i.held_parts for i in catalog.in_force(connection, D, contracts)}


# --- the step


def test_a_second_run_finds_the_first_and_writes_nothing(shop: Shop) -> None:
    shop.deliver(XIAN, many(10, XIAN, bad=1))
    first = validate(shop)
    files = sorted(Path(shop.lake.path("snapshots")).rglob("*.parquet"))
    assert validate(shop) == first
    assert sorted(Path(shop.lake.path("snapshots")).rglob("*.parquet")) == files
    assert len(recorded(shop, validations)) == 1


def test_other_inputs_are_another_validation(shop: Shop) -> None:
    shop.deliver(XIAN, many(10, XIAN, bad=1))
    first = validate(shop)
    changed = validate(shop, contract=replace(CONTRACT, fingerprint="d" * 64))
    shop.deliver(XIAN, many(10, XIAN), sequence=2)
    corrected = validate(shop)
    assert len({first.id, changed.id, corrected.id}) == 3
    assert outcome(corrected, XIAN).quarantined == 0


@pytest.mark.parametrize(
    ("region", "on", "terms", "is_another"),
    [
        pytest.param(XIAN, D, Terms(tolerance=Decimal("0.3")), True, id="the tolerance of one that sent"),
        pytest.param(XIAN, D, Terms(due_hours=30), False, id="its due time: no row is judged again"),
        pytest.param(NANCHANG, D, Terms(tolerance=Decimal("0.3")), False, id="one that sent nothing"),
        pytest.param(
            XIAN, D + timedelta(days=1), Terms(tolerance=Decimal("0.3")), False, id="not in force yet"
        ),
        pytest.param(XIAN, D, Terms(tolerance=CONTRACT.tolerance), False, id="what held anyway"),
    ],
)
def test_only_what_concerns_the_rows_is_another_validation(
    shop: Shop, region: str, on: date, terms: Terms, is_another: bool
) -> None:
    shop.deliver(XIAN, many(10, XIAN, bad=1))
    first = validate(shop)
    entry = SendingRegion(region, on, "来函", terms)
    changed = validate(shop, contract=replace(CONTRACT, sending_regions=(entry,)))
    assert (changed.id != first.id) is is_another


def test_a_rule_that_breaks_stops_the_step_and_nothing_is_recorded(shop: Shop) -> None:
    shop.deliver(XIAN, many(10, XIAN, bad=1))
    broken = query_rule("refunds.x.broken", "SELECT * FROM {batch} WHERE absent")
    with pytest.raises(StepError, match=r"refunds\.x\.broken"):
        validate(shop, contract=replace(CONTRACT, rules=(*CONTRACT.rules, broken)))
    kinds = [row.kind for row in recorded(shop, snapshots)]
    assert (kinds, recorded(shop, validations), recorded(shop, delivery_outcomes)) == (["staged"], [], [])


@pytest.mark.parametrize(
    "sent", [pytest.param(9, id="more rows staged than sent"), pytest.param(11, id="fewer")]
)
def test_a_lost_row_stops_the_step(shop: Shop, sent: int) -> None:
    shop.deliver(XIAN, many(10, XIAN), rows=sent)
    with pytest.raises(StepError, match=rf"610100.*{sent} rows sent, 10 staged"):
        validate(shop)
    assert recorded(shop, validations) == []


def test_received_equals_what_the_manifest_says(shop: Shop) -> None:
    shop.deliver(XIAN, many(10, XIAN, bad=1), rows=10)
    part = outcome(validate(shop), XIAN)
    assert (part.received, part.accepted, part.quarantined) == (10, 9, 1)


def test_a_delivery_without_rows_is_an_outcome_too(shop: Shop) -> None:
    shop.deliver(XIAN, many(0, XIAN), rows=0)
    part = outcome(validate(shop), XIAN)
    assert (part.received, part.accepted, part.quarantined, part.held_rule) == (0, 0, 0, None)


def test_there_is_nothing_to_validate_without_a_delivery(shop: Shop) -> None:
    with pytest.raises(ValueError, match="no delivery"):
        validate_extract(shop.con, shop.engine, shop.lake, CONTRACT, D, [])


def test_a_department_validates_what_it_sent(shop: Shop) -> None:
    contracts = {
        "refunds": CONTRACT,
        "absent": replace(CONTRACT, extract="absent"),
        "taxes": replace(CONTRACT, extract="taxes", department="tax"),
    }
    shop.deliver(XIAN, many(10, XIAN))
    shop.deliver(XIAN, many(10, XIAN), extract="taxes", department="tax")
    found = validate_department(shop.con, shop.engine, shop.lake, contracts, "finance", D)
    assert [v.extract for v in found] == ["refunds"]


def test_a_name_that_is_sql_does_no_harm(shop: Shop) -> None:
    hostile = "x'; DROP TABLE failures; --"
    shop.deliver(XIAN, values((hostile, XIAN, 'a"b', -1), (GOOD, XIAN, None, 1)))
    rows = shop.quarantine(validate(shop).quarantine_snapshot_id)
    assert [(r["uscc"], r["account_no"]) for r in rows] == [(hostile, 'a"b')]


# --- the real contracts

DUCKDB = {
    Kind.INTEGER: "BIGINT",
    Kind.MONEY: "DECIMAL(18,2)",
    Kind.DATE: "DATE",
    Kind.OPEN_DATE: "DATE",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.MONTH: "INTEGER",
    Kind.BOOLEAN: "BOOLEAN",
}
CONTRACTS = contracts_as_of(data_folder("contracts"), date(2020, 5, 11))


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_every_rule_of_every_contract_runs_and_a_row_of_nothing_breaks_what_is_required(
    shop: Shop, contract: Contract
) -> None:
    delivery = shop.deliver(XIAN, many(0, XIAN), extract=contract.extract, department=contract.department)
    assert delivery.staged_snapshot_id is not None
    with shop.engine.connect() as connection:
        path = shop.lake.path(catalog.snapshot_by_id(connection, delivery.staged_snapshot_id).name)
    columns = ", ".join(
        f"NULL::{DUCKDB.get(c.kind, 'VARCHAR')} AS {quote_identifier(c.name)}" for c in contract.columns
    )
    shop.con.execute(f"""
        COPY (SELECT {delivery.id} * 10000000000 + 1 AS row_id, {delivery.id}::BIGINT AS delivery_id,
              1::BIGINT AS row_no, '{XIAN}' AS delivery_region, {columns}, NULL::VARCHAR AS raw,
              NULL::VARCHAR AS unreadable) TO {quote_literal(path)} (FORMAT parquet)
    """)
    validation = validate(shop, contract=contract)
    required = {f"{contract.extract}.{c.name}.required" for c in contract.columns if c.required}
    broken = {r.rule_id for r in validation.results if r.failed and r.scope == "row"}
    assert required <= broken
    assert {r.rule_id for r in validation.results} == {
        r.id for r in contract.rules if r.scope is not Scope.UNIT
    }
    assert outcome(validation, XIAN).held_rule == f"{contract.extract}.rows.tolerance"
