"""`kill -9` while a person acts: nothing of the act or all of it, and done again it is done once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import URL

from stable_jobs.acts import ACTS
from stable_jobs.ledger import notices, policies, proposals, returns, rulings
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.proposals import propose_closing
from tests.e2e.ledger_dump import differences, dump_ledger
from tests.e2e.money_points import CLOSED, EVENT
from tests.e2e.stages import UNDISTURBED, empty_ledger, run_to
from tests.ledger.conftest import CODES, REGION, Books, Night, refund, unit
from tests.ledger.full import (
    CLEARED,
    LATER,
    LICENCE,
    account,
    end_to_end,
    formed,
    held_delivery,
    person,
)

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("people")]

A, B = CODES[:2]
WHY = {"reason": "a letter"}
Prepare = Callable[[Books], dict[str, Any]]


def nothing(**parameters: Any) -> Prepare:
    """An empty ledger."""
    return lambda _: parameters


def held(books: Books) -> dict[str, Any]:
    person(books, "zhao", rulings.hold_region, REGION, "a letter", "zhao")
    return {"region_code": REGION} | WHY


def on_notice(books: Books) -> dict[str, Any]:
    books.decide(unit(A), unit(B))
    return {"region_code": REGION, "uscc": A} | WHY


def objected(books: Books) -> dict[str, Any]:
    on_notice(books)
    person(books, "zhao", notices.add_objection, REGION, A, "a neighbour says so", "zhao")
    return {"objection_id": 1, "outcome": "upheld"} | WHY


def asked(books: Books) -> dict[str, Any]:
    books.assign(("li", 1))
    batch = formed(books, unit(A, review_level=1), unit(B, review_level=1))
    return {
        "batch_no": batch.batch_no, "batch_hash": batch.hash, "level": 1, "answer": "approved", "reason": "",
    }  # fmt: skip


def answered(books: Books, *outcomes: str) -> None:
    """Two payments of 100 yuan, the first with these words of the bank, one file after the other."""
    books.publish(formed(books, unit(A), unit(B)), CLEARED)
    for outcome in outcomes:
        row = {"end_to_end_id": end_to_end(A), "outcome": outcome, "reason_code": "AC01"}
        books.answer([row], name=f"{outcome}.xml", on=CLEARED)


def returned(books: Books) -> dict[str, Any]:
    answered(books, "returned")
    given = account(account_name=f"单位{A[-6:]}", bank_code="102791000015", bank_name="工商银行")
    return {"end_to_end_id": end_to_end(A), "account": given}


def entered(books: Books) -> dict[str, Any]:
    given = returned(books)
    person(books, "zhou", returns.enter_account, end_to_end(A), "zhou", **given["account"])
    return {"correction_id": 1, "account_no": account()["account_no"]}


def lowered(books: Books) -> dict[str, Any]:
    answered(books, "paid")
    books.decide(unit(A, entitlement=Decimal(60)), unit(B), on=LATER)
    return {"case_id": 1, "outcome": "dropped"} | WHY


def reported(books: Books) -> dict[str, Any]:
    answered(books, "paid")
    books.decide(unit(A), unit(B), on=LATER, refunds=(refund(A),))
    return {"refund_id": 1, "ruling": "same"} | WHY


def shared(books: Books) -> dict[str, Any]:
    books.decide(*[unit(code, account_no="1", unit_no="U1") for code in (A, B)])
    return {"doubt_ids": [1], "outcome": "cleared"} | WHY


def grown(books: Books) -> dict[str, Any]:
    """A total that is ten times the last one, where the factor is three."""
    named = {"general.total_factor": {"value": "3", "from": "", "reference": ""}}
    for on, amount in ((date(2020, 5, 11), 10), (CLEARED, 100)):
        with ledger_event(books.engine, "policy values", business_date=on) as event:
            policies.note_values(event, {REGION: named})
            books.fill(event.connection, Night(on, (unit(A, entitlement=Decimal(amount)),)))
            policies.note_totals(event.connection)
    return {"region_code": REGION, "on": str(CLEARED)} | WHY


def contradicted(books: Books) -> dict[str, Any]:
    answered(books, "paid", "returned")
    return {"end_to_end_id": end_to_end(A), "outcome": "returned"} | WHY


def moved(books: Books) -> dict[str, Any]:
    answered(books, "returned")
    books.decide(unit(A, account_no="6299999999"), unit(B), on=LATER)
    return {"end_to_end_id": end_to_end(A)} | WHY


def decided(books: Books) -> dict[str, Any]:
    books.decide(unit(A))
    return {"business_date": "2020-05-11", "region_code": "000000"} | WHY


def left(books: Books) -> dict[str, Any]:
    return {"delivery_id": held_delivery(books).id} | WHY


def proposed(prepare: Prepare, deed: Callable[..., Any]) -> Prepare:
    """Another person has proposed what the parameters say."""

    def prepared(books: Books) -> dict[str, Any]:
        person(books, "zhao", deed, **prepare(books), person="zhao")
        return {"proposal_id": 1, "outcome": "confirmed", "reason": ""}

    return prepared


def withdrawal(books: Books) -> dict[str, Any]:
    return decided(books) | {"business_date": date(2020, 5, 11)}


CODE = {"code": LICENCE, "region": REGION, "evidence": "a licence"} | WHY
CASES: list[tuple[str, str, Prepare]] = [
    ("hold", "", nothing(region_code=REGION, **WHY)),
    ("release", "", held),
    ("add-objection", "", on_notice),
    ("decide-objection", "", objected),
    ("answer-batch", "", asked),
    ("assign-approver", "", nothing(approver="wang", region_code=REGION, level=1, is_assigned=True)),
    ("correct-account", "", returned),
    ("confirm-account", "", entered),
    ("propose-recovery-closing", "", lowered),
    ("rule-on-refund", "", reported),
    ("rule-on-doubts", "", shared),
    ("propose-code", "", nothing(**CODE)),
    ("propose-policy", "", nothing(region_code="360100", on="2020-05-19", **WHY)),
    ("accept-total", "", grown),
    ("propose-settlement", "", contradicted),
    ("accept-account", "", moved),
    ("propose-night-withdrawal", "", decided),
    ("set-budget", "", nothing(pooling_region=REGION, policy_year=2020, amount="1000.00", **WHY)),
    ("accept-delivery", "", left),
    ("decide-proposal", "a settlement", proposed(contradicted, proposals.propose_settlement)),
    ("decide-proposal", "a recovery's end", proposed(lowered, propose_closing)),
    ("decide-proposal", "a code", proposed(nothing(**CODE), proposals.propose_code)),
    ("decide-proposal", "a withdrawal", proposed(withdrawal, proposals.propose_withdrawal)),
]


def test_every_act_is_killed() -> None:
    assert {name for name, _, _ in CASES} == set(ACTS)


def dump(books: Books) -> dict[str, list[str]]:
    """The ledger but for the events' details: they hold numbers, of which a killed act has used some up."""
    with books.engine.connect() as connection:
        found = dump_ledger(connection)
    events = [json.dumps(json.loads(row) | {"detail": None}) for row in found["audit_events"]]
    return found | {"audit_events": events}


@pytest.mark.parametrize(
    ("name", "prepare"),
    [pytest.param(name, prepare, id=f"{name} {which}".strip()) for name, which, prepare in CASES],
)
def test_an_act_killed_leaves_nothing_or_all(
    postgres_url: URL, template_database: str, name: str, prepare: Prepare
) -> None:
    with (
        empty_ledger(postgres_url, template_database) as (home, engine),
        empty_ledger(postgres_url, template_database) as (other, twin_engine),
    ):
        books, twin = Books(engine, home.path / "out"), Books(twin_engine, other.path / "out")
        act = ("act", name, "li", json.dumps(prepare(books)))
        before = dump(books)
        prepare(twin)
        assert run_to(other, UNDISTURBED, *act) == 0
        after = dump(twin)
        assert differences(before, after) != {}

        for point in (f"{EVENT}:1:before", f"{CLOSED}:1:after"):
            assert run_to(home, point, *act) == -9, "the point was not reached"
            assert differences(dump(books), before) == {}
        assert run_to(home, f"{EVENT}:1:after", *act) == -9, "the point was not reached"
        assert differences(dump(books), after) == {}

        assert run_to(home, UNDISTURBED, *act) in (0, 1)
        assert dump(books)["payments"] == after["payments"]
        assert books.breaks() == []
