"""Snapshots: the Parquet files of the lake that exist, found again by the fingerprint of their inputs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, RowMapping, select, text
from sqlalchemy.dialects.postgresql import insert

from stable_jobs.store.lake import Content, Lake
from stable_jobs.store.tables import snapshots


@dataclass(frozen=True)
class Snapshot:
    """One registered Parquet file. `name` is relative to the lake."""

    id: int
    kind: str
    business_date: date
    fingerprint: str
    name: str
    rows: int


def fingerprint(**inputs: object) -> str:
    """SHA-256 (hex) over the canonical JSON of all inputs: the same inputs in any order, the same hash.

    Dates and decimals count as their text (`Decimal("0.5")` and `Decimal("0.50")` differ); sets are sorted.
    TypeError for a value with no canonical text, ValueError for NaN.
    """
    return hashlib.sha256(_canonical(inputs).encode()).hexdigest()


def _canonical(inputs: Mapping[str, object]) -> str:
    return json.dumps(
        inputs, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain
    )


def _plain(value: object) -> Any:
    match value:
        case date():
            return value.isoformat()
        case Decimal() | PurePath():
            return str(value)
        case Mapping():
            return dict(value)
        case AbstractSet():
            return sorted(value, key=_canonical_item)
    raise TypeError(f"a fingerprint cannot take a {type(value).__name__}")


def _canonical_item(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=_plain)


def find_snapshot(connection: Connection, kind: str, fingerprint: str) -> Snapshot | None:
    """The snapshot of that kind made from those inputs, if it was ever registered."""
    found = _one(connection, (snapshots.c.kind == kind) & (snapshots.c.fingerprint == fingerprint))
    return _snapshot(found) if found else None


def register_snapshot(
    connection: Connection,
    *,
    kind: str,
    business_date: date,
    fingerprint: str,
    name: str,
    rows: int,
    inputs: Mapping[str, object],
    content: Content | None = None,
) -> Snapshot:
    """Register a written file. If another run was first with the same inputs, its snapshot is returned.

    The caller must then use the returned `name`, not its own. `inputs` are kept to explain the fingerprint.
    content: the file's, as `Lake.keep` returns it; money never rests on a snapshot without it.
    """
    values = {
        "kind": kind,
        "business_date": business_date,
        "fingerprint": fingerprint,
        "name": name,
        "rows": rows,
    }
    connection.execute(
        insert(snapshots)
        .values(**values, inputs=json.loads(_canonical(inputs)))
        .on_conflict_do_nothing(index_elements=["kind", "fingerprint"])
    )
    found = cast(Snapshot, find_snapshot(connection, kind, fingerprint))
    if content is not None and found.name == name:
        known = {"id": found.id, "sha256": content.sha256, "size": content.size_bytes}
        connection.execute(text(KEEP_CONTENT), known)
    return found


KEEP_CONTENT = """
    INSERT INTO snapshot_contents (snapshot_id, sha256, size_bytes) VALUES (:id, :sha256, :size)
    ON CONFLICT (snapshot_id) DO NOTHING
"""


def contents(connection: Connection, names: Collection[str]) -> dict[str, Content]:
    """The contents of those files (names in the lake) when they were registered.

    A snapshot of a version that did not record it is left out.
    """
    query = """
        SELECT s.name, c.sha256, c.size_bytes FROM snapshots s JOIN snapshot_contents c ON c.snapshot_id =
        s.id
        WHERE s.name = ANY(CAST(:names AS text[]))
    """
    found = connection.execute(text(query), {"names": sorted(set(names))})
    return {name: Content(sha256, size) for name, sha256, size in found}


def check_contents(connection: Connection, lake: Lake, names: Collection[str]) -> None:
    """Look at the bytes of files before they are read. LakeChanged naming the first that was changed."""
    for name, content in sorted(contents(connection, names).items()):
        lake.check(name, content)


def snapshot_by_id(connection: Connection, snapshot_id: int) -> Snapshot:
    """The snapshot of that id; KeyError if there is none."""
    found = _one(connection, snapshots.c.id == snapshot_id)
    if found is None:
        raise KeyError(snapshot_id)
    return _snapshot(found)


def inputs_of(connection: Connection, snapshot_id: int) -> dict[str, Any]:
    """The inputs that `register_snapshot` kept for that id, as plain JSON. KeyError if there is none."""
    found = connection.scalar(select(snapshots.c.inputs).where(snapshots.c.id == snapshot_id))
    if found is None:
        raise KeyError(snapshot_id)
    return dict(found)


def newest_before(connection: Connection, kind: str, business_date: date) -> Snapshot | None:
    """Of the newest business date before this one that has any of that kind, the last one registered."""
    return _last(connection, (snapshots.c.kind == kind) & (snapshots.c.business_date < business_date))


def earlier_of_date(connection: Connection, snapshot: Snapshot) -> Snapshot | None:
    """The snapshot of the same kind and date registered before this one, made from other inputs."""
    same = (snapshots.c.kind == snapshot.kind) & (snapshots.c.business_date == snapshot.business_date)
    return _last(connection, same & (snapshots.c.id < snapshot.id))


def _last(connection: Connection, condition: ColumnElement[bool]) -> Snapshot | None:
    order = (snapshots.c.business_date.desc(), snapshots.c.id.desc())
    query = select(snapshots).where(condition).order_by(*order).limit(1)
    found = connection.execute(query).mappings().one_or_none()
    return _snapshot(found) if found else None


def _one(connection: Connection, condition: ColumnElement[bool]) -> RowMapping | None:
    return connection.execute(select(snapshots).where(condition)).mappings().one_or_none()


def _snapshot(row: RowMapping) -> Snapshot:
    return Snapshot(
        row["id"], row["kind"], row["business_date"], row["fingerprint"], row["name"], row["rows"]
    )
