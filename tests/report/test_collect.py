"""Collected from a real catalog, lake and engine; the validations are written by hand, without GX."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from stable_jobs.contracts.model import Contract, Scope
from stable_jobs.errors import Problem
from stable_jobs.report.collect import Night, collect_report
from stable_jobs.report.data import NightReport
from stable_jobs.report.render import render_report
from stable_jobs.report.samples import Row, masked_samples
from stable_jobs.store import catalog
from stable_jobs.store.catalog import Delivery, DeliveryOutcome, RuleResult, Snapshot, Validation
from stable_jobs.store.engine import quote_literal
from stable_jobs.validation.validate import validate_extract
from tests.report.report_night import NAMES
from tests.validation.staged_rows import (
    CONTRACT,
    GOOD,
    NANCHANG,
    NATION,
    OTHER_GOOD,
    XIAN,
    D,
    Shop,
    many,
    query_rule,
    rule,
    values,
)

AMOUNT = "refunds.amount.minimum"
UNIT_RULE = query_rule("refunds.unit.plausible", "SELECT * FROM {batch}", scope=Scope.UNIT)
PLAUSIBLE = replace(CONTRACT, rules=(*CONTRACT.rules, UNIT_RULE))
EMPTY = Problem(
    "delivery.empty", "空", "empty", "finance", "refunds", "220500", "≥ 1", "0", "重发", "again", "finance"
)
RECONCILED = """
    SELECT * FROM (VALUES
        ('610100', 3, 1, 1, 1, 0, 5.00, 5.00, 0.00, 0.00, 0.00, 0.00, 0.00, false),
        ('220500', 7, 0, 0, 0, 2, 9.00, 9.00, 0.00, 0.00, 0.00, 0.00, 0.00, true)
    ) AS t(region_code, units_in, units_eligible, units_ineligible, units_undecided, units_quarantined,
           premium_in, premium_base, premium_late_fee, premium_outside_year, premium_earlier_back_payment,
           premium_orphan, premium_quarantined, is_held)
"""
HELD = """
    SELECT '220500' AS region_code, 'missing_delivery' AS reason, 'finance' AS department,
           'refunds' AS extract, 'none' AS detail
    UNION ALL SELECT '990100', 'no_parameters', '', '', 'none'
"""
ORPHANS = """
    SELECT * FROM (VALUES
        ('610100', 'finance', 'refunds', 'A', 1, 2.50), ('610100', 'finance', 'refunds', 'B', 1, 4.00)
    ) AS t(region_code, department, extract, uscc, rows, amount)
"""


def write(shop: Shop, kind: str, select: str) -> catalog.Snapshot:
    name = shop.lake.new_name(kind)
    shop.con.execute(f"COPY ({select}) TO {quote_literal(shop.lake.path(name))} (FORMAT parquet)")
    with shop.engine.begin() as connection:
        return catalog.register_snapshot(
            connection,
            kind=kind,
            business_date=D,
            fingerprint=hashlib.sha256(name.encode()).hexdigest(),
            name=name,
            rows=0,
            inputs={},
        )


def validated(shop: Shop, delivery: Delivery, on: date, failed: int) -> Validation:
    """A validation of one delivery of which the rows with a negative amount are quarantined."""
    assert delivery.staged_snapshot_id is not None
    with shop.engine.connect() as connection:
        name = catalog.snapshot_by_id(connection, delivery.staged_snapshot_id).name
    result = RuleResult(AMOUNT, "critical", "row", delivery.region_code, 4, failed)
    outcome = DeliveryOutcome(delivery.id, delivery.region_code, 4, 4 - failed, failed)
    quarantine = write(
        shop,
        "quarantine",
        f"SELECT *, ['{AMOUNT}'] AS rules, delivery_region AS home_region, true AS is_unit_known "
        f"FROM read_parquet({quote_literal(shop.lake.path(name))}) WHERE amount < 0",
    )
    return record(shop, "refunds", on, quarantine, [result], [outcome])


def record(
    shop: Shop,
    extract: str,
    on: date,
    quarantine: Snapshot,
    results: Sequence[RuleResult],
    outcomes: Sequence[DeliveryOutcome],
) -> Validation:
    with shop.engine.begin() as connection:
        return catalog.record_validation(
            connection,
            business_date=on,
            extract=extract,
            fingerprint=quarantine.fingerprint,
            quarantine_snapshot_id=quarantine.id,
            results=results,
            outcomes=outcomes,
        )


ROWS = values(
    (GOOD, XIAN, "6222021234567890", -5),
    (OTHER_GOOD, XIAN, None, 1),
    (GOOD, XIAN, None, 2),
    (GOOD, XIAN, None, 3),
)


@pytest.fixture
def report(shop: Shop) -> NightReport:
    """Xi'an has one bad row, Tonghua's file is refused, and Nanchang's of two nights ago stands in."""
    before = D - timedelta(days=1)
    validated(shop, shop.deliver(XIAN, ROWS, on=before), before, 1)
    nanchang = values(*[(OTHER_GOOD, NANCHANG, None, i) for i in range(4)])
    two_before = D - timedelta(days=2)
    validated(shop, shop.deliver(NANCHANG, nanchang, on=two_before), two_before, 0)
    delivery = shop.deliver(XIAN, ROWS)
    units = [RuleResult(UNIT_RULE.id, "critical", "unit", XIAN, 3, 1)]
    failing = write(shop, "failing_units", "SELECT 1 AS one")
    tonight = [validated(shop, delivery, D, 1), record(shop, "refunds:unit", D, failing, units, [])]
    with shop.engine.begin() as connection:
        refused = shop._record(connection, "220500", D, 1, {})
        catalog.mark_refused(connection, refused.id, EMPTY)
        in_force = catalog.in_force(connection, D, {"refunds": PLAUSIBLE})
    night = Night(
        business_date=D,
        contracts={"refunds": PLAUSIBLE},
        validations=tonight,
        in_force=in_force,
        held=write(shop, "held", HELD),
        reconciliation=write(shop, "reconciliation", RECONCILED),
        orphans=write(shop, "orphans", ORPHANS),
        names=NAMES,
        is_demo=False,
        versions={"code": "c" * 64},
    )
    return collect_report(shop.con, shop.engine, shop.lake, night)


def test_collected_from_catalog_lake_and_decision(report: NightReport) -> None:
    (extract,) = report.extracts
    assert [(d.place.code, d.status, d.received) for d in extract.deliveries] == [
        ("220500", "refused", None),
        ("360100", "stand_in", None),
        ("610100", "accepted", 4),
    ]
    rules = {r.rule_id: r for r in extract.rules}
    assert (rules[AMOUNT].failed, rules[AMOUNT].trend.counts) == (1, (1, 1))
    assert (rules[UNIT_RULE.id].failed, rules[UNIT_RULE.id].scope) == (1, "unit")


def test_samples_are_masked_and_say_where(report: NightReport) -> None:
    (rule,) = (r for r in report.extracts[0].rules if r.rule_id == AMOUNT)
    (sample,) = rule.samples
    assert (sample.file_name, sample.row, sample.place.code) == ("610100.csv", 1, XIAN)
    assert ("amount", "「amount」", "-5.00") in sample.values
    assert b"6222021234567890" not in b"".join(render_report(report).values())


def test_orphans_are_shares_of_the_accepted_rows_in_force(report: NightReport) -> None:
    (orphans,) = report.extracts[0].orphans
    assert (orphans.uscc_count, orphans.rows, orphans.accepted) == (2, 2, 3)
    assert orphans.amount == Decimal("6.50")


def test_a_held_region_has_its_units_undecided_and_its_cause(report: NightReport) -> None:
    held = {r.place.code: r for r in report.held}
    assert set(held) == {"220500", "990100"}
    balance = held["220500"].reconciliation
    assert balance is not None
    assert (balance.units_held, balance.units_quarantined) == (5, 2)
    (cause,) = held["220500"].causes
    assert cause.trouble is not None
    assert cause.trouble.rule_id == "delivery.empty"
    assert held["990100"].causes[0].department == "policy"


def test_an_extract_of_which_nothing_was_validated(shop: Shop) -> None:
    night = Night(
        business_date=D,
        contracts={"refunds": CONTRACT},
        validations=[],
        in_force=[],
        held=write(shop, "held", f"{HELD} LIMIT 0"),
        reconciliation=write(shop, "reconciliation", f"{RECONCILED} LIMIT 0"),
        orphans=write(shop, "orphans", f"{ORPHANS} LIMIT 0"),
        names={},
        is_demo=True,
        versions={},
    )
    (extract,) = collect_report(shop.con, shop.engine, shop.lake, night).extracts
    assert (extract.deliveries, extract.rules, extract.orphans) == ((), (), ())


# --- failing rows ---


pytestmark = pytest.mark.xdist_group("great_expectations")


def validate(shop: Shop, contract: Contract = CONTRACT) -> Validation:
    with shop.engine.connect() as connection:
        deliveries = catalog.current_deliveries(connection, D, contract.extract)
    return validate_extract(shop.con, shop.engine, shop.lake, contract, D, deliveries)


def samples(shop: Shop, contract: Contract = CONTRACT, **options: int) -> dict[str, list[Row]]:
    return masked_samples(shop.con, shop.engine, shop.lake, contract, validate(shop, contract), **options)


def test_a_sample_says_where_the_row_is_and_shows_no_account(shop: Shop) -> None:
    delivery = shop.deliver(
        NATION,
        values(
            (GOOD, XIAN, "1", 1),
            (GOOD, NANCHANG, "6222021234567890", 2000),
            (None, XIAN, "6222021234567890", -1),
        ),
    )
    found = samples(shop)
    assert found == {
        "refunds.uscc.required": [
            {
                "delivery_id": delivery.id,
                "row_no": 3,
                "region_code": XIAN,
                "values": [
                    {"column": "uscc", "header": "「uscc」", "text": None},
                    {"column": "amount", "header": "「amount」", "text": "-1.00"},
                ],
            }
        ],
        "refunds.amount.minimum": [
            {
                "delivery_id": delivery.id,
                "row_no": 3,
                "region_code": XIAN,
                "values": [
                    {"column": "amount", "header": "「amount」", "text": "-1.00"},
                    {"column": "uscc", "header": "「uscc」", "text": None},
                ],
            }
        ],
        "refunds.amount.large": [
            {
                "delivery_id": delivery.id,
                "row_no": 2,
                "region_code": NANCHANG,
                "values": [
                    {"column": "amount", "header": "「amount」", "text": "2000.00"},
                    {"column": "account_no", "header": "「account_no」", "text": "****7890"},
                    {"column": "uscc", "header": "「uscc」", "text": GOOD},
                ],
            }
        ],
    }


def test_what_staging_changed_is_shown_as_it_was_sent(shop: Shop) -> None:
    sent = values((GOOD, XIAN, "１２３", -1000))
    shop.deliver(XIAN, f'SELECT *, \'{{"amount": "－１，０００", "x": 1}}\' AS raw FROM ({sent})')
    shown = samples(shop)["refunds.amount.minimum"][0]["values"]
    assert [v["text"] for v in shown] == ["－１，０００", GOOD]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        pytest.param("长" * 60, "长" * 60, id="sixty characters"),
        pytest.param("长" * 61, "长" * 59 + "…", id="one more is cut"),
        pytest.param("6222000220961514681", "****4681", id="an account in another column"),
    ],
)
def test_what_a_sample_shows_of_a_text(shop: Shop, sent: str, shown: str) -> None:
    rows = values((GOOD, XIAN, "1", -1000))
    shop.deliver(XIAN, f'SELECT *, \'{{"amount": "{sent}"}}\' AS raw FROM ({rows})')
    found = samples(shop)["refunds.amount.minimum"][0]["values"]
    assert found[0]["text"] == shown


@pytest.mark.parametrize("limit", [pytest.param(5, id="five"), pytest.param(2, id="two")])
def test_the_first_failing_rows_by_id(shop: Shop, limit: int) -> None:
    shop.deliver(XIAN, many(100, XIAN, bad=9))
    found = samples(shop, limit=limit)["refunds.amount.minimum"]
    assert [s["row_no"] for s in found] == list(range(1, limit + 1))


def test_nothing_failed_nothing_shown(shop: Shop) -> None:
    shop.deliver(XIAN, many(10, XIAN))
    assert samples(shop) == {}


def test_a_warning_that_is_no_query_has_no_samples(shop: Shop) -> None:
    made = rule("refunds.amount.between", "ExpectColumnValuesToBeBetween", column="amount", max_value=5)
    shop.deliver(XIAN, many(10, XIAN))
    warning = replace(made, severity=CONTRACT.rules[3].severity)
    assert samples(shop, replace(CONTRACT, rules=(warning,))) == {}
