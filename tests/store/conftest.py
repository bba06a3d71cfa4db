"""Builders of catalog rows for the store's tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from stable_jobs.errors import Problem
from stable_jobs.settings import SHANGHAI
from stable_jobs.store import catalog
from stable_jobs.store.catalog import Delivery, DeliveryOutcome, Snapshot, Validation
from stable_jobs.store.database import init_database

D = date(2020, 5, 11)


@dataclass(frozen=True)
class Book:
    """Writes catalog rows with few words; `connection` is the application's, rolled back after the test."""

    connection: Connection

    def snapshot(self, key: str, **changed: Any) -> Snapshot:
        values = {"kind": "staged", "business_date": D, "fingerprint": catalog.fingerprint(key=key)}
        values |= {"name": f"snapshots/{key}.parquet", "rows": 3, "inputs": {"key": key}}
        return catalog.register_snapshot(self.connection, **{**values, **changed})

    def delivery(self, **changed: Any) -> Delivery:
        values: dict[str, Any] = {
            "department": "tax",
            "extract": "taxpayers",
            "business_date": D,
            "region_code": "610100",
            "sequence": 1,
            "file_format": "csv",
            "size_bytes": 10,
            "rows": 3,
            "control_total": Decimal("1.50"),
            "received_at": datetime(2020, 5, 11, 8, tzinfo=SHANGHAI),
        } | changed
        slot = f"{values['business_date']}/{values['region_code']}.{values['sequence']}"
        values.setdefault("file_name", f"{slot}.csv")
        values.setdefault("sha256", sha256(f"{values['extract']}/{slot}".encode()).hexdigest())
        return catalog.record_delivery(self.connection, **values)

    def staged(self, **changed: Any) -> Delivery:
        delivery = self.delivery(**changed)
        catalog.mark_staged(self.connection, delivery.id, self.snapshot(f"staged-{delivery.id}").id)
        return catalog.delivery_by_id(self.connection, delivery.id)

    def refused(self, **changed: Any) -> Delivery:
        delivery = self.delivery(**changed)
        catalog.mark_refused(self.connection, delivery.id, self.problem())
        return catalog.delivery_by_id(self.connection, delivery.id)

    def problem(self, **changed: Any) -> Problem:
        words = {
            "what_zh": "行数不符",
            "what_en": "rows differ",
            "expected": "3",
            "found": "2",
            "next_step_zh": "重发",
            "next_step_en": "send again",
            "owes": "tax",
        }
        where = {"rule": "delivery.rows", "department": "tax", "extract": "taxpayers", "region": "610100"}
        return Problem(**{**where, **words, **changed})

    def outcome(self, delivery: Delivery, **changed: Any) -> DeliveryOutcome:
        values = {"delivery_id": delivery.id, "region_code": delivery.region_code}
        counts = {"received": 3, "accepted": 2, "quarantined": 1}
        return DeliveryOutcome(**{**values, **counts, **changed})

    def validation(self, key: str, *outcomes: DeliveryOutcome, **changed: Any) -> Validation:
        values = {"business_date": D, "extract": "taxpayers", "fingerprint": catalog.fingerprint(key=key)}
        values |= {"quarantine_snapshot_id": self.snapshot(f"quarantine-{key}", kind="quarantine").id}
        values |= {"results": [], "outcomes": outcomes}
        return catalog.record_validation(self.connection, **{**values, **changed})

    def release(self, delivery: Delivery, rule_id: str, **changed: Any) -> catalog.Release:
        """In an event that nobody closes: the transaction is rolled back."""
        self.connection.execute(text("SELECT set_config('stable_jobs.event', '1', true)"))
        values = {"reason": "a firm moved away", "released_by": "王芳"}
        moment = {"released_at": datetime(2020, 5, 11, 21, tzinfo=SHANGHAI)}
        return catalog.release_delivery(
            self.connection, delivery.id, rule_id=rule_id, **{**values, **moment, **changed}
        )


@pytest.fixture(scope="session")
def empty_engine(postgres_url: URL) -> Iterator[Engine]:
    """A migrated database that stays empty: its users roll back."""
    url = init_database(postgres_url, name=f"empty_{uuid4().hex}")
    engine = create_engine(url, poolclass=NullPool)
    yield engine
    engine.dispose()


@pytest.fixture
def book(empty_engine: Engine) -> Iterator[Book]:
    """A book on an empty database, in one transaction that is rolled back."""
    with empty_engine.connect() as connection:
        yield Book(connection)
