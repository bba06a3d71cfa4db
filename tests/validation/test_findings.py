"""Findings of the night before: taken over where they are proved, found again elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.contracts.model import Contract, Rule, Scope, Severity
from stable_jobs.report.samples import masked_samples
from stable_jobs.store import catalog
from stable_jobs.store.validations import Validation, newest_of_findings
from stable_jobs.validation.run import run_rules
from stable_jobs.validation.validate import validate_extract
from tests.validation.staged_rows import (
    CONTRACT,
    GOOD,
    NANCHANG,
    OLD,
    OTHER_GOOD,
    XIAN,
    D,
    Shop,
    query_rule,
    values,
)

pytestmark = pytest.mark.xdist_group("great_expectations")

LATER = D + timedelta(days=1)
DATED = query_rule("refunds.amount.dated", "SELECT * FROM {batch} WHERE '{business_date}' > '2020-05-11'")
WARNED = query_rule(
    "refunds.amount.odd", "SELECT * FROM {batch} WHERE amount = 20", severity=Severity.WARNING
)
BOTH = replace(CONTRACT, rules=(WARNED, *CONTRACT.rules))
ROWS = values(
    (GOOD, XIAN, "1", 10),
    (None, XIAN, "2", -5),
    (GOOD, XIAN, "3", -7),
    (OTHER_GOOD, XIAN, "4", 20),
    (OTHER_GOOD, XIAN, "5", 20),
    (OLD, XIAN, "7", 5000),
)


def validated(shop: Shop, on: date, contract: Contract = BOTH) -> Validation:
    with shop.engine.connect() as connection:
        deliveries = catalog.current_deliveries(connection, on, contract.extract)
    return validate_extract(shop.con, shop.engine, shop.lake, contract, on, deliveries)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The row rules that were run, as they are."""
    rules = list[str]()

    def noted(con: Any, given: Sequence[Rule], table: str, on: date) -> object:
        if table == "staged":
            rules.extend(rule.id for rule in given)
        return run_rules(con, given, table, on)

    monkeypatch.setattr("stable_jobs.validation.validate.run_rules", noted)
    return rules


def said(shop: Shop, validation: Validation) -> list[object]:
    """All that a validation says, without the numbers that differ from night to night."""
    with shop.engine.connect() as connection:
        slot = {o.delivery_id: catalog.delivery_by_id(connection, o.delivery_id) for o in validation.outcomes}
    rows = shop.quarantine(validation.quarantine_snapshot_id)
    assert {row["delivery_id"] for row in rows} <= set(slot), "each row is of a delivery of that night"
    samples = masked_samples(shop.con, shop.engine, shop.lake, BOTH, validation)
    return [
        [result for result in validation.results if result.scope == Scope.ROW.value],
        [(o.region_code, o.received, o.accepted, o.quarantined) for o in validation.outcomes],
        [{k: v for k, v in row.items() if k not in ("row_id", "delivery_id")} for row in rows],
        {
            rule: [{**row, "delivery_id": slot[row["delivery_id"]].region_code} for row in found]
            for rule, found in samples.items()
        },
    ]


def test_the_same_rows_are_found_without_looking_again(shop: Shop, ran: list[str]) -> None:
    first = shop.deliver(XIAN, ROWS)
    before = validated(shop, D)
    assert len(ran) == len({rule.id for rule in BOTH.rules if rule.scope is Scope.ROW})
    ran.clear()
    shop.deliver_again(first, LATER)
    after = validated(shop, LATER)
    assert ran == []
    assert (before.id, before.outcomes[0].delivery_id) != (after.id, after.outcomes[0].delivery_id)
    assert said(shop, before) == said(shop, after)
    assert sum(result.failed for result in after.results) > 5


def test_one_changed_delivery_of_two_is_found_as_if_both_were_new(shop: Shop, ran: list[str]) -> None:
    kept = shop.deliver(XIAN, ROWS)
    shop.deliver(NANCHANG, values((OTHER_GOOD, NANCHANG, "1", -1)))
    validated(shop, D)
    shop.deliver(NANCHANG, values((OTHER_GOOD, NANCHANG, "1", -1), (GOOD, NANCHANG, "8", -8)), on=LATER)
    shop.deliver_again(kept, LATER)
    ran.clear()
    mixed = said(shop, validated(shop, LATER))
    assert len(ran) > 2

    new = LATER + timedelta(days=1)
    shop.deliver(NANCHANG, values((OTHER_GOOD, NANCHANG, "1", -1), (GOOD, NANCHANG, "8", -8)), on=new)
    shop.deliver(XIAN, ROWS, on=new)
    assert said(shop, validated(shop, new)) == mixed


def test_a_rule_that_names_the_date_is_run_again(shop: Shop, ran: list[str]) -> None:
    contract = replace(BOTH, rules=(DATED, *BOTH.rules))
    first = shop.deliver(XIAN, ROWS)
    before = validated(shop, D, contract)
    ran.clear()
    shop.deliver_again(first, LATER)
    after = validated(shop, LATER, contract)
    assert ran == [DATED.id]
    by_night = [
        {r.rule_id: r.failed for r in each.results if r.scope == Scope.ROW.value} for each in (before, after)
    ]
    assert [found.pop(DATED.id) for found in by_night] == [0, 6]
    assert by_night[0] == by_night[1]
    assert after.outcomes[0].accepted == 0


def _other_contract(shop: Shop, monkeypatch: pytest.MonkeyPatch, quarantine: Path) -> Contract:
    return replace(BOTH, fingerprint="d" * 64)


def _other_code(shop: Shop, monkeypatch: pytest.MonkeyPatch, quarantine: Path) -> Contract:
    monkeypatch.setattr("stable_jobs.validation.validate.code_fingerprint", lambda: "other")
    return BOTH


def _registered(shop: Shop, monkeypatch: pytest.MonkeyPatch, quarantine: Path) -> Contract:
    monkeypatch.setattr("stable_jobs.validation.validate.registered_codes", lambda *_: ((XIAN, OLD),))
    return BOTH


def _damaged(shop: Shop, monkeypatch: pytest.MonkeyPatch, quarantine: Path) -> Contract:
    quarantine.chmod(0o600)
    quarantine.write_bytes(quarantine.read_bytes()[:-1] + b"?")
    return BOTH


def _lost(shop: Shop, monkeypatch: pytest.MonkeyPatch, quarantine: Path) -> Contract:
    quarantine.unlink()
    return BOTH


def _miscounted(shop: Shop, monkeypatch: pytest.MonkeyPatch, quarantine: Path) -> Contract:
    def fewer(*given: Any) -> Validation | None:
        found = newest_of_findings(*given)
        return found and replace(found, results=tuple(replace(r, failed=0) for r in found.results))

    monkeypatch.setattr("stable_jobs.validation.findings.newest_of_findings", fewer)
    return BOTH


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_other_contract, id="another contract"),
        pytest.param(_other_code, id="another program"),
        pytest.param(_registered, id="a code that was registered since"),
        pytest.param(_damaged, id="a quarantine that was changed"),
        pytest.param(_lost, id="a quarantine that is gone"),
        pytest.param(_miscounted, id="counts that the quarantine does not bear out"),
    ],
)
def test_what_is_not_proved_is_found_again(
    shop: Shop,
    ran: list[str],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Shop, pytest.MonkeyPatch, Path], Contract],
) -> None:
    first = shop.deliver(XIAN, ROWS)
    before = validated(shop, D)
    every, known = list(ran), said(shop, before)[0]
    ran.clear()
    with shop.engine.connect() as connection:
        name = catalog.snapshot_by_id(connection, before.quarantine_snapshot_id).name
    shop.deliver_again(first, LATER)
    after = validated(shop, LATER, change(shop, monkeypatch, Path(shop.lake.path(name))))
    assert ran == every
    assert said(shop, after)[0] == known
