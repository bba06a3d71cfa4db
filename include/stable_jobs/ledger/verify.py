"""Whether the ledger is what it says: chain, rows, sums, catalog, schema, published files, anchors."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from stable_jobs.digests import sha256_of
from stable_jobs.errors import UsageError
from stable_jobs.ledger.event import FIRST, Statements, chained
from stable_jobs.settings import now
from stable_jobs.store.lake import Content, Lake, LakeChanged
from stable_jobs.store.schema_check import differences

# --- Anchors ---
# Anchors: the number and hash of an event, written where nobody who changes the database can reach.
#
# An anchor says that the ledger had that event. A ledger that has it no more, or has another in its place,
# was cut off, rewritten, or restored from an older copy.

SPELLED = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")


@dataclass(frozen=True)
class Anchor:
    """One event: its number, its hash, and where that was written down."""

    number: int
    hash: str
    source: str = ""

    def __str__(self) -> str:
        """`64:abcd…`."""
        return f"{self.number}:{self.hash}"


def read_anchor(spelled: str, source: str = "--anchor") -> Anchor:
    """An anchor as a manifest, an application or a mail spells it. UsageError for any other text."""
    found = SPELLED.fullmatch(spelled.strip().lower())
    if found is None:
        raise UsageError(
            f"{source} {spelled[:80]!r} is no anchor; expected NUMBER:HASH with 64 hexadecimal digits,"
            " as in a batch's"
            " manifest.json, its application, or the night's mail"
        )
    return Anchor(int(found[1]), found[2], source)


def last_anchor(connection: Connection) -> Anchor | None:
    """The newest event; None for an empty ledger."""
    found = connection.execute(
        text("SELECT id, hash FROM audit_events ORDER BY id DESC LIMIT 1")
    ).one_or_none()
    return None if found is None else Anchor(found.id, found.hash)


# --- Published folders ---
# The published folders beside the ledger: their bytes, foreign files, and batches it does not know.

BATCH = re.compile(r"[0-9]{6}-[0-9]{8}-L[0-2]-[0-9]+", re.ASCII)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
MANIFESTS = re.compile(r"manifest(?:\.[1-9][0-9]*)?\.json", re.ASCII)
DETAIL = "disbursement_detail.csv"
READERS = 4
RESTORED = (
    "the database is older than what was published, or somebody put the folder there: stop all payments"
    " (stable-jobs hold 000000), restore the newer database, leave the folder where it is:"
    " docs/operations.md, After a restore"
)


@dataclass(frozen=True)
class Break:
    """One thing that is not as the ledger says.

    check: chain, times, rows, states, sums, batches, anchors, catalog, schema, files, unknown or lake.
    """

    check: str
    where: str
    expected: str
    found: str

    def sentence(self) -> str:
        """One line for a log or a terminal."""
        return f"{self.check}: {self.where}: expected {self.expected}; found {self.found}"


def verify_published(connection: Connection, out: Path) -> Iterator[Break]:
    """Every published file has its bytes, nothing else is in its folder, no batch is unknown."""
    query = "SELECT folder, name, sha256 FROM published_files ORDER BY id"
    known = {f"{folder}/{name}": sha256 for folder, name, sha256 in connection.execute(text(query))}
    yield from _bytes(out, known)
    folders: dict[str, set[str]] = {}
    for name in known:
        folder, _, last = name.rpartition("/")
        folders.setdefault(folder, set()).add(last)
    for path in _folders(out):
        relative = path.relative_to(out).as_posix()
        if relative in folders:
            yield from _stray_files(path, relative, folders[relative])
        elif BATCH.fullmatch(path.name):
            yield Break(
                "unknown",
                relative,
                "a batch that the ledger published",
                f"a folder it does not know: {RESTORED}",
            )
        else:
            yield from _listed(out, path, relative)


def anchors_in(out: Path) -> Iterator[Anchor]:
    """The anchors in the manifests of all published batches."""
    for manifest in sorted(out.glob("*/*/*/manifest.json")):
        if BATCH.fullmatch(manifest.parent.name):
            said = _manifest(manifest).get("anchor")
            if isinstance(said, str) and said:
                try:
                    yield read_anchor(said, manifest.relative_to(out).as_posix())
                except UsageError:
                    continue


def unknown_batches(connection: Connection, out: Path, region_code: str) -> list[Path]:
    """Folders of batches of that region that the ledger never published."""
    found = sorted(
        path for path in out.glob(f"*/{region_code}/{region_code}-*") if BATCH.fullmatch(path.name)
    )
    query = "SELECT DISTINCT folder FROM published_files WHERE folder = ANY(CAST(:folders AS text[]))"
    folders = {path: path.relative_to(out).as_posix() for path in found}
    known = set(connection.scalars(text(query), {"folders": sorted(folders.values())}))
    return [path for path, relative in folders.items() if relative not in known and any(path.iterdir())]


def units_in(folder: Path, column: str) -> frozenset[str] | None:
    """The values of a column of a batch's detail; None where it cannot be read."""
    try:
        with (folder / DETAIL).open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            named = next(
                (name for name in rows.fieldnames or () if name.split() and column in name.split()), None
            )
            return None if named is None else frozenset(str(row[named]).strip() for row in rows)
    except (OSError, UnicodeDecodeError, csv.Error):
        return None


def _bytes(out: Path, known: Mapping[str, str]) -> Iterator[Break]:
    with ThreadPoolExecutor(READERS) as pool:
        found = pool.map(lambda name: _found(out / name), known)
        for (name, sha256), now in zip(known.items(), found, strict=True):
            if now != sha256:
                yield Break("files", name, sha256, now)


def _found(path: Path) -> str:
    try:
        if not path.is_file():
            return "no file"
        return sha256_of(path)
    except OSError as error:
        return f"a file that cannot be read: {error.strerror}"


def _folders(out: Path) -> Iterator[Path]:
    """Every folder below a business date that holds a file; a process's hidden workspace is none."""
    dates = sorted(path for path in out.iterdir() if path.is_dir()) if out.is_dir() else []
    for day in (path for path in dates if DATE.fullmatch(path.name)):
        for root, folders, files in os.walk(day):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            if files:
                yield Path(root)


def _stray_files(folder: Path, relative: str, belongs: Iterable[str]) -> Iterator[Break]:
    for name in sorted({path.name for path in folder.iterdir() if not path.is_dir()} - set(belongs)):
        yield Break(
            "files", f"{relative}/{name}", "nothing: it was not published", "a file that another put there"
        )


def _listed(out: Path, folder: Path, relative: str) -> Iterator[Break]:
    """A folder of lists that the ledger does not keep: as its own manifests say."""
    manifests = [path for path in folder.iterdir() if MANIFESTS.fullmatch(path.name)]
    said: dict[str, str] = {}
    for manifest in sorted(manifests):
        for entry in _manifest(manifest).get("files", {}).values():
            if isinstance(entry, dict):
                said[f"{relative}/{entry.get('file')}"] = str(entry.get("sha256"))
    yield from _bytes(out, said)
    belongs = {*(path.name for path in manifests), *(name.rpartition("/")[2] for name in said)}
    yield from _stray_files(folder, relative, belongs)


def _manifest(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("files", {}), dict) else {}


# --- Verification ---

SQL = Statements("verify")


LAKE_READERS = 4
SUMS = "entitled = outside + paid + open + waived - recovering"
LEAST, GREATEST = -(2**63), 2**63 - 1
"""The range of an event's number in the database."""
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
    before, latest, broken = FIRST, None, None
    said: list[dict[str, Any]] = []
    for event in connection.execute(
        text("SELECT id, body, previous_hash, hash FROM audit_events ORDER BY id")
    ):
        number = len(said) + 1
        if (event.id, event.previous_hash) != (number, before):
            broken = Break(
                "chain", f"event {event.id}", f"event {number} after {before}", event.previous_hash
            )
            break
        if chained(before, event.body) != event.hash:
            broken = Break("chain", f"event {event.id}", event.hash, chained(before, event.body))
            break
        body = _said(event.body)
        said.append(body["rows"])
        at = _instant(body.get("at"))
        if at is not None and latest is not None and at < latest - CLOCKS_APART:
            yield Break(
                "times", f"event {event.id}", f"an instant after {latest.isoformat()}", at.isoformat()
            )
        latest = at if latest is None or (at is not None and at > latest) else latest
        before = event.hash
    yield from _rows(connection, said, is_whole=broken is None)
    if broken is not None:
        yield broken
    elif latest is not None and latest > now() + CLOCKS_APART:
        yield Break(
            "times",
            f"the newest instant of {len(said)} events",
            "an instant that has been",
            latest.isoformat(),
        )


def _said(body: str) -> dict[str, Any]:
    """The content of an event, `rows` among it; empty if it cannot be read."""
    try:
        said = json.loads(body)
        rows = said["rows"]
    except (ValueError, KeyError, TypeError):
        return {"rows": {}}
    return (
        said if isinstance(rows, dict) and all(isinstance(r, dict) for r in rows.values()) else {"rows": {}}
    )


def _instant(said: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _rows(connection: Connection, said: list[dict[str, Any]], *, is_whole: bool) -> Iterator[Break]:
    """Each table read once, whatever the number of events; said: each event's digests by table.

    Events before 0018 say no version of their digests: the first. is_whole: the chain did not break, so rows
    of other events than its own are strays: its end was cut off.
    """
    versions = [max((one.get("version", 1) for one in rows.values()), default=1) for rows in said]
    last_old = max((number for number, version in enumerate(versions, 1) if version == 1), default=0)
    first_new = next((number for number, version in enumerate(versions, 1) if version > 1), len(said) + 1)
    ranges = ((1, LEAST, last_old), (2, first_new, GREATEST if is_whole else len(said)))
    found: dict[tuple[int, str], dict[str, Any]] = {}
    strays: list[Break] = []
    for table in connection.execute(text(SQL["tables"])).scalars():
        for version, first, last in ranges:
            values = {"table": table, "version": version, "first": first, "last": last}
            for event, hashed, digest in connection.execute(text(SQL["digests"]), values):
                if not 1 <= event <= len(said):
                    where, expected = f"table {table}", f"events up to {len(said)}"
                    strays.append(Break("chain", where, expected, f"rows of event {event}"))
                elif versions[event - 1] == version:
                    found[event, hashed] = digest
    told = {(number, table): one for number, rows in enumerate(said, 1) for table, one in rows.items()}
    for key in sorted({*told, *found}):
        if told.get(key) != found.get(key):
            where = f"event {key[0]}, table {key[1]}"
            yield Break("rows", where, json.dumps(told.get(key)), json.dumps(found.get(key)))
    yield from strays


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
