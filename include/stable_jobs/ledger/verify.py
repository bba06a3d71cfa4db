"""Whether the ledger is what it says: the chain, what each event wrote, the states, the sums, the files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from stable_jobs.ledger.event import FIRST, chained

SUMS = "entitled = outside + paid + open + waived - recovering"


@dataclass(frozen=True)
class Break:
    """One thing that is not as the ledger says. check: chain, rows, states, sums, batches or files."""

    check: str
    where: str
    expected: str
    found: str

    def sentence(self) -> str:
        """One line for a log or a terminal."""
        return f"{self.check}: {self.where}: expected {self.expected}; found {self.found}"


@dataclass(frozen=True)
class Verified:
    """What was looked at, and the breaks in the order in which they stand."""

    events: int
    entitlements: int
    files: int
    breaks: tuple[Break, ...]


def verify_ledger(connection: Connection, out: Path) -> Verified:
    """Check everything; reads only. out: the root below which files were published."""
    breaks = (
        *verify_chain(connection),
        *_asked(connection, "states", STATES),
        *_asked(connection, "sums", BALANCE),
        *_asked(connection, "batches", BATCHES),
        *verify_files(connection, out),
    )
    events, entitlements, files = connection.execute(text(COUNTED)).one()
    return Verified(events, entitlements, files, breaks)


COUNTED = """
    SELECT (SELECT count(*) FROM audit_events), (SELECT count(*) FROM entitlements),
           (SELECT count(*) FROM published_files)
"""


def verify_chain(connection: Connection) -> Iterator[Break]:
    """Every event: numbered without a gap, hashed over the one before, and its rows as it wrote them.

    A broken hash ends the look at the chain: what follows cannot be told.
    """
    before, number = FIRST, 0
    for event in connection.execute(
        text("SELECT id, body, previous_hash, hash FROM audit_events ORDER BY id")
    ):
        number += 1
        if (event.id, event.previous_hash) != (number, before):
            yield Break("chain", f"event {event.id}", f"event {number} after {before}", event.previous_hash)
            return
        if chained(before, event.body) != event.hash:
            yield Break("chain", f"event {event.id}", event.hash, chained(before, event.body))
            return
        yield from _rows(connection, event.id, _said(event.body))
        before = event.hash
    yield from _strays(connection, number)


def _said(body: str) -> dict[str, dict[str, object]]:
    try:
        rows = json.loads(body)["rows"]
    except (ValueError, KeyError, TypeError):
        return {}
    return rows if isinstance(rows, dict) else {}


def _rows(connection: Connection, event_id: int, said: dict[str, dict[str, object]]) -> Iterator[Break]:
    found = connection.scalar(text("SELECT event_digest(:id)"), {"id": event_id}) or {}
    for table in sorted({*said, *found}):
        if said.get(table) != found.get(table):
            where = f"event {event_id}, table {table}"
            yield Break("rows", where, json.dumps(said.get(table)), json.dumps(found.get(table)))


def _strays(connection: Connection, last: int) -> Iterator[Break]:
    """Rows of events that the chain does not have: its end was cut off."""
    for table in connection.execute(text(TABLES)).scalars():
        query = f"SELECT min(event_id) FROM {table} WHERE event_id NOT BETWEEN 1 AND {last}"  # noqa: S608 - the catalog's
        if (found := connection.scalar(text(query))) is not None:
            yield Break("chain", f"table {table}", f"events up to {last}", f"rows of event {found}")


def verify_files(connection: Connection, out: Path) -> Iterator[Break]:
    """Every published file is there with its bytes."""
    query = "SELECT folder, name, sha256 FROM published_files ORDER BY id"
    for folder, name, sha256 in connection.execute(text(query)):
        path = out / folder / name
        found = _sha256(path) if path.is_file() else "no file"
        if found != sha256:
            yield Break("files", f"{folder}/{name}", sha256, found)


def _sha256(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _asked(connection: Connection, check: str, query: str) -> Iterator[Break]:
    for where, expected, found in connection.execute(text(query)):
        yield Break(check, str(where), str(expected), str(found))


TABLES = """
    SELECT quote_ident(c.table_name) FROM information_schema.columns c JOIN information_schema.tables t
        USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND c.column_name = 'event_id' AND t.table_type = 'BASE TABLE' ORDER BY 1
"""

STATES = """
    SELECT 'payment ' || p.id,
           coalesce(concat_ws(' ', c.to_state, c.changed_on, c.reason), 'a recorded state'),
           concat_ws(' ', p.state, p.changed_on, p.reason)
    FROM payments p LEFT JOIN LATERAL (
        SELECT * FROM state_changes WHERE payment_id = p.id ORDER BY id DESC LIMIT 1) c ON true
    WHERE (c.to_state, c.changed_on, c.reason) IS DISTINCT FROM (p.state, p.changed_on, p.reason)
    UNION ALL
    SELECT 'batch ' || b.batch_no, coalesce(concat_ws(' ', c.to_state, c.reason), 'a recorded state'),
           concat_ws(' ', b.state, b.reason)
    FROM batches b LEFT JOIN LATERAL (
        SELECT * FROM batch_changes WHERE batch_id = b.id ORDER BY id DESC LIMIT 1) c ON true
    WHERE (c.to_state, c.reason) IS DISTINCT FROM (b.state, b.reason)
    UNION ALL
    SELECT 'entitlement ' || e.region_code || ' ' || e.uscc,
           concat_ws(' ', c.scheme, c.entitled_amount, c.outside_amount, c.decided_on, c.unit_name),
           concat_ws(' ', e.scheme, e.entitled_amount, e.outside_amount, e.decided_on, e.unit_name)
    FROM entitlements e LEFT JOIN LATERAL (
        SELECT * FROM entitlement_revisions WHERE entitlement_id = e.id ORDER BY id DESC LIMIT 1) c ON true
    WHERE (c.scheme, c.entitled_amount, c.outside_amount, c.decided_on, c.unit_name)
        IS DISTINCT FROM (e.scheme, e.entitled_amount, e.outside_amount, e.decided_on, e.unit_name)
    ORDER BY 1
"""

BALANCE = """
    SELECT region_code || ' ' || uscc || ' ' || policy_year, entitled_amount,
           outside || ' + ' || paid || ' + ' || open || ' + ' || waived || ' - ' || recovering
    FROM entitlement_standing WHERE entitled_amount <> outside + paid + open + waived - recovering ORDER BY 1
"""

BATCHES = """
    SELECT b.batch_no, concat_ws(' ', b.count, b.total, b.hash), concat_ws(' ', l.count, l.total,
        batch_hash(b.id))
    FROM batches b LEFT JOIN (
        SELECT batch_id, count(*) AS count, sum(amount) AS total FROM payment_lines GROUP BY batch_id
    ) l ON l.batch_id = b.id
    WHERE (b.count, b.total, b.hash) IS DISTINCT FROM (l.count, l.total, batch_hash(b.id))
    UNION ALL
    SELECT b.batch_no, b.count || ' instructions', coalesce(i.count, 0) || ' instructions'
    FROM batches b LEFT JOIN (SELECT batch_id, count(*) AS count FROM instructions GROUP BY batch_id) i
        ON i.batch_id = b.id
    WHERE coalesce(i.count, 0) <> CASE WHEN b.state = 'published' THEN b.count ELSE 0 END
    ORDER BY 1
"""
