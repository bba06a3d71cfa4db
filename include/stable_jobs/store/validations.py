"""Validation in the catalog: its counts by rule, and the codes that people registered for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import cast

from sqlalchemy import Connection, RowMapping, insert, select, text
from sqlalchemy.dialects import postgresql

from stable_jobs.store.outcomes import DeliveryOutcome, RuleResult
from stable_jobs.store.tables import delivery_outcomes, validation_results, validations

# --- Counts ---
# Validations: the rules' findings in one business date's deliveries, in counts.


@dataclass(frozen=True)
class Validation:
    """One validation of an extract on a business date, with all it found."""

    id: int
    business_date: date
    extract: str
    fingerprint: str
    quarantine_snapshot_id: int
    results: tuple[RuleResult, ...]
    outcomes: tuple[DeliveryOutcome, ...]


@dataclass(frozen=True)
class HistoryPoint:
    """One rule in one region on one earlier night."""

    business_date: date
    rule_id: str
    region_code: str
    evaluated: int
    failed: int


def find_validation(
    connection: Connection, business_date: date, extract: str, fingerprint: str
) -> Validation | None:
    """The validation of those inputs, if it was recorded."""
    c = validations.c
    query = select(validations).where(
        c.business_date == business_date, c.extract == extract, c.fingerprint == fingerprint
    )
    found = connection.execute(query).mappings().one_or_none()
    return _validation(connection, found) if found else None


FINDINGS = "findings"
"""The entry of a quarantine's registered inputs that says what its rows were found in, and by what."""


def newest_of_findings(connection: Connection, extract: str, findings: str) -> Validation | None:
    """The last validation whose quarantine was registered with that fingerprint of findings, of any date."""
    found = connection.execute(_OF_FINDINGS, {"extract": extract, "name": FINDINGS, "findings": findings})
    row = found.mappings().one_or_none()
    return _validation(connection, row) if row else None


_OF_FINDINGS = text("""
    SELECT v.* FROM validations v JOIN snapshots s ON s.id = v.quarantine_snapshot_id
    WHERE v.extract = :extract AND s.kind = 'quarantine' AND s.inputs ->> :name = :findings
    ORDER BY v.id DESC LIMIT 1
""")


def validations_by_id(connection: Connection, ids: Collection[int]) -> list[Validation]:
    """Those validations, by id; KeyError naming what there is not."""
    query = select(validations).where(validations.c.id.in_(list(ids))).order_by(validations.c.id)
    found = [_validation(connection, row) for row in connection.execute(query).mappings().all()]
    if missing := set(ids) - {one.id for one in found}:
        raise KeyError(sorted(missing))
    return found


def record_validation(
    connection: Connection,
    *,
    business_date: date,
    extract: str,
    fingerprint: str,
    quarantine_snapshot_id: int,
    results: Sequence[RuleResult],
    outcomes: Sequence[DeliveryOutcome],
) -> Validation:
    """Keep what a validation found; where another run was first with the same inputs, its row is returned."""
    values = {"business_date": business_date, "extract": extract, "fingerprint": fingerprint}
    added = connection.scalar(
        postgresql.insert(validations)
        .values(**values, quarantine_snapshot_id=quarantine_snapshot_id)
        .on_conflict_do_nothing(index_elements=list(values))
        .returning(validations.c.id)
    )
    if added is not None:
        _insert_all(connection, added, results, outcomes)
    found = find_validation(connection, business_date, extract, fingerprint)
    return cast(Validation, found)


def _insert_all(
    connection: Connection,
    validation_id: int,
    results: Sequence[RuleResult],
    outcomes: Sequence[DeliveryOutcome],
) -> None:
    for table, items in ((validation_results, results), (delivery_outcomes, outcomes)):
        rows = [{"validation_id": validation_id, **asdict(item)} for item in items]
        if rows:
            connection.execute(insert(table), rows)


def _validation(connection: Connection, row: RowMapping) -> Validation:
    r, o = validation_results.c, delivery_outcomes.c
    results = select(*(c for c in r if c.name != "validation_id")).where(r.validation_id == row["id"])
    outcomes = select(*(c for c in o if c.name != "validation_id")).where(o.validation_id == row["id"])
    ordered = results.order_by(r.rule_id, r.region_code), outcomes.order_by(o.delivery_id, o.region_code)
    found = [connection.execute(query).mappings().all() for query in ordered]
    return Validation(
        **row,
        results=tuple(RuleResult(**each) for each in found[0]),
        outcomes=tuple(DeliveryOutcome(**each) for each in found[1]),
    )


_HISTORY = text("""
    WITH newest AS (
        SELECT DISTINCT ON (business_date) id, business_date
        FROM validations
        WHERE extract = :extract AND business_date < :before
        ORDER BY business_date DESC, id DESC
        LIMIT :nights
    )
    SELECT n.business_date, r.rule_id, r.region_code, r.evaluated, r.failed
    FROM newest n JOIN validation_results r ON r.validation_id = n.id
    ORDER BY r.rule_id, r.region_code, n.business_date
""")


def results_history(
    connection: Connection, extract: str, before: date, nights: int = 30
) -> list[HistoryPoint]:
    """Every rule's counts per region on the last `nights` validated dates before `before`, oldest first.

    Of a date that was validated more than once, the newest validation counts.
    """
    rows = connection.execute(_HISTORY, {"extract": extract, "before": before, "nights": nights}).mappings()
    return [HistoryPoint(**row) for row in rows]


# --- Registered codes ---
# Codes that people registered for a region though their check character is wrong, for validation.


def registered_codes(connection: Connection, known_at: datetime | None = None) -> tuple[tuple[str, str], ...]:
    """(region, code) of every code registered up to `known_at`, in order."""
    found = connection.execute(
        text("""
            SELECT r.region_code, r.code FROM registered_codes r JOIN audit_events a ON a.id = r.event_id
            WHERE CAST(:known_at AS timestamptz) IS NULL
               OR CAST(a.body::jsonb ->> 'at' AS timestamptz) <= CAST(:known_at AS timestamptz)
            ORDER BY 1, 2
        """),
        {"known_at": known_at},
    )
    return tuple((row.region_code, row.code) for row in found)
