"""The evidence of a night's decision, in the night's event: the catalog's rows and its files' bytes."""

from __future__ import annotations

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.statements import Statements

SQL = Statements("evidence")


def record_evidence(event: Event, decision_id: int) -> None:
    """Put it into the event that took the decision over; once, and not for one that was not taken."""
    event.connection.execute(
        text(SQL["insert_night_evidence"]),
        {"id": decision_id},
    )


def require_evidence(connection: Connection, decision_id: int) -> None:
    """LedgerRefused if the catalog's rows of the decision have changed since the ledger took it over."""
    known = text("SELECT EXISTS (SELECT FROM night_evidence WHERE decision_id = :id)")
    if not connection.scalar(known, {"id": decision_id}):
        raise LedgerRefused(
            f"decision {decision_id} was made before the ledger kept what a decision stands on: no"
            " money moves on it;"
            " next: run `stable-jobs night` for its date once more"
        )
    broken = connection.execute(
        text("SELECT subject, subject_id FROM broken_evidence WHERE decision_id = :id ORDER BY 1, 2 LIMIT 1"),
        {"id": decision_id},
    ).one_or_none()
    if broken is not None:
        raise LedgerRefused(
            f"decision {decision_id}: {broken.subject} {broken.subject_id} of the catalog is not what"
            " it was when the"
            " ledger took the decision over: no money moves on it; next: find out who changed it, with"
            " `stable-jobs ledger verify`"
        )
