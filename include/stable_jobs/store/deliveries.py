"""Deliveries: the files that departments sent, the outcome of each, and the releases by people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    any_,
    cast,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on, insert

from stable_jobs.errors import Problem, UsageError
from stable_jobs.store.tables import deliveries, delivery_outcomes, delivery_releases

_SLOT = ["department", "extract", "business_date", "region_code", "sequence", "sha256"]


@dataclass(frozen=True)
class Delivery:
    """One file as it was sent. `control_total` in yuan; `status` is `landed`, `staged` or `refused`.

    `problem` is `Problem.as_dict()` of a refused one. `rows` and `control_total` are what the manifest says.
    """

    id: int
    department: str
    extract: str
    business_date: date
    region_code: str
    sequence: int
    file_name: str
    file_format: str
    sha256: str
    size_bytes: int
    rows: int | None
    control_total: Decimal | None
    status: str
    problem: dict[str, Any] | None
    staged_snapshot_id: int | None


@dataclass(frozen=True)
class Release:
    """One person's decision to take a delivery that `rule_id` holds."""

    id: int
    delivery_id: int
    sha256: str
    rule_id: str
    reason: str
    released_by: str
    released_at: datetime


def record_delivery(
    connection: Connection,
    *,
    department: str,
    extract: str,
    business_date: date,
    region_code: str,
    sequence: int,
    file_name: str,
    file_format: str,
    sha256: str,
    size_bytes: int,
    rows: int | None,
    control_total: Decimal | None,
    received_at: datetime,
) -> Delivery:
    """Record that these bytes landed in this slot; the same bytes in the same slot are known already.

    `region_code` is the slot (six digits, `000000` for all), `sequence` counts re-sent files from 1. Of bytes
    that are known, the first row stands, with the moment it was received first.
    """
    values = {**locals()}
    del values["connection"]
    return record_deliveries(connection, [values])[0]


def record_deliveries(connection: Connection, sent: Sequence[Mapping[str, Any]]) -> list[Delivery]:
    """The same for many of one extract and business date, each with `record_delivery`'s values, in order."""
    if not sent:
        return []
    connection.execute(insert(deliveries).on_conflict_do_nothing(index_elements=_SLOT), list(sent))
    of_all = ("department", "extract", "business_date")
    same = and_(*(deliveries.c[name] == sent[0][name] for name in of_all))
    known = {
        _slot(row): _delivery(row) for row in connection.execute(select(deliveries).where(same)).mappings()
    }
    return [known[_slot(values)] for values in sent]


def _slot(values: Mapping[Any, Any]) -> tuple[Any, ...]:
    return tuple(values[name] for name in _SLOT)


def mark_staged(connection: Connection, delivery_id: int, snapshot_id: int) -> None:
    """The delivery was read whole; its rows are in that snapshot."""
    _mark(connection, delivery_id, status="staged", staged_snapshot_id=snapshot_id, problem=None)


def mark_refused(connection: Connection, delivery_id: int, problem: Problem) -> None:
    """The delivery cannot be taken as its contract says, and why."""
    plain = {name: _storable(value) for name, value in problem.as_dict().items()}
    _mark(connection, delivery_id, status="refused", staged_snapshot_id=None, problem=plain)


def _storable(value: str | int | None) -> str | int | None:
    """Text without what PostgreSQL cannot keep: NUL, and halves of pairs, as hostile files have them."""
    if not isinstance(value, str):
        return value
    return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def take_up_again(
    connection: Connection, delivery_id: int, *, rows: int | None, control_total: Decimal | None
) -> None:
    """A refused delivery whose manifest has come or been corrected: landed, with what it promises now."""
    promised = {"rows": rows, "control_total": control_total}
    _mark(connection, delivery_id, status="landed", staged_snapshot_id=None, problem=None, **promised)


def _mark(connection: Connection, delivery_id: int, **values: object) -> None:
    marked = connection.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(**values))
    if marked.rowcount != 1:
        raise KeyError(delivery_id)


def delivery_by_id(connection: Connection, delivery_id: int) -> Delivery:
    """The delivery of that id; KeyError if there is none."""
    found = (
        connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).mappings().one_or_none()
    )
    if found is None:
        raise KeyError(delivery_id)
    return _delivery(found)


def deliveries_by_id(connection: Connection, ids: Sequence[int]) -> list[Delivery]:
    """The deliveries of those ids, in that order; KeyError for one that there is not."""
    query = select(deliveries).where(deliveries.c.id == any_(cast(list(ids), ARRAY(BigInteger))))
    found = {one.id: one for one in _deliveries(connection, query)}
    return [found[one] for one in ids]


def deliveries_for(
    connection: Connection,
    business_date: date,
    *,
    department: str | None = None,
    extract: str | None = None,
    known_at: datetime | None = None,
) -> list[Delivery]:
    """All deliveries labelled with that date, refused ones too, by extract, region and sequence."""
    query = _known(business_date, known_at)
    if department is not None:
        query = query.where(deliveries.c.department == department)
    if extract is not None:
        query = query.where(deliveries.c.extract == extract)
    return _deliveries(connection, query)


def current_deliveries(
    connection: Connection, business_date: date, extract: str, known_at: datetime | None = None
) -> list[Delivery]:
    """Per slot the last one sent that could be read (status `staged`), by region."""
    c = deliveries.c
    query = _known(business_date, known_at).where(c.extract == extract, c.status == "staged")
    newest = query.order_by(None).order_by(c.region_code, c.sequence.desc(), c.id.desc())
    return _deliveries(connection, newest.ext(distinct_on(c.region_code)))


def resent(connection: Connection, found: Iterable[Delivery]) -> dict[str, int]:
    """By slot, those of one extract whose bytes were staged for an earlier delivery of the same slot: its
    number stands in the rows of their staged file."""
    query = """
        SELECT d.region_code, d.id FROM deliveries d JOIN snapshots s ON s.id = d.staged_snapshot_id
        WHERE d.id = ANY(CAST(:ids AS bigint[])) AND CAST(s.inputs ->> 'delivery' AS bigint) <> d.id
        ORDER BY d.region_code
    """
    rows = connection.execute(text(query), {"ids": [one.id for one in found]})
    return {str(row.region_code): int(row.id) for row in rows}


def superseded(found: Iterable[Delivery]) -> frozenset[int]:
    """Ids of those that a later one of their slot replaced, which could be read: read or not, they count no
    more. `found`: every delivery of a business date, or of one extract."""
    newest_first = sorted(found, key=lambda d: (d.sequence, d.id), reverse=True)
    read: set[tuple[str, str]] = set()
    replaced = set()
    for one in newest_first:
        slot = (one.extract, one.region_code)
        if one.status != "refused" and slot in read:
            replaced.add(one.id)
        elif one.status == "staged":
            read.add(slot)
    return frozenset(replaced)


def _known(business_date: date, known_at: datetime | None) -> Select[Any]:
    c = deliveries.c
    query = select(deliveries).where(c.business_date == business_date)
    if known_at is not None:
        query = query.where(c.received_at <= known_at)
    return query.order_by(c.extract, c.region_code, c.sequence, c.id)


def _deliveries(connection: Connection, query: Select[Any]) -> list[Delivery]:
    return [_delivery(row) for row in connection.execute(query).mappings()]


def _delivery(row: RowMapping) -> Delivery:
    return Delivery(**{f.name: row[f.name] for f in fields(Delivery)})


def release_delivery(
    connection: Connection,
    delivery_id: int,
    *,
    rule_id: str,
    reason: str,
    released_by: str,
    released_at: datetime,
) -> Release:
    """Take a delivery that `rule_id` holds, on a person's word; a second release changes nothing.

    It is bound to the delivery's bytes and to the rule. UsageError where there is no such delivery, where it
    was refused (manifest or reading), where that rule does not hold it, or where reason or name is blank.
    """
    sha256 = _releasable(connection, delivery_id, rule_id)
    if not reason.strip() or not released_by.strip():
        raise UsageError("A release needs a reason and the name of the person: give --reason and --by.")
    values = {"reason": reason, "released_by": released_by, "released_at": released_at}
    connection.execute(
        insert(delivery_releases)
        .values(delivery_id=delivery_id, sha256=sha256, rule_id=rule_id, **values)
        .on_conflict_do_nothing(index_elements=["delivery_id", "rule_id"])
    )
    c = delivery_releases.c
    return _releases(connection, (c.delivery_id == delivery_id) & (c.rule_id == rule_id))[0]


def releases(connection: Connection, known_at: datetime | None = None) -> list[Release]:
    """Every release made up to `known_at`, oldest first."""
    c = delivery_releases.c
    return _releases(connection, c.id > 0 if known_at is None else c.released_at <= known_at)


def releases_shown(connection: Connection) -> list[Release]:
    """Every release, with each person's name, and a mark if nobody checked the login."""
    return [Release(**row) for row in connection.execute(text(SHOWN)).mappings()]


SHOWN = """
    SELECT r.id, r.delivery_id, r.sha256, r.rule_id, r.reason, r.released_at,
           as_known(r.released_by, e.event_id) AS released_by
    FROM delivery_releases r LEFT JOIN release_events e ON e.release_id = r.id ORDER BY r.id
"""


def _releases(connection: Connection, condition: ColumnElement[bool]) -> list[Release]:
    query = select(delivery_releases).where(condition).order_by(delivery_releases.c.id)
    return [Release(**row) for row in connection.execute(query).mappings()]


def _releasable(connection: Connection, delivery_id: int, rule_id: str) -> str:
    try:
        delivery = delivery_by_id(connection, delivery_id)
    except KeyError:
        raise UsageError(f"There is no delivery {delivery_id}: look it up in the night's report.") from None
    if delivery.status == "refused":
        raise UsageError(f"Delivery {delivery_id} was refused and cannot be released: it must be sent again.")
    held_by = _held_by(connection, delivery_id)
    if rule_id not in held_by:
        rules = ", ".join(held_by) or "no rule"
        raise UsageError(f"Delivery {delivery_id} is not held by {rule_id}: it is held by {rules}.")
    return delivery.sha256


def _held_by(connection: Connection, delivery_id: int) -> Sequence[str]:
    c = delivery_outcomes.c
    query = select(c.held_rule).where(c.delivery_id == delivery_id, c.held_rule.is_not(None))
    return [str(rule) for rule in connection.scalars(query.distinct().order_by(c.held_rule))]
