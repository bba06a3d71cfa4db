"""One transaction of the ledger is one event: its statements, its chain, and the evidence that it records."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.exc import DBAPIError

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.people import Hand, check_person, hand_of, know_person
from stable_jobs.messages.database import database_refusal
from stable_jobs.messages.ledger_refusals import refusal
from stable_jobs.settings import now

# --- Statements ---
# The ledger's SQL: named statements of the files in `sql/`, run one after the other.
#
# A statement begins with a line `-- name: <its name>`; several under one name, each ending in `;`, are run
# together. The text before the first name says what the file does, and which tables it reads and writes.
#
# The ledger writes in one transaction what a server would gather statistics on minutes later. Without them it
# takes every new table for empty and joins thousands of rows one by one: after many rows were written the
# planner is told.

WRITTEN = re.compile(r"\s*(?:CREATE TEMPORARY TABLE|INSERT INTO|UPDATE)\s+(\w+)")
MANY = 1_000
"""Rows from which on statistics are worth gathering."""


class Statements:
    """The named statements of one file of `sql/`, read once. Parameters are bound: `:name` in the text."""

    def __init__(self, file: str) -> None:
        script = files(__package__).joinpath("sql", f"{file}.sql").read_text("utf-8")
        _, *parts = re.split(r"^-- name: (\w+)$", script, flags=re.MULTILINE)
        self.scripts = {name: _split(part) for name, part in zip(parts[::2], parts[1::2], strict=True)}

    def __getitem__(self, name: str) -> str:
        """The statement of that name, where it is one."""
        (statement,) = self.scripts[name]
        return statement

    def written_out(self, name: str, **values: int | date) -> str:
        """The statement with its parameters written into it, for COPY, which binds none."""
        dialect = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]
        bound = text(self[name]).bindparams(**values)
        return str(bound.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))

    def run(self, connection: Connection, *names: str, **values: object) -> int:
        """Run the statements in order with the same parameters; how many rows the last one touched."""
        touched = 0
        for statement in (one for name in names for one in self.scripts[name]):
            touched = connection.execute(text(statement), values).rowcount
            written = WRITTEN.match(statement)
            if written and touched >= MANY:
                connection.execute(text(f"ANALYZE {written[1]}"))
        return touched


def plan_for_all(connection: Connection) -> None:
    """Plan the transaction's further statements for tables of which most rows are read.

    No nested loops: the planner takes a night of one city for a handful of rows, and a join that asks a table
    once per unit takes hours for a large one. And room to sort and to hash them in memory.
    """
    connection.execute(text("SET LOCAL enable_nestloop = off"))
    connection.execute(text(EVENT_SQL["room"]))


def _split(script: str) -> tuple[str, ...]:
    """Each statement without its `;` and without comments."""
    bare = re.sub(r"^\s*--.*\n", "", script, flags=re.MULTILINE)
    return tuple(one for one in (part.strip() for part in re.split(r";$", bare, flags=re.MULTILINE)) if one)


# --- Events ---
# One transaction of the ledger is one audit event: one writer after the other, each chained by hash.

EVENT_SQL = Statements("event")

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
            raise LedgerRefused(database_refusal(_sentence(error))) from None
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
    settings = EVENT_SQL["open"]
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


# --- Evidence of a decision ---
# The evidence of a night's decision, in the night's event: the catalog's rows and its files' bytes.

EVIDENCE_SQL = Statements("evidence")


def record_evidence(event: Event, decision_id: int) -> None:
    """Put it into the event that took the decision over; once, and not for one that was not taken."""
    event.connection.execute(
        text(EVIDENCE_SQL["insert_night_evidence"]),
        {"id": decision_id},
    )


def require_evidence(connection: Connection, decision_id: int) -> None:
    """LedgerRefused if the catalog's rows of the decision have changed since the ledger took it over."""
    known = text("SELECT EXISTS (SELECT FROM night_evidence WHERE decision_id = :id)")
    if not connection.scalar(known, {"id": decision_id}):
        raise LedgerRefused(refusal("evidence_not_kept", decision=decision_id))
    broken = connection.execute(
        text("SELECT subject, subject_id FROM broken_evidence WHERE decision_id = :id ORDER BY 1, 2 LIMIT 1"),
        {"id": decision_id},
    ).one_or_none()
    if broken is not None:
        raise LedgerRefused(
            refusal(
                "evidence_changed", decision=decision_id, subject=broken.subject, number=broken.subject_id
            )
        )
