"""Whether the ledger is what it says: chain, rows, states, sums, catalog, schema, files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from stable_jobs.ledger.anchors import Anchor
from stable_jobs.ledger.event import FIRST, chained
from stable_jobs.ledger.published import RESTORED, Break, anchors_in, verify_published
from stable_jobs.ledger.statements import Statements
from stable_jobs.settings import now
from stable_jobs.store.lake import Content, Lake, LakeChanged
from stable_jobs.store.schema_check import differences

SQL = Statements("verify")

__all__ = ["Break", "Verified", "verify_ledger"]

LAKE_READERS = 4
SUMS = "entitled = outside + paid + open + waived - recovering"
CLOCKS_APART = timedelta(minutes=5)
"""How far apart the clocks of two machines that write to the ledger may be."""


@dataclass(frozen=True)
class Verified:
    """The number of things checked, and the breaks in their order."""

    events: int
    entitlements: int
    files: int
    breaks: tuple[Break, ...]


def _silent(_: str) -> None:
    return


def verify_ledger(
    connection: Connection,
    out: Path,
    lake: Lake | None = None,
    anchors: Iterable[Anchor] = (),
    say: Callable[[str], None] = _silent,
) -> Verified:
    """Check everything; reads only.

    out: the root below which files were published. lake: where every byte is read again; None leaves it out.
    anchors: events that were written down outside; those in the published manifests are looked for anyway.
    `say` receives the next check's name. A question that the database cannot answer is a break too.
    """
    events = connection.scalar(text("SELECT count(*) FROM audit_events")) or 0
    checks: dict[str, Callable[[], Iterator[Break]]] = {
        f"chain of {events:,} events": lambda: verify_chain(connection),
        "anchors": lambda: verify_anchors(connection, (*anchors, *anchors_in(out))),
        "states": lambda: _asked(connection, "states", SQL["states"]),
        "sums": lambda: _asked(connection, "sums", SQL["balance"]),
        "batches": lambda: _asked(connection, "batches", SQL["batches"]),
        "catalog": lambda: _asked(connection, "catalog", SQL["evidence"]),
        "schema": lambda: verify_schema(connection),
        "published files": lambda: verify_published(connection, out),
    }
    if lake is not None:
        checks["lake"] = lambda: verify_kept(connection, lake)
    breaks: list[Break] = []
    for name, check in checks.items():
        say(name)
        breaks += _checked(connection, name, check)
    events, entitlements, files = connection.execute(text(SQL["counted"])).one()
    return Verified(events, entitlements, files, tuple(breaks))


def _checked(connection: Connection, name: str, check: Callable[[], Iterator[Break]]) -> list[Break]:
    """The breaks that a check finds; a check that the database cannot answer is one break."""
    try:
        with connection.begin_nested():
            return list(check())
    except DBAPIError as error:
        said = str(error.orig).strip().partition("\n")[0]
        return [Break("schema", f"the check of the {name}", "an answer of the database", said)]


def verify_anchors(connection: Connection, anchors: Iterable[Anchor]) -> Iterator[Break]:
    """Every event that was written down outside is in the ledger, with its hash."""
    known = list(anchors)
    query = "SELECT id, hash FROM audit_events WHERE id = ANY(CAST(:ids AS bigint[]))"
    asked = connection.execute(text(query), {"ids": sorted({one.number for one in known})})
    found: dict[int, str] = {one.id: one.hash for one in asked}
    for one in known:
        if found.get(one.number) != one.hash:
            there = found.get(one.number, "no such event")
            yield Break("anchors", f"event {one.number} of {one.source}", one.hash, f"{there}: {RESTORED}")


def verify_schema(connection: Connection) -> Iterator[Break]:
    """Every trigger, function, index, constraint, grant and allowed change is as this version makes it."""
    for one in differences(connection):
        yield Break("schema", one.name, one.expected, one.found)


def verify_chain(connection: Connection) -> Iterator[Break]:
    """Every event: numbered without a gap, hashed over the one before, and its rows as it wrote them.

    A broken hash ends the check of the chain: later events cannot be judged.
    """
    before, number, latest = FIRST, 0, None
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
        body = _said(event.body)
        yield from _rows(connection, event.id, body["rows"])
        at = _instant(body.get("at"))
        if at is not None and latest is not None and at < latest - CLOCKS_APART:
            yield Break(
                "times", f"event {event.id}", f"an instant after {latest.isoformat()}", at.isoformat()
            )
        latest = at if latest is None or (at is not None and at > latest) else latest
        before = event.hash
    if latest is not None and latest > now() + CLOCKS_APART:
        yield Break(
            "times", f"the newest instant of {number} events", "an instant that has been", latest.isoformat()
        )
    yield from _strays(connection, number)


def _said(body: str) -> dict[str, Any]:
    """The content of an event, `rows` among it; empty if it cannot be read."""
    try:
        said = json.loads(body)
        rows = said["rows"]
    except (ValueError, KeyError, TypeError):
        return {"rows": {}}
    return said if isinstance(rows, dict) else {"rows": {}}


def _instant(said: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _rows(connection: Connection, event_id: int, said: dict[str, dict[str, object]]) -> Iterator[Break]:
    found = connection.scalar(text("SELECT event_digest(:id)"), {"id": event_id}) or {}
    for table in sorted({*said, *found}):
        if said.get(table) != found.get(table):
            where = f"event {event_id}, table {table}"
            yield Break("rows", where, json.dumps(said.get(table)), json.dumps(found.get(table)))


def _strays(connection: Connection, last: int) -> Iterator[Break]:
    """Rows of events that the chain does not have: its end was cut off."""
    for table in connection.execute(text(SQL["tables"])).scalars():
        query = f"SELECT min(event_id) FROM {table} WHERE event_id NOT BETWEEN 1 AND {last}"  # noqa: S608 - the catalog's
        if (found := connection.scalar(text(query))) is not None:
            yield Break("chain", f"table {table}", f"events up to {last}", f"rows of event {found}")


def _asked(connection: Connection, check: str, query: str) -> Iterator[Break]:
    for where, expected, found in connection.execute(text(query)):
        yield Break(check, str(where), str(expected), str(found))


def verify_kept(connection: Connection, lake: Lake) -> Iterator[Break]:
    """Read every byte of the lake that the catalog or the ledger knows, and say what is not as registered."""
    expected: dict[str, Content | None] = {
        name: Content(sha256, size) for name, sha256, size in connection.execute(text(SQL["kept_snapshots"]))
    }
    expected |= dict.fromkeys((*connection.scalars(text(SQL["kept_by_hash"])), *lake.kept_names()))
    names = sorted(expected)
    with ThreadPoolExecutor(LAKE_READERS) as pool:
        for name, found in zip(names, pool.map(lambda one: _kept(lake, one), names), strict=True):
            said = expected[name]
            if said is None and found[0] != name.rpartition("/")[2]:
                yield Break("lake", name, f"SHA-256 {name.rpartition('/')[2]}", found[1])
            elif said is not None and found[0] != said.sha256:
                yield Break("lake", name, f"SHA-256 {said.sha256}", found[1])


def _kept(lake: Lake, name: str) -> tuple[str, str]:
    """The file's SHA-256, and what to say of it."""
    try:
        sha256 = lake.content(name).sha256
    except LakeChanged:
        return "", "no file"
    except OSError as error:
        return "", f"a file that cannot be read: {error.strerror}"
    return sha256, f"SHA-256 {sha256}"
