"""The refunds that finance reports beside our payments: each payment is counted once.

A row with one of our references is ours. One without that equals a payment of ours in unit, year, scheme and
amount may be the same money or a second payment: a person rules, and until then nothing more is paid.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.statements import Statements

SQL = Statements("refunds")


def note_refunds(connection: Connection) -> None:
    """Record the rows of `night_refunds` about our payments; the rest, by unit, into `unit_outside`."""
    SQL.run(connection, "matched", "noted", "outside")


def rule_on_refund(event: Event, refund_id: int, ruling: str, reason: str, person: str) -> None:
    """A person says whether a doubtful row is the `same` money as ours or was paid `outside`."""
    known = event.connection.scalar(
        text("SELECT standing FROM reported_refunds WHERE id = :id"), {"id": refund_id}
    )
    if known != "doubtful":
        raise LedgerRefused(
            f"refund {refund_id} is not in doubt: `stable-jobs refund list` shows those that are"
        )
    event.connection.execute(
        text(SQL["insert_refund_rulings"]),
        {"id": refund_id, "ruling": ruling, "reason": reason, "person": person},
    )
    event.detail.update({"refund": refund_id, "ruling": ruling})


def paid_by_us_query(on: date) -> str:
    """The query of what a night on that date counts as paid by us, for COPY: see `sql/refunds.sql`."""
    return SQL.written_out("paid_by_us", on=on)
