"""The bank's answers: each row applied, known, not final, or refused with its reason. None is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event, Statements
from stable_jobs.messages.ledger_refusals import refusal
from stable_jobs.store.loading import temporary_table

SQL = Statements("returns")
BALANCE_SQL = Statements("balance")

ROWS: Mapping[str, str] = {
    "row_no": "bigint",
    "end_to_end_id": "text",
    "outcome": "text",
    "reason_code": "text",
    "reason_text": "text",
    "amount": "numeric(18, 2)",
    "booked_on": "date",
    "rule": "text",
    "expected": "text",
    "found": "text",
    "fault": "text",
}
"""`answer_rows`: as read. outcome: paid, returned, pending, duplicate; rule: why the row cannot be read, else
NULL; fault: whose it is that money came back."""


@dataclass(frozen=True)
class AnswerCounts:
    """The outcome of an answer's rows. is_new: False for a file that was read before.

    duplicate: the bank has the payment, its result is open. contradiction: it opened a case.
    """

    is_new: bool
    applied: int = 0
    repeated: int = 0
    pending: int = 0
    refused: int = 0
    duplicate: int = 0
    contradiction: int = 0


def answer_table(connection: Connection) -> None:
    """The empty `answer_rows` of this transaction, for the reader to fill."""
    temporary_table(connection, "answer_rows", ROWS)


def is_ingested(connection: Connection, sha256: str) -> bool:
    """Whether these bytes were taken before."""
    query = "SELECT EXISTS (SELECT FROM bank_answers WHERE sha256 = :sha256)"
    return bool(connection.scalar(text(query), {"sha256": sha256}))


def take_answer(
    event: Event, *, sha256: str, file_name: str, file_format: str, problem: str | None = None
) -> AnswerCounts:
    """Apply `answer_rows`: each line's first result counts; a second that differs opens a case.

    problem: why the whole file could not be read; it is then recorded without rows.
    """
    connection = event.connection
    if is_ingested(connection, sha256):
        return AnswerCounts(is_new=False)
    values = {"sha256": sha256, "name": file_name, "format": file_format, "problem": problem}
    answer = connection.scalar(text(SQL["answer"]), values)
    SQL.run(connection, "judged", "kept", "results", "cases", "moved", answer=answer, on=None)
    BALANCE_SQL.run(connection, "arrived", "recognised", answer=answer, on=None)
    found = connection.execute(text(SQL["counted"]), {"answer": answer})
    counts = {row.standing: row.rows for row in found}
    event.detail.update({"answer": file_name, "sha256": sha256, **counts})
    return AnswerCounts(is_new=True, **counts)


def enter_account(
    event: Event,
    end_to_end_id: str,
    person: str,
    *,
    account_name: str,
    account_no: str,
    bank_code: str,
    bank_name: str,
) -> int:
    """A corrected account for a returned payment, by one person; it counts once another confirms it.

    So too for the payment that stands in its place because the amount changed. LedgerRefused unless the
    payment of that end-to-end id is returned, or came back and such a one has not gone out; and for an
    account in another name than the unit's: only an individual business's may bear one.
    """
    found = event.connection.execute(
        text(SQL["enter_account"]),
        {"id": end_to_end_id},
    ).one_or_none()
    if found is None:
        raise LedgerRefused(refusal("not_returned", line=end_to_end_id))
    number = event.connection.scalar(
        text(SQL["insert_account_corrections"]),
        {
            "payment": found.id,
            "attempt": found.attempt,
            "name": account_name,
            "number": account_no,
            "bank": bank_code,
            "bank_name": bank_name,
            "person": person,
        },
    )
    event.detail.update({"correction": number, "end_to_end_id": end_to_end_id})
    return int(number or 0)


def confirm_account(event: Event, correction_id: int, person: str, account_no: str) -> None:
    """Another person confirms a corrected account; the payment may go out again.

    account_no: as that person typed it. LedgerRefused, without either number, where it is not the one
    entered: the database compares them, and keeps no second number.
    """
    found = event.connection.scalar(
        text(SQL["confirm_account"]),
        {"id": correction_id},
    )
    if found is None:
        raise LedgerRefused(refusal("correction_not_waiting", number=correction_id))
    event.connection.execute(
        text("SELECT set_config('stable_jobs.typed_account', :typed, true)"), {"typed": account_no}
    )
    event.connection.execute(
        text("INSERT INTO account_confirmations (correction_id, confirmed_by) VALUES (:id, :person)"),
        {"id": correction_id, "person": person},
    )
    event.connection.execute(
        text(SQL["update_payments"]),
        {"payment": found},
    )
    event.detail.update({"correction": correction_id})
