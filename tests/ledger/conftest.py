"""A ledger on a real server, and nights made of a few plain units."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from stable_jobs.ledger import batches, entitlements, notices, returns
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.notices import REFUNDS, REGIONS, UNITS, night_tables, put_in_force
from stable_jobs.ledger.verify import verify_ledger
from stable_jobs.store import catalog
from stable_jobs.store.database import APP
from stable_jobs.store.loading import load_rows
from stable_jobs.workdays import notice_ends_on
from tests.databases import copy_database, drop_database
from tests.shared import made_once

D = date(2020, 5, 11)
REGION = "610100"
CODES = [f"91610100MA6T{number:05d}X" for number in range(1, 60)]
DEFAULTS: dict[str, Any] = {
    "region_code": REGION,
    "decision": "eligible",
    "scheme": "general",
    "entitlement": Decimal("100.00"),
    "is_paid_known": True,
    "reasons": "",
    "is_revoked": False,
    "headcount": 10,
    "claimants": 0,
    "layoff_rate": Decimal(0),
    "premium_base": Decimal("200.00"),
    "size_class": "small",
    "review_level": 0,
    "priority": 1,
    "bank_code": "102791000014",
    "bank_name": "工商银行",
    "account_source": "corporate",
    "legal_form": "enterprise",
    "name_fault": None,
    "account_fault": None,
    "unit_no": None,
    "payable": None,
    "already_paid": None,
}


def unit(uscc: str = CODES[0], **changed: Any) -> dict[str, Any]:
    """An eligible unit due 100 yuan, reviewed by nobody."""
    own = {
        "uscc": uscc,
        "unit_name": f"单位{uscc[-6:]}",
        "account_name": f"单位{uscc[-6:]}",
        "account_no": f"62{uscc[-6:-1]}",
    }
    made = DEFAULTS | own | changed
    return made | {"premium_base": max(made["premium_base"], made["entitlement"] or Decimal(0))} | changed


def refund(uscc: str = CODES[0], **changed: Any) -> dict[str, Any]:
    """A refund that finance reports."""
    values = {"region_code": REGION, "uscc": uscc, "policy_year": 2020, "scheme": "general", "paid_date": D}
    return (
        values
        | {"amount": Decimal("100.00"), "voucher_no": f"V{uscc[-6:]}", "payment_reference": None}
        | changed
    )


@dataclass(frozen=True)
class Night:
    """What a night says: units, regions beside the first, refunds."""

    on: date = D
    units: tuple[dict[str, Any], ...] = ()
    refunds: tuple[dict[str, Any], ...] = ()
    regions: dict[str, dict[str, Any]] = field(default_factory=lambda: {REGION: {}})
    key: str = ""
    codes: tuple[tuple[str, ...], ...] = ()
    """(region, old, new) code; without a region: of the first one."""


@dataclass
class Books:
    """The ledger with few words. Every call is one event of its own."""

    engine: Engine
    out: Any = None

    def apply(self, night: Night, before: Callable[[Any], object] = lambda _: None) -> list[str]:
        """Take a night over. before: what is done to its tables first."""
        with ledger_event(self.engine, "night", business_date=night.on) as event:
            decision_id = self.fill(event.connection, night)
            before(event.connection)
            put_in_force(event, decision_id)
            return entitlements.apply_night(event.connection)

    def decide(self, *units: dict[str, Any], on: date = D, **more: Any) -> list[str]:
        return self.apply(Night(on, tuple(units), **more))

    def close(self, on: date) -> int:
        with ledger_event(self.engine, "close notices", business_date=on) as event:
            return notices.close_due_notices(event)

    def form(self, night: Night) -> list[batches.Batch]:
        with ledger_event(self.engine, "form batches", business_date=night.on) as event:
            self.fill(event.connection, night)
            return batches.form_batches(event)

    def publish(self, batch: batches.Batch, on: date) -> None:
        with ledger_event(self.engine, "publish", business_date=on, subject=batch.batch_no) as event:
            batches.instruct(event, batch, [])

    def assign(self, *people: tuple[str, int], region: str = "000000") -> None:
        with ledger_event(self.engine, "approvers", actor="head") as event:
            for person, level in people:
                batches.assign_approver(event, person, region, level, True, "head")

    def approve(self, batch: batches.Batch, level: int, person: str, **changed: Any) -> None:
        given = {
            "batch_hash": batch.hash,
            "answer": "approved",
            "reason": "",
            "answered_in": "test",
        } | changed
        with ledger_event(self.engine, "approval", actor=person, subject=batch.batch_no) as event:
            batches.record_answer(event, batch.batch_no, level=level, person=person, **given)

    def answer(
        self, rows: Iterable[dict[str, Any]], *, name: str = "answer.xml", on: date = D
    ) -> returns.AnswerCounts:
        given = list(rows)
        sha256 = catalog.fingerprint(name=name, rows=[str(row) for row in given])
        with ledger_event(self.engine, "bank answer", business_date=on) as event:
            returns.answer_table(event.connection)
            load_rows(
                event.connection,
                "answer_rows",
                [
                    [number, *(row.get(c) for c in list(returns.ROWS)[1:])]
                    for number, row in enumerate(given, 1)
                ],
            )
            return returns.take_answer(event, sha256=sha256, file_name=name, file_format="pain.002")

    def ask(self, query: str, **values: Any) -> list[Any]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def states(self) -> dict[str, str]:
        """Payment (`<last characters of the code>.<ordinal>`) → state."""
        query = """
            SELECT right(e.uscc, 6) || '.' || p.ordinal, p.state
            FROM payments p JOIN entitlements e ON e.id = p.entitlement_id ORDER BY 1
        """
        return dict(self.ask(query))

    def breaks(self) -> list[str]:
        with self.engine.connect() as connection:
            return [one.sentence() for one in verify_ledger(connection, self.out).breaks]

    def fill(self, connection: Any, night: Night) -> int:
        night_tables(connection)
        year = {"policy_year": night.on.year}
        load_rows(connection, "night_units", [[(u | year)[c] for c in UNITS] for u in night.units])
        load_rows(connection, "night_refunds", [[r[c] for c in REFUNDS] for r in night.refunds])
        load_rows(connection, "night_codes", [(REGION, *codes)[-3:] for codes in night.codes])
        decision = catalog.register_snapshot(
            connection,
            kind="eligibility",
            business_date=night.on,
            fingerprint=catalog.fingerprint(night=repr(night)),
            name=f"snapshots/{catalog.fingerprint(night=repr(night))}.parquet",
            rows=len(night.units),
            inputs={},
        )
        defaults: dict[str, Any] = {
            "is_suspended": False,
            "is_silent": False,
            "working_days": 5,
            "pooling_region": REGION,
            "refund_budget": Decimal(10**9),
            "stopping_doubts": None,
            "shared_account_units": None,
        }
        rows = []
        for code, changed in night.regions.items():
            values: dict[str, Any] = {"region_code": code, "decision_id": decision.id} | defaults | changed
            values.setdefault("notice_ends_on", notice_ends_on(night.on, values["working_days"]))
            rows.append([values[c] for c in REGIONS])
        load_rows(connection, "night_regions", rows)
        return decision.id


@pytest.fixture
def books(engine: Engine, tmp_path: Any) -> Books:
    """An empty ledger."""
    return Books(engine, tmp_path)


def changed(night: Night, **values: Any) -> Night:
    """The night with something else about it."""
    return replace(night, **values)


@pytest.fixture(scope="session")
def full_database(postgres_url: URL, template_database: str) -> tuple[str, Path]:
    """A database with a row in every table of the ledger, and the folder of its files. Not to change.

    Filled once for all workers. Each has a copy: a database that somebody is connected to cannot be copied.
    """
    from tests.ledger.full import fill

    def filled(out: Path) -> tuple[str, Path]:
        name = copy_database(postgres_url, template_database, "full")
        fill(Books(create_engine(postgres_url.set(username=APP, database=name), poolclass=NullPool), out))
        return name, out

    name, out = made_once("full", filled)
    return copy_database(postgres_url, name, "full"), out


@pytest.fixture
def full(postgres_url: URL, full_database: tuple[str, Path]) -> Books:
    """The full ledger as the application sees it: for what is rolled back."""
    name, out = full_database
    return Books(create_engine(postgres_url.set(username=APP, database=name), poolclass=NullPool), out)


@pytest.fixture
def copy(postgres_url: URL, full_database: tuple[str, Path], tmp_path: Path) -> Iterator[Books]:
    """A copy of the full ledger of the test's own, as a superuser sees it."""
    name = copy_database(postgres_url, full_database[0], "copy")
    shutil.copytree(full_database[1], tmp_path / "out")
    yield Books(create_engine(postgres_url.set(database=name), poolclass=NullPool), tmp_path / "out")
    drop_database(postgres_url, name)


@pytest.fixture
def copy_of(postgres_url: URL, full_database: tuple[str, Path]) -> Callable[[str], Engine]:
    """The full ledger as the application (`app`) or as who may become its owner (`owner`). Not to change."""
    url = postgres_url.set(database=full_database[0])
    return lambda who: create_engine(url if who == "owner" else url.set(username=APP), poolclass=NullPool)
