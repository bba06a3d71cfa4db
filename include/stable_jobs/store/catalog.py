"""The catalog: the files that exist and those in force. Functions take a connection; the caller commits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.contracts.model import Contract
from stable_jobs.store.deliveries import (
    Delivery,
    Release,
    current_deliveries,
    deliveries_by_id,
    deliveries_for,
    delivery_by_id,
    mark_refused,
    mark_staged,
    record_deliveries,
    record_delivery,
    release_delivery,
    releases,
    releases_shown,
    resent,
    superseded,
    take_up_again,
)
from stable_jobs.store.outcomes import DeliveryOutcome, RuleResult
from stable_jobs.store.snapshots import (
    Snapshot,
    check_contents,
    contents,
    earlier_of_date,
    find_snapshot,
    fingerprint,
    inputs_of,
    newest_before,
    register_snapshot,
    snapshot_by_id,
)
from stable_jobs.store.validations import (
    HistoryPoint,
    Validation,
    find_validation,
    record_validation,
    results_history,
    validations_by_id,
)

# --- The delivery in force ---
# The delivery that counts for a region tonight: the newest accepted one, or the one that may stand in.


@dataclass(frozen=True)
class InForce:
    """One delivery that counts tonight. `region_code` is its slot; `000000` is a file for all regions.

    `staged_name` and `quarantine_name` are relative to the lake. `held_parts` are the regions of a file for
    all whose part of it is held: their rows do not count.
    """

    extract: str
    region_code: str
    delivery_id: int
    business_date: date
    staged_name: str
    quarantine_name: str
    is_stand_in: bool
    held_parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class HeldOutcome:
    """One part of a current delivery that `rule_id` holds, or held until a person released it."""

    delivery_id: int
    extract: str
    region_code: str
    rule_id: str
    detail: Mapping[str, Any] | None
    is_released: bool


# The current delivery of a slot and date is the last one sent that could be read. It is judged by the newest
# validation that contains it. A part is held if a rule holds it and nobody released its bytes from that rule.
_JUDGED = """
    current AS (
        SELECT DISTINCT ON (d.extract, d.region_code, d.business_date) d.*
        FROM deliveries d JOIN horizon h ON h.department = d.department AND h.extract = d.extract
        WHERE d.status = 'staged'
          AND d.business_date BETWEEN h.first_date AND h.last_date
          AND d.received_at <= CAST(:known_at AS timestamptz)
        ORDER BY d.extract, d.region_code, d.business_date, d.sequence DESC, d.id DESC
    ),
    judged AS (
        SELECT DISTINCT ON (c.id) c.id AS delivery_id, v.id AS validation_id, v.quarantine_snapshot_id
        FROM current c
        JOIN delivery_outcomes o ON o.delivery_id = c.id
        JOIN validations v ON v.id = o.validation_id
            AND v.business_date = c.business_date AND v.extract = c.extract
        ORDER BY c.id, v.id = ANY(CAST(:validation_ids AS bigint[])) DESC, v.id DESC
    ),
    released AS (
        SELECT DISTINCT sha256, rule_id FROM delivery_releases
        WHERE released_at <= CAST(:known_at AS timestamptz)
    ),
    part AS (
        SELECT c.*, j.quarantine_snapshot_id, o.region_code AS part_code, o.received,
               o.held_rule, o.held_detail, o.held_rule IS NOT NULL AND r.rule_id IS NULL AS is_held,
               r.rule_id IS NOT NULL AS is_released
        FROM current c
        JOIN judged j ON j.delivery_id = c.id
        JOIN delivery_outcomes o ON o.delivery_id = c.id AND o.validation_id = j.validation_id
        LEFT JOIN released r ON r.sha256 = c.sha256 AND r.rule_id = o.held_rule
    )
"""

_IN_FORCE = text(f"""
    WITH horizon AS (
        SELECT department, extract, CAST(:business_date AS date) AS last_date,
               CAST(:business_date AS date) - oldest_days AS first_date
        FROM unnest(CAST(:departments AS text[]), CAST(:extracts AS text[]), CAST(:oldest_days AS int[]))
            AS contract (department, extract, oldest_days)
    ),
    {_JUDGED},
    accepted AS (
        SELECT id, extract, region_code, business_date, staged_snapshot_id, quarantine_snapshot_id,
               array_remove(array_agg(CASE WHEN is_held THEN part_code END ORDER BY part_code), NULL)
                   AS held_parts
        FROM part
        GROUP BY id, extract, region_code, business_date, staged_snapshot_id, quarantine_snapshot_id
        HAVING NOT bool_and(is_held) AND NOT bool_or(is_held AND part_code = region_code)
    )
    SELECT DISTINCT ON (a.extract, a.region_code)
           a.extract, a.region_code, a.id AS delivery_id, a.business_date, s.name AS staged_name,
           q.name AS quarantine_name, a.business_date < CAST(:business_date AS date) AS is_stand_in,
           a.held_parts
    FROM accepted a
    JOIN snapshots s ON s.id = a.staged_snapshot_id
    JOIN snapshots q ON q.id = a.quarantine_snapshot_id
    ORDER BY a.extract, a.region_code, a.business_date DESC
""")  # noqa: S608  # one constant of this module is put into another

_LAST_ROWS = text(f"""
    WITH horizon AS (
        SELECT DISTINCT department, extract, CAST('-infinity' AS date) AS first_date,
               CAST(:before AS date) - 1 AS last_date
        FROM deliveries WHERE extract = :extract
    ),
    {_JUDGED}
    SELECT DISTINCT ON (part_code) part_code, received
    FROM part
    WHERE NOT is_held
    ORDER BY part_code, business_date DESC, region_code = part_code DESC, id DESC
""")  # noqa: S608  # one constant of this module is put into another

_HELD = text(f"""
    WITH horizon AS (
        SELECT DISTINCT department, extract, business_date AS first_date, business_date AS last_date
        FROM deliveries WHERE business_date = :business_date
    ),
    {_JUDGED}
    SELECT id AS delivery_id, extract, part_code AS region_code, held_rule AS rule_id, held_detail AS detail,
           is_released
    FROM part
    WHERE held_rule IS NOT NULL
    ORDER BY extract, id, part_code
""")  # noqa: S608  # one constant of this module is put into another


def in_force(
    connection: Connection,
    business_date: date,
    contracts: Mapping[str, Contract],
    known_at: datetime | None = None,
    validation_ids: Collection[int] = (),
) -> list[InForce]:
    """Per extract and slot the newest accepted delivery within the contract's `oldest_days`.

    Dates are tried from the business date back. On each, only the last readable delivery counts: where it is
    held, or not yet validated, an earlier date may stand in, never an earlier file of the same date.
    A delivery is accepted if the newest validation of it holds no part of it, or only some regions of a file
    for all. `validation_ids` are validations that speak instead of newer ones (a night that found its own
    older validation again). `known_at` leaves out what was received or released later.
    """
    parameters = {
        "business_date": business_date,
        "departments": [c.department for c in contracts.values()],
        "extracts": [c.extract for c in contracts.values()],
        "oldest_days": [c.oldest_days for c in contracts.values()],
        **_moment(known_at, validation_ids),
    }
    return [_in_force(dict(row)) for row in connection.execute(_IN_FORCE, parameters).mappings()]


def last_accepted_rows(
    connection: Connection, extract: str, before: date, known_at: datetime | None = None
) -> dict[str, int]:
    """Rows received per region in its newest accepted delivery of an earlier business date."""
    parameters = {"extract": extract, "before": before, **_moment(known_at, ())}
    return {row.part_code: row.received for row in connection.execute(_LAST_ROWS, parameters)}


def held_outcomes(
    connection: Connection, business_date: date, known_at: datetime | None = None
) -> list[HeldOutcome]:
    """That date's current deliveries that rules hold, released or not, by extract, delivery and region."""
    parameters = {"business_date": business_date, **_moment(known_at, ())}
    return [HeldOutcome(**row) for row in connection.execute(_HELD, parameters).mappings()]


def _moment(known_at: datetime | None, validation_ids: Collection[int]) -> dict[str, object]:
    return {"known_at": known_at or "infinity", "validation_ids": list(validation_ids)}


def _in_force(row: dict[str, object]) -> InForce:
    return InForce(**{**row, "held_parts": tuple(row["held_parts"])})  # type: ignore[arg-type]


# --- The catalog ---

__all__ = [
    "Delivery",
    "DeliveryOutcome",
    "HeldOutcome",
    "HistoryPoint",
    "InForce",
    "Release",
    "RuleResult",
    "Snapshot",
    "Validation",
    "check_contents",
    "contents",
    "current_deliveries",
    "deliveries_by_id",
    "deliveries_for",
    "delivery_by_id",
    "earlier_of_date",
    "find_snapshot",
    "find_validation",
    "fingerprint",
    "held_outcomes",
    "in_force",
    "inputs_of",
    "last_accepted_rows",
    "mark_refused",
    "mark_staged",
    "newest_before",
    "record_deliveries",
    "record_delivery",
    "record_validation",
    "register_snapshot",
    "release_delivery",
    "releases",
    "releases_shown",
    "resent",
    "results_history",
    "snapshot_by_id",
    "superseded",
    "take_up_again",
    "validations_by_id",
]
