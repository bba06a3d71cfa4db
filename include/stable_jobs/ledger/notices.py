"""Public notice: closed when its days are over, and objections that hold one unit only."""

from __future__ import annotations

from sqlalchemy import text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.night import decision_that_counts
from stable_jobs.ledger.statements import Statements

SQL = Statements("notices")


def close_due_notices(event: Event) -> int:
    """Close the notices that are due on the event's date and clear their units; how many units were cleared.

    Only in regions whose newest night is this one, as the date's decision in force has it, and is not held:
    payments without the night's support fell out when it was applied. LedgerRefused where the ledger has not
    taken that decision over.
    """
    decision_that_counts(event.connection, event.connection.scalar(text("SELECT ledger_date()")))
    return SQL.run(event.connection, "closed", "cleared")


def add_objection(event: Event, region_code: str, uscc: str, reason: str, person: str) -> int:
    """Stop a unit that is on notice; the objection's id. LedgerRefused if the unit is not on notice."""
    found = event.connection.execute(
        text(SQL["add_objection"]),
        {"region": region_code, "uscc": uscc},
    ).scalar_one_or_none()
    if found is None:
        raise LedgerRefused(
            f"{uscc} in region {region_code} is not on notice: an objection comes too late or too early"
        )
    number = event.connection.scalar(
        text(SQL["insert_objections"]),
        {"payment": found, "reason": reason, "person": person},
    )
    event.connection.execute(
        text(SQL["update_payments"]),
        {"payment": found},
    )
    event.detail.update({"objection": number, "payment": found})
    return int(number or 0)


def decide_objection(event: Event, objection_id: int, outcome: str, reason: str, person: str) -> None:
    """`upheld`: the payment is withdrawn. `dismissed`: it goes on, once no other objection is open.

    LedgerRefused for an unknown objection, one that was decided, or a payment that fell out meanwhile.
    """
    known = event.connection.execute(
        text(SQL["decide_objection"]),
        {"id": objection_id},
    ).one_or_none()
    if known is None:
        raise LedgerRefused(f"there is no objection {objection_id}: `stable-jobs objection list` shows them")
    if known.outcome is not None:
        raise LedgerRefused(f"objection {objection_id} was decided: {known.outcome}")
    event.connection.execute(
        text(SQL["insert_objection_decisions"]),
        {"id": objection_id, "outcome": outcome, "reason": reason, "person": person},
    )
    event.detail.update({"objection": objection_id, "outcome": outcome})
    if known.state == "objected":
        event.connection.execute(
            text(SQL["upheld"] if outcome == "upheld" else SQL["dismissed"]), {"payment": known.payment_id}
        )
        event.connection.execute(text(SQL["recognised"]), {"payment": known.payment_id})
