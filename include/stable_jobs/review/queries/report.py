"""What the catalog knows of a report's deliveries now: held, released since, where quarantined rows lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from stable_jobs.report.data import DeliveryLine
from stable_jobs.store.catalog import Release, deliveries_for, held_outcomes, releases_shown

File = tuple[str, str, int, str]
"""Extract, file name, sequence, SHA-256: what a line of the report and a delivery of its date share."""


@dataclass(frozen=True)
class DeliveryNow:
    """A delivery beside what the report says of it. is_held: by a rule from which nobody released it."""

    id: int
    is_held: bool
    releases: tuple[Release, ...]


@dataclass(frozen=True)
class Quarantine:
    """A delivery's quarantined rows: how many, in which Parquet of the lake. The rest names the file."""

    name: str
    rows: int
    region_code: str
    sequence: int


def file_of(extract: str, line: DeliveryLine) -> File:
    """What a line of the report is found by."""
    return extract, line.file_name, line.sequence, line.sha256


def deliveries_now(connection: Connection, on: date) -> Mapping[File, DeliveryNow]:
    """Every delivery of that date."""
    held = {one.delivery_id for one in held_outcomes(connection, on) if not one.is_released}
    known = releases_shown(connection)
    return {
        (one.extract, one.file_name, one.sequence, one.sha256): DeliveryNow(
            one.id, one.id in held, tuple(r for r in known if r.sha256 == one.sha256)
        )
        for one in deliveries_for(connection, on)
    }


NEWEST_QUARANTINE = """
    SELECT s.name, sum(o.quarantined)::bigint AS rows, d.region_code, d.sequence
    FROM deliveries d
    JOIN delivery_outcomes o ON o.delivery_id = d.id
    JOIN validations v ON v.id = o.validation_id
        AND (v.extract, v.business_date) = (d.extract, d.business_date)
    JOIN snapshots s ON s.id = v.quarantine_snapshot_id
    WHERE (d.id, d.business_date, d.extract) = (:id, :on, :extract)
    GROUP BY v.id, s.name, d.region_code, d.sequence ORDER BY v.id DESC LIMIT 1
"""


def quarantine_of(connection: Connection, on: date, extract: str, delivery_id: int) -> Quarantine | None:
    """What the newest validation of that delivery kept out; None if there is none, or of no row."""
    values = {"id": delivery_id, "on": on, "extract": extract}
    found = connection.execute(text(NEWEST_QUARANTINE), values).mappings().one_or_none()
    return Quarantine(**found) if found and found["rows"] else None
