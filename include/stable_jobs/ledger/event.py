"""One transaction of the ledger is one audit event: one writer after the other, each chained by hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.hands import Hand, hand_of
from stable_jobs.ledger.known_persons import check_person, know_person
from stable_jobs.ledger.statements import Statements
from stable_jobs.settings import now

SQL = Statements("event")

LEDGER_LOCK = 5_700_003
"""The advisory lock that serialises the ledger's writers."""
FIRST = "0" * 64
"""The hash that the first event names as the one before it."""
REFUSED = frozenset({"23001", "23505", "23514"})
"""SQLSTATEs by which the database keeps the ledger's rules: restrict, unique, check."""
SYSTEM = "stable-jobs"
"""The actor of what no person did."""


@dataclass(frozen=True)
class Event:
    """An open event. The values put into `detail` (plain JSON, no account) go into the chain."""

    id: int
    connection: Connection
    detail: dict[str, Any] = field(default_factory=dict)


@contextmanager
def ledger_event(
    engine: Engine, kind: str, *, actor: str = SYSTEM, business_date: date | None = None, subject: str = ""
) -> Iterator[Event]:
    """Write to the ledger all of the block or nothing; a block without writes leaves no event.

    actor: a person, whose hand `hands.acting` says, or `SYSTEM`. business_date: the night in whose name
    states change; the database refuses what an older night may not do. LedgerRefused where one of the
    ledger's rules forbids it, for a person of whom nothing says who they are, and for a look-alike of
    another one.
    """
    hand = None if actor == SYSTEM else hand_of(actor)
    try:
        with engine.begin() as connection:
            event = _open(connection, business_date, actor, hand)
            yield event
            said: dict[str, Any] = {"actor": actor, "kind": kind, "subject": subject}
            if hand is not None:
                said["hand"] = hand.as_json()
            _close(event, said | {"business_date": business_date and business_date.isoformat()})
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in REFUSED:
            raise LedgerRefused(_sentence(error)) from None
        raise


def canonical(body: dict[str, Any]) -> str:
    """The one spelling of an event that its hash is made of."""
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def chained(previous_hash: str, body: str) -> str:
    """SHA-256 (hex) over the hash before and the event's canonical JSON."""
    return hashlib.sha256((previous_hash + body).encode()).hexdigest()


def _open(connection: Connection, business_date: date | None, actor: str, hand: Hand | None) -> Event:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LEDGER_LOCK})
    number = connection.scalar(text("SELECT coalesce(max(id), 0) + 1 FROM audit_events"))
    settings = SQL["open"]
    by = json.dumps({"person": actor, **hand.as_json()}, ensure_ascii=False) if hand else ""
    connection.execute(text(settings), {"event": str(number), "on": str(business_date or ""), "hand": by})
    if hand is not None and actor.strip():
        check_person(connection, actor)
    return Event(int(number or 1), connection)


def _close(event: Event, said: dict[str, Any]) -> None:
    connection = event.connection
    rows = connection.scalar(text("SELECT event_digest(:id)"), {"id": event.id})
    if not rows:
        return
    if "hand" in said:
        know_person(connection, said["actor"])
        connection.execute(text("SELECT record_hand()"))
        rows = connection.scalar(text("SELECT event_digest(:id)"), {"id": event.id})
    before = connection.scalar(text("SELECT hash FROM audit_events ORDER BY id DESC LIMIT 1")) or FIRST
    body = canonical(said | {"id": event.id, "at": now().isoformat(), "detail": event.detail, "rows": rows})
    connection.execute(
        text("INSERT INTO audit_events (id, body, previous_hash, hash) VALUES (:id, :body, :before, :hash)"),
        {"id": event.id, "body": body, "before": before, "hash": chained(before, body)},
    )


def _sentence(error: DBAPIError) -> str:
    """The database's own first line: its detail and the statement's parameters could show an account."""
    message = getattr(getattr(error.orig, "diag", None), "message_primary", None)
    return str(message or "a rule of the ledger forbids it")
