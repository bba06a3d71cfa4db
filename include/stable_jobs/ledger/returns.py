"""The bank's answers: each row applied, known, not final, or refused with its reason. None is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.statements import run_statements
from stable_jobs.store.loading import temporary_table

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
}
"""`answer_rows`: as read. outcome: paid, returned, pending; rule: why the row cannot be read, else NULL."""


@dataclass(frozen=True)
class AnswerCounts:
    """What became of an answer's rows. is_new: False for a file that was taken before."""

    is_new: bool
    applied: int = 0
    repeated: int = 0
    pending: int = 0
    refused: int = 0


def answer_table(connection: Connection) -> None:
    """The empty `answer_rows` of this transaction, for the reader to fill."""
    temporary_table(connection, "answer_rows", ROWS)


def is_taken(connection: Connection, sha256: str) -> bool:
    """Whether these bytes were taken before."""
    query = "SELECT EXISTS (SELECT FROM bank_answers WHERE sha256 = :sha256)"
    return bool(connection.scalar(text(query), {"sha256": sha256}))


def take_answer(
    event: Event, *, sha256: str, file_name: str, file_format: str, problem: str | None = None
) -> AnswerCounts:
    """Apply `answer_rows`: each line's first result counts; a second that differs is refused.

    problem: why the whole file could not be read; it is then recorded without rows.
    """
    connection = event.connection
    if is_taken(connection, sha256):
        return AnswerCounts(is_new=False)
    values = {"sha256": sha256, "name": file_name, "format": file_format, "problem": problem}
    answer = connection.scalar(text(ANSWER), values)
    run_statements(connection, (JUDGED, KEPT, RESULTS, MOVED), answer=answer)
    found = connection.execute(text(COUNTED), {"answer": answer})
    counts = {row.standing: row.rows for row in found}
    event.detail.update({"answer": file_name, "sha256": sha256, **counts})
    return AnswerCounts(is_new=True, **counts)


ANSWER = """
    INSERT INTO bank_answers (sha256, file_name, format, rows, problem)
    SELECT :sha256, :name, :format, (SELECT count(*) FROM answer_rows), :problem RETURNING id
"""

JUDGED = """
    CREATE TEMPORARY TABLE judged ON COMMIT DROP AS
    SELECT a.row_no, a.end_to_end_id, a.outcome, a.amount, a.reason_code, a.reason_text, a.booked_on,
        i.line_id,
        i.amount AS instructed,
        CASE WHEN a.rule IS NOT NULL THEN a.rule
             WHEN i.line_id IS NULL THEN 'answer.unknown_id'
             WHEN a.amount IS NOT NULL AND a.amount <> i.amount THEN 'answer.wrong_amount'
             WHEN a.outcome = 'pending' THEN NULL
             WHEN coalesce(r.outcome,
                 first_value(a.outcome) OVER same) <> a.outcome THEN 'answer.contradiction'
             END AS rule,
        CASE WHEN a.rule IS NOT NULL THEN a.expected
             WHEN i.line_id IS NULL THEN 'an id that was instructed'
             WHEN a.amount IS NOT NULL AND a.amount <> i.amount THEN i.amount::text
             ELSE coalesce(r.outcome, first_value(a.outcome) OVER same) END AS expected,
        CASE WHEN a.rule IS NOT NULL THEN a.found
             WHEN i.line_id IS NULL THEN left(a.end_to_end_id, 40)
             WHEN a.amount IS NOT NULL AND a.amount <> i.amount THEN a.amount::text
             ELSE a.outcome END AS found,
        r.line_id IS NOT NULL OR row_number() OVER same > 1 AS is_known
    FROM answer_rows a
    LEFT JOIN instructions i ON i.end_to_end_id = a.end_to_end_id
    LEFT JOIN bank_results r ON r.line_id = i.line_id
    WINDOW same AS (PARTITION BY i.line_id, a.rule IS NULL
        AND a.outcome <> 'pending' AND (a.amount IS NULL OR a.amount = i.amount) ORDER BY a.row_no)
"""

KEPT = """
    INSERT INTO bank_answer_rows (answer_id, row_no, end_to_end_id, outcome, amount, standing, rule,
        expected, found)
    SELECT :answer, row_no, end_to_end_id, outcome, amount,
           CASE WHEN rule IS NOT NULL THEN 'refused' WHEN outcome = 'pending' THEN 'pending'
                WHEN is_known THEN 'repeated' ELSE 'applied' END,
           rule, CASE WHEN rule IS NOT NULL THEN expected END, CASE WHEN rule IS NOT NULL THEN found END
    FROM judged ORDER BY row_no
"""

RESULTS = """
    INSERT INTO bank_results (line_id, answer_id, row_no, outcome, reason_code, reason_text, amount,
        booked_on)
    SELECT j.line_id, k.answer_id, k.row_no, j.outcome, j.reason_code, j.reason_text, j.instructed,
        j.booked_on
    FROM bank_answer_rows k JOIN judged j ON j.row_no = k.row_no
    WHERE k.answer_id = :answer AND k.standing = 'applied' ORDER BY k.row_no
"""

MOVED = """
    UPDATE payments p SET state = r.outcome, changed_on = ledger_date(),
        reason = coalesce(nullif(concat_ws(' ', r.reason_code, r.reason_text), ''), 'bank')
    FROM bank_results r JOIN instructions i ON i.line_id = r.line_id
    WHERE r.answer_id = :answer AND i.payment_id = p.id
"""

COUNTED = """
    SELECT standing, count(*)::integer AS rows FROM bank_answer_rows
    WHERE answer_id = :answer GROUP BY standing
"""


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

    LedgerRefused unless the payment of that end-to-end id is returned, and for an account in another name
    than the unit's: only an individual business's may bear one.
    """
    found = event.connection.execute(
        text("""
            SELECT p.id, i.attempt FROM instructions i JOIN payments p ON p.id = i.payment_id
            WHERE i.end_to_end_id = :id AND p.state = 'returned'
              AND i.attempt = (SELECT max(attempt) FROM instructions WHERE payment_id = p.id)
        """),
        {"id": end_to_end_id},
    ).one_or_none()
    if found is None:
        raise LedgerRefused(f"{end_to_end_id} is no returned payment: `stable-jobs returns list` shows those")
    number = event.connection.scalar(
        text("""
            INSERT INTO account_corrections (payment_id, after_attempt, source, account_name,
                account_no, bank_code,
                bank_name, entered_by)
            VALUES (:payment, :attempt, 'person', :name, :number, :bank, :bank_name, :person) RETURNING id
        """),
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
        text("""
            SELECT p.id FROM account_corrections k JOIN payments p ON p.id = k.payment_id
            WHERE k.id = :id AND k.source = 'person' AND p.state = 'returned'
        """),
        {"id": correction_id},
    )
    if found is None:
        raise LedgerRefused(
            f"correction {correction_id} waits for nobody: `stable-jobs returns list` shows those that do"
        )
    event.connection.execute(
        text("SELECT set_config('stable_jobs.typed_account', :typed, true)"), {"typed": account_no}
    )
    event.connection.execute(
        text("INSERT INTO account_confirmations (correction_id, confirmed_by) VALUES (:id, :person)"),
        {"id": correction_id, "person": person},
    )
    event.connection.execute(
        text("""
            UPDATE payments SET state = 'corrected', reason = 'account entered',
                changed_on = coalesce(ledger_date(), changed_on) WHERE id = :payment
        """),
        {"payment": found},
    )
    event.detail.update({"correction": correction_id})
