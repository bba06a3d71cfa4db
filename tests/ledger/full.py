"""A ledger with a row in every table, and ways to write to it past its rules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from stable_jobs import acts
from stable_jobs.ledger import batches, notices, policies, proposals, returns, rulings
from stable_jobs.ledger.batches import Batch
from stable_jobs.ledger.event import ledger_event, record_evidence
from stable_jobs.ledger.proposals import propose
from stable_jobs.store import catalog
from stable_jobs.store import snapshots as catalog_snapshots
from stable_jobs.store.database import OWNER
from tests.ledger.conftest import CODES, REGION, Books, Night, refund, unit

OPENED, CLEARED, LATER, LAST = date(2020, 5, 11), date(2020, 5, 19), date(2020, 7, 1), date(2020, 7, 2)
WITHDRAWN = date(2020, 7, 3)
PAID, RETURNED, DISMISSED, UPHELD, WAITING = CODES[:5]
LICENCE = "91350200MA0000000X"
"""A code with a wrong check character."""
ELSEWHERE = "610300"
NOW = {REGION: {"working_days": 0}}

TABLES = [
    "region_nights",
    "entitlements",
    "entitlement_revisions",
    "notices",
    "payments",
    "state_changes",
    "notice_lines",
    "notice_closings",
    "objections",
    "objection_decisions",
    "batches",
    "batch_changes",
    "payment_lines",
    "batch_preparers",
    "approver_changes",
    "approvals",
    "instructions",
    "published_files",
    "bank_answers",
    "bank_answer_rows",
    "bank_results",
    "account_corrections",
    "account_confirmations",
    "recovery_cases",
    "recovery_closings",
    "reported_refunds",
    "refund_rulings",
    "payment_stops",
    "payment_stop_ends",
    "budget_entries",
    "acknowledgements",
    "release_events",
    "proposals",
    "proposal_decisions",
    "registered_codes",
    "unit_forms",
    "decisions_in_force",
    "night_withdrawals",
    "reported_recoveries",
    "contradictions",
    "settlements",
    "new_accounts",
    "account_acceptances",
    "code_changes",
    "unit_numbers",
    "doubt_terms",
    "doubts",
    "doubt_rulings",
    "disagreements",
    "policy_values",
    "policy_nights",
    "policy_confirmations",
    "region_totals",
    "total_rulings",
    "known_persons",
    "event_hands",
    "snapshot_contents",
    "night_evidence",
    "audit_events",
    "event_tables",
    "life_cycle",
    "later_columns",
    "installation",
]


def end_to_end(uscc: str, ordinal: int = 1, attempt: int = 1) -> str:
    return f"20-{REGION}-{uscc}-{ordinal:02}-{attempt:02}"


def formed(books: Books, *units: dict[str, Any], on: date = CLEARED, **region: Any) -> Batch:
    """A batch of the units, without a notice."""
    night = Night(on, units, regions={REGION: {"working_days": 0} | region})
    books.apply(night)
    books.close(on)
    (batch,) = books.form(night)
    return batch


def person(books: Books, name: str, deed: Any, *values: Any, on: date | None = None, **named: Any) -> Any:
    """A deed of the ledger's functions by that person, as one event."""
    with ledger_event(books.engine, "deed", actor=name, business_date=on) as event:
        return deed(event, *values, **named)


def accept(books: Books, failed: str, name: str = "accepter") -> None:
    """A person takes the account that an extract brought after that line came back."""
    person(books, name, proposals.accept_account, failed, "asked the firm", name)


def write(out: Path, folder: str, name: str, content: bytes) -> batches.PublishedFile:
    path = out / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return batches.PublishedFile(folder, name, hashlib.sha256(content).hexdigest(), len(content))


def account(**changed: str) -> dict[str, Any]:
    return {
        "account_name": unit()["account_name"],
        "account_no": "622200001111",
        "bank_code": "102",
        "bank_name": "行",
    } | changed


DROP = "insured_units.rows.drop"


def held_delivery(books: Books, *, region: str = "620100", on: date = OPENED) -> catalog.Delivery:
    """A delivery of insured units that a rule holds."""
    with books.engine.begin() as connection:
        snapshot = catalog.register_snapshot(
            connection, kind="staged", business_date=on, fingerprint=catalog.fingerprint(held=region),
            name=f"snapshots/held-{region}.parquet", rows=3, inputs={},
        )  # fmt: skip
        delivery = catalog.record_delivery(
            connection, department="labor", extract="insured_units", business_date=on, region_code=region,
            sequence=1, file_name=f"{region}.csv", file_format="csv", sha256="b" * 64, size_bytes=1, rows=3,
            control_total=None, received_at=datetime(2020, 5, 11, tzinfo=UTC),
        )  # fmt: skip
        catalog.mark_staged(connection, delivery.id, snapshot.id)
        catalog.record_validation(
            connection, business_date=on, extract="insured_units",
            fingerprint=catalog.fingerprint(validated=region), quarantine_snapshot_id=snapshot.id, results=[],
            outcomes=[catalog.DeliveryOutcome(delivery.id, region, 3, 2, 1, DROP, {"rows": 3})],
        )  # fmt: skip
        return catalog.delivery_by_id(connection, delivery.id)


def release_held(event: Any, delivery: catalog.Delivery, person: str) -> catalog.Release:
    return catalog.release_delivery(
        event.connection, delivery.id, rule_id=DROP, reason="a firm moved away", released_by=person,
        released_at=datetime(2020, 5, 11, 13, 30, tzinfo=UTC),
    )  # fmt: skip


def record_night(books: Books) -> None:
    """The newest decision as a night's step hands it over, made from one delivery, its files' bytes known."""
    (number,) = books.ask("SELECT max(decision_id) FROM region_nights")[0]
    with books.engine.begin() as connection:
        values = {"id": number, "sha256": "d" * 64, "size": 4}
        connection.execute(text(catalog_snapshots.KEEP_CONTENT), values)
    person(books, "stable-jobs", record_evidence, number, on=LAST)


def fill(books: Books) -> None:
    """Every kind of deed once."""
    books.assign(("first", 1), ("second", 2))
    person(books, "wang", rulings.enter_budget, REGION, 2020, Decimal(10**6), "letter 7", "wang")
    person(books, "zhao", rulings.hold_region, REGION, "a letter", "zhao")
    person(books, "qian", rulings.release_region, REGION, "answered", "qian")
    units = [
        unit(PAID),
        unit(RETURNED, review_level=1),
        unit(DISMISSED, review_level=2),
        unit(UPHELD, legal_form="individual_business"),
        unit(WAITING),
    ]
    books.decide(*units, on=OPENED)
    for uscc, outcome in ((DISMISSED, "dismissed"), (UPHELD, "upheld")):
        number = person(
            books, "li", notices.add_objection, REGION, uscc, "a neighbour says so", "li", on=OPENED
        )
        person(books, "sun", notices.decide_objection, number, outcome, "looked into", "sun", on=OPENED)
    night = Night(CLEARED, tuple(units))
    books.apply(night)
    books.close(CLEARED)
    none, one, two = books.form(night)
    books.approve(one, 1, "first")
    books.approve(two, 1, "first")
    books.approve(two, 2, "second")
    for batch in (none, one):
        with ledger_event(books.engine, "publish", business_date=CLEARED) as event:
            batches.instruct(event, batch, [write(books.out, "a", f"{batch.batch_no}.csv", b"1,2\n")])
    books.answer(
        [
            {"end_to_end_id": end_to_end(PAID), "outcome": "paid", "amount": Decimal("100.00")},
            {"end_to_end_id": end_to_end(RETURNED), "outcome": "returned", "reason_code": "AC01"},
            {"end_to_end_id": "20-nobody", "outcome": "paid"},
        ]
    )
    number = person(
        books,
        "zhou",
        returns.enter_account,
        end_to_end(RETURNED),
        "zhou",
        **account(account_name=f"单位{RETURNED[-6:]}"),
    )
    person(books, "wu", returns.confirm_account, number, "wu", account()["account_no"])
    lower = unit(PAID, entitlement=Decimal("60.00"))
    books.decide(lower, *units[1:], on=LATER)
    end_case(books, 1, "dropped", "too small")
    moved = unit(RETURNED, review_level=1, account_no="6299999999")
    books.decide(lower, moved, *units[2:], on=LAST, refunds=(refund(PAID),))
    finding: dict[str, Any] = {"business_date": OPENED, "extract": "insured_units", "rule_id": DROP}
    person(books, "wang", release_held, held_delivery(books), "wang")
    person(books, "chen", rulings.acknowledge, **finding, person="chen", reason="known")
    number = person(books, "wei", propose, "example", subject="x", reason="a letter", person="wei")
    person(books, "jiang", acts.decide_proposal, number, "rejected", "not now", "jiang")
    number = person(
        books,
        "wei",
        proposals.propose_code,
        LICENCE,
        REGION,
        evidence="a licence",
        reason="a letter",
        person="wei",
    )
    person(books, "jiang", acts.decide_proposal, number, "confirmed", "", "jiang")
    person(books, "you", proposals.accept_account, end_to_end(RETURNED), "the bank wrote", "you")
    books.answer([{"end_to_end_id": end_to_end(PAID), "outcome": "returned"}], name="later.xml", on=LAST)
    number = person(books, "xu", proposals.propose_settlement, end_to_end(PAID), "paid", "letter 9", "xu")
    person(books, "he", acts.decide_proposal, number, "confirmed", "", "he")
    own = {"region_code": ELSEWHERE, "account_no": "1", "unit_no": "U1"}
    apart = unit(CODES[7], already_paid=Decimal(7), payable=Decimal(93), **own)
    twice = [unit(code, **own) for code in CODES[5:7]]
    changed = (ELSEWHERE, "610100000000013", CODES[5])
    books.decide(*twice, apart, on=LATER, regions={ELSEWHERE: {}}, codes=(changed,))
    person(books, "shen", rulings.rule_on_doubt, 1, "cleared", "a market's account", "shen")
    fill_policies(books)
    record_night(books)
    person(books, "feng", rulings.rule_on_refund, 1, "same", "asked finance", "feng")
    less = refund(PAID, voucher_no="less", payment_reference=end_to_end(PAID), amount=Decimal("60.00"))
    books.decide(lower, *units[1:], on=WITHDRAWN, refunds=(refund(PAID), less))
    withdraw(books, WITHDRAWN)


def end_case(
    books: Books, case_id: int, outcome: str, reason: str = "x", by: str = "zheng", other: str = "wu"
) -> None:
    """Two people end a recovery case."""
    number = person(books, by, proposals.propose_closing, case_id, outcome, reason, by)
    person(books, other, acts.decide_proposal, number, "confirmed", "", other)


def withdraw(books: Books, on: date, region: str = "000000", by: str = "zheng", other: str = "wu") -> None:
    """Two people withdraw a night."""
    number, _ = person(books, by, proposals.propose_withdrawal, on, region, "a slip", by)
    person(books, other, acts.decide_proposal, number, "confirmed", "", other)


def fill_policies(books: Books) -> None:
    """Values found, proposed and confirmed; totals of two nights, the second accepted though beyond."""
    named = {"general.total_factor": "3", "general.refund_rate.small": "0.5"}
    content = {name: {"value": value, "from": "", "reference": ""} for name, value in named.items()}
    region = "620100"
    with ledger_event(books.engine, "policy proposed", actor="shen") as event:
        number, _ = policies.propose_values(event, {region: content}, region, OPENED, "a letter", "shen")
    person(books, "han", acts.decide_proposal, number, "confirmed", "", "han")
    for on, amount in ((OPENED, 10), (CLEARED, 100)):
        with ledger_event(books.engine, "policy values", business_date=on) as event:
            policies.note_values(event, {region: content})
            books.fill(
                event.connection,
                Night(on, (unit(region_code=region, entitlement=Decimal(amount)),), regions={region: {}}),
            )
            policies.note_totals(event.connection)
    person(books, "yang", policies.accept_total, region, CLEARED, "new extracts", "yang")


@contextmanager
def as_app(
    engine: Engine, *, on: date | None = CLEARED, event: str = "next", hand: str = "first"
) -> Iterator[Connection]:
    """What the application's role may do with plain SQL in that person's name; nothing is kept."""
    with engine.connect() as connection:
        number = connection.scalar(text("SELECT coalesce(max(id), 0) + 1 FROM audit_events"))
        values = {
            "event": str(number) if event == "next" else event,
            "on": str(on or ""),
            "hand": json.dumps({"person": hand, "login": "airflow", "via": "test"}) if hand else "",
        }
        connection.execute(
            text(
                "SELECT set_config('stable_jobs.event', :event, true),"
                " set_config('stable_jobs.business_date', :on, true),"
                " set_config('stable_jobs.hand', :hand, true)"
            ),
            values,
        )
        yield connection


def as_owner(connection: Connection) -> None:
    connection.execute(text(f"SET LOCAL ROLE {OWNER}"))


def tamper(engine: Engine, *statements: str) -> None:
    """A superuser whom no trigger and no foreign key stops."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement))


def refused(connection: Connection, statement: str, match: str) -> None:
    """The database refuses that statement with such a sentence."""
    with pytest.raises(DBAPIError, match=match):
        connection.execute(text(statement))


def move(uscc: str, state: str) -> str:
    """The statement that sets the state of a unit's first payment."""
    return (
        f"UPDATE payments p SET state = '{state}' FROM entitlements e"
        f" WHERE e.id = p.entitlement_id AND e.uscc = '{uscc}' AND p.ordinal = 1"
    )
