"""A registered code is right in its region from the next night on; a bad account holds no region."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from stable_jobs.acts import decide_proposal
from stable_jobs.contracts.document import Options
from stable_jobs.contracts.model import Column, Contract, Kind
from stable_jobs.contracts.rule_columns import Place, column_rules
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.proposals import propose_code
from stable_jobs.store import catalog
from stable_jobs.store.validations import Validation
from stable_jobs.validation.validate import validate_extract
from tests.validation.staged_rows import CONTRACT, GOOD, D, Shop, values

pytestmark = pytest.mark.xdist_group("great_expectations")
LICENCE = "91350200MA0000000X"
XIAMEN, HULI, FUJIAN, XIAN, NATION = "350200", "350206", "350000", "610100", "000000"


def column(name: str, *, is_sensitive: bool = False) -> Column:
    return Column(name, f"「{name}」", Kind.CODE, True, name, name, is_sensitive=is_sensitive)


RULES = (
    *column_rules(Place("refunds", column("uscc"), Options(format="credit_code"))),
    *column_rules(Place("refunds", column("account_no", is_sensitive=True), Options())),
)


def contract(**changes: Any) -> Contract:
    return replace(CONTRACT, rules=(*RULES, *(r for r in CONTRACT.rules if r.scope != "row")), **changes)


def validate(shop: Shop, known_at: datetime | None = None, **changes: Any) -> Validation:
    with shop.engine.connect() as connection:
        deliveries = catalog.current_deliveries(connection, D, CONTRACT.extract, known_at)
    return validate_extract(shop.con, shop.engine, shop.lake, contract(**changes), D, deliveries, known_at)


def quarantined(shop: Shop, validation: Validation) -> dict[int, tuple[list[str], bool]]:
    rows = shop.quarantine(validation.quarantine_snapshot_id)
    return {row["row_no"]: ([r.split(".", 1)[1] for r in row["rules"]], row["is_unit_known"]) for row in rows}


def register(shop: Shop, region: str) -> None:
    with ledger_event(shop.engine, "deed", actor="li") as event:
        number = propose_code(event, LICENCE, region, evidence="licence", reason="2015", person="li")
    with ledger_event(shop.engine, "deed", actor="wang") as event:
        decide_proposal(event, number, "confirmed", "", "wang")


ROWS = [
    pytest.param(XIAMEN, True, id="its region"),
    pytest.param(HULI, True, id="a county below it"),
    pytest.param(FUJIAN, True, id="a list of the province"),
    pytest.param(NATION, True, id="a list of the nation"),
    pytest.param(XIAN, False, id="another province"),
    pytest.param("350100", False, id="another city"),
]


@pytest.mark.parametrize(("region", "counts"), ROWS)
def test_a_registered_code_counts_in_its_region(shop: Shop, region: str, counts: bool) -> None:
    shop.deliver(region, values((GOOD, region, "6222021234567", 1), (LICENCE, region, "6222021234568", 2)))
    before = validate(shop)
    assert quarantined(shop, before) == {2: (["uscc.code"], False)}

    register(shop, XIAMEN)
    after = validate(shop)

    assert quarantined(shop, after) == ({} if counts else {2: (["uscc.code"], False)})
    assert after.id != before.id
    assert validate(shop, known_at=datetime(2020, 5, 11, 5, tzinfo=UTC)).fingerprint == before.fingerprint


def test_its_broken_row_is_its_units(shop: Shop) -> None:
    register(shop, XIAMEN)
    shop.deliver(XIAMEN, values((LICENCE, XIAMEN, "TRUE", 2)))
    assert quarantined(shop, validate(shop)) == {1: (["account_no.account_no"], True)}


BAD = [
    ("6.2E18", "account_no.account_no"),
    ("TRUE", "account_no.account_no"),
    ("0" * 12, "account_no.account_no"),
]


@pytest.mark.parametrize(("sent", "rule"), BAD)
def test_accounts_that_no_bank_can_take_hold_no_region(shop: Shop, sent: str, rule: str) -> None:
    """Each leaves its own unit undecided; the others of the region need not wait."""
    shop.deliver(XIAN, values(*((GOOD, XIAN, sent, n) for n in range(9)), (GOOD, XIAN, "6222021234567", 9)))
    validation = validate(shop)
    assert quarantined(shop, validation) == {n: ([rule], True) for n in range(1, 10)}
    (part,) = validation.outcomes
    assert (part.quarantined, part.held_rule) == (9, None)


def test_accounts_of_nobody_hold_it(shop: Shop) -> None:
    shop.deliver(XIAN, values(*(("X", XIAN, "TRUE", n) for n in range(9)), (GOOD, XIAN, "6222021234567", 9)))
    (part,) = validate(shop).outcomes
    assert part.held_rule == "refunds.rows.tolerance"
