"""Batches: payments that may go out, by region and review level, in priority order, within the budget.

A batch never changes: its lines come with it, its hash covers them, and a line that is wrong now voids it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, text

from stable_jobs.ledger.event import Event
from stable_jobs.ledger.statements import Statements
from stable_jobs.ledger.units import resolve_units

SQL = Statements("batches")


@dataclass(frozen=True)
class Batch:
    """One batch as the ledger has it. total: yuan."""

    id: int
    batch_no: str
    region_code: str
    business_date: date
    policy_year: int
    review_level: int
    count: int
    total: Decimal
    hash: str
    state: str
    reason: str


def form_batches(event: Event) -> list[Batch]:
    """Form batches of what is cleared or corrected, with the night's units in `night_units`; the new ones.

    Checked again: the unit is eligible tonight for this very amount, its account is known, its region is not
    held and is not of an older night, no refund is in doubt, the pooling region's budget reaches. Formed
    batches of which a line no longer holds are voided first.
    """
    resolve_units(event.connection)
    void_stale(event.connection)
    SQL.run(event.connection, "candidates", "chosen", "batches", "lines", "preparers", "batched")
    return _batches(event.connection, "b.event_id = ledger_event()")


def void_stale(connection: Connection) -> None:
    """Void the formed batches of which a line may not go out tonight, or not to that account.

    Their other payments are free again. Only of regions in `night_regions` whose newest night this is: others
    keep theirs and cannot publish them.
    """
    if connection.scalar(text("SELECT EXISTS (SELECT FROM batches WHERE state = 'formed')")):
        SQL.run(connection, "candidates", "stale", "unbatched", "drop_candidates")


def batch_by_no(connection: Connection, batch_no: str) -> Batch | None:
    """The batch of that number, if there is one."""
    found = _batches(connection, "b.batch_no = :batch_no", batch_no=batch_no)
    return found[0] if found else None


def open_batches(connection: Connection) -> list[Batch]:
    """Formed and not yet published, by number."""
    return _batches(connection, "b.state = 'formed'")


def published_on(connection: Connection, business_date: date) -> list[Batch]:
    """Every batch whose money was instructed on that date, by number."""
    condition = (
        "b.id IN (SELECT batch_id FROM batch_changes WHERE to_state = 'published' AND changed_on = :on)"
    )
    return _batches(connection, condition, on=business_date)


def _batches(connection: Connection, condition: str, **values: object) -> list[Batch]:
    query = f"""
        SELECT id, batch_no, region_code, business_date, policy_year, review_level, count, total, hash,
            state, reason
        FROM batches b WHERE {condition} ORDER BY batch_no
    """  # noqa: S608 - conditions are this module's own
    return [Batch(**row) for row in connection.execute(text(query), values).mappings()]
