"""The bank's answers: each row applied, known, not final, or refused with its reason. None is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.balance import ARRIVED
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
    "fault": "text",
}
"""`answer_rows`: as read. outcome: paid, returned, pending, duplicate; rule: why the row cannot be read, else
NULL; fault: whose it is that money came back."""


@dataclass(frozen=True)
class AnswerCounts:
    """What became of an answer's rows. is_new: False for a file that was taken before.

    duplicate: the bank has the payment, what becomes of it is open. contradiction: it opened a case.
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


def is_taken(connection: Connection, sha256: str) -> bool:
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
    if is_taken(connection, sha256):
        return AnswerCounts(is_new=False)
    values = {"sha256": sha256, "name": file_name, "format": file_format, "problem": problem}
    answer = connection.scalar(text(ANSWER), values)
    run_statements(connection, (JUDGED, KEPT, RESULTS, CASES, *MOVED, *ARRIVED), answer=answer, on=None)
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
    SELECT w.*, CASE
            WHEN read_rule IS NOT NULL THEN read_rule
            WHEN line_id IS NULL THEN 'answer.unknown_id'
            WHEN amount IS NOT NULL AND amount <> instructed THEN 'answer.wrong_amount'
            WHEN outcome = 'pending' THEN NULL
            WHEN outcome = 'duplicate' THEN CASE WHEN known IS NULL THEN 'answer.duplicate' END
            WHEN coalesce(known, first_here) = outcome OR is_said THEN NULL
            ELSE 'answer.contradiction' END AS rule
    FROM (
        SELECT a.row_no, a.end_to_end_id, a.outcome, a.amount, a.reason_code, a.reason_text, a.booked_on,
            CASE WHEN a.outcome = 'returned' THEN a.fault END AS fault,
            a.rule AS read_rule, a.expected AS read_expected, a.found AS read_found,
            i.line_id, i.amount AS instructed, r.outcome AS known,
            first_value(a.outcome) OVER same AS first_here, row_number() OVER same AS place_here,
            r.outcome <> a.outcome AND a.outcome IN ('paid', 'returned') AND (
                EXISTS (SELECT FROM open_contradictions c
                        WHERE c.line_id = i.line_id AND c.outcome = a.outcome)
                OR EXISTS (SELECT FROM contradictions c WHERE c.line_id = i.line_id
                    AND (c.outcome, c.reason_code, c.reason_text, c.booked_on)
                        IS NOT DISTINCT FROM (a.outcome, a.reason_code, a.reason_text, a.booked_on))
                OR EXISTS (SELECT FROM bank_results o WHERE o.line_id = i.line_id
                    AND (o.outcome, o.reason_code, o.reason_text, o.booked_on)
                        IS NOT DISTINCT FROM (a.outcome, a.reason_code, a.reason_text, a.booked_on))
            ) AS is_said
        FROM answer_rows a
        LEFT JOIN instructions i ON i.end_to_end_id = a.end_to_end_id
        LEFT JOIN line_results r ON r.line_id = i.line_id
        WINDOW same AS (PARTITION BY i.line_id, a.rule IS NULL AND a.outcome IN ('paid', 'returned')
            AND (a.amount IS NULL OR a.amount = i.amount) ORDER BY a.row_no)
    ) w
"""
"""is_said: the bank said the same before, and it is a case, or two people settled it otherwise."""

KEPT = """
    INSERT INTO bank_answer_rows (answer_id, row_no, end_to_end_id, outcome, amount, standing, rule,
        expected, found)
    SELECT :answer, row_no, end_to_end_id, outcome, amount,
           CASE WHEN read_rule IS NULL AND rule = 'answer.duplicate' THEN 'duplicate'
                WHEN read_rule IS NULL AND rule = 'answer.contradiction' THEN 'contradiction'
                WHEN rule IS NOT NULL THEN 'refused'
                WHEN outcome = 'pending' THEN 'pending'
                WHEN outcome = 'duplicate' OR known IS NOT NULL OR place_here > 1 THEN 'repeated'
                ELSE 'applied' END,
           rule,
           CASE WHEN rule IS NULL THEN NULL WHEN read_rule IS NOT NULL THEN read_expected
                WHEN line_id IS NULL THEN 'an id that was instructed'
                WHEN rule = 'answer.wrong_amount' THEN instructed::text
                WHEN rule = 'answer.duplicate' THEN 'what became of the payment that the bank has'
                ELSE coalesce(known, first_here) END,
           CASE WHEN rule IS NULL THEN NULL WHEN read_rule IS NOT NULL THEN read_found
                WHEN line_id IS NULL THEN left(end_to_end_id, 40)
                WHEN rule = 'answer.wrong_amount' THEN amount::text
                WHEN rule = 'answer.duplicate'
                THEN concat_ws(' ', 'reject', reason_code, left(reason_text, 60))
                ELSE outcome END
    FROM judged ORDER BY row_no
"""

RESULTS = """
    INSERT INTO bank_results (line_id, answer_id, row_no, outcome, reason_code, reason_text, amount,
        booked_on, fault)
    SELECT j.line_id, k.answer_id, k.row_no, j.outcome, j.reason_code, j.reason_text, j.instructed,
        j.booked_on, j.fault
    FROM bank_answer_rows k JOIN judged j ON j.row_no = k.row_no
    WHERE k.answer_id = :answer AND k.standing = 'applied' ORDER BY k.row_no
"""

CASES = """
    INSERT INTO contradictions (line_id, answer_id, row_no, outcome, reason_code, reason_text, fault,
        booked_on)
    SELECT DISTINCT ON (j.line_id, j.outcome) j.line_id, k.answer_id, k.row_no, j.outcome, j.reason_code,
        j.reason_text, j.fault, j.booked_on
    FROM bank_answer_rows k JOIN judged j ON j.row_no = k.row_no
    WHERE k.answer_id = :answer AND k.standing = 'contradiction' ORDER BY j.line_id, j.outcome, k.row_no
"""

MOVED = (
    """
    UPDATE payments p SET changed_on = ledger_date(),
        state = CASE WHEN r.outcome = 'returned' AND EXISTS (
            SELECT FROM settlements s JOIN instructions o ON o.line_id = s.line_id
            JOIN line_results v ON v.line_id = o.line_id
            WHERE o.payment_id = p.id AND v.outcome = 'paid') THEN 'paid' ELSE r.outcome END,
        reason = coalesce(nullif(concat_ws(' ', r.reason_code, r.reason_text), ''), 'bank')
    FROM bank_results r JOIN instructions i ON i.line_id = r.line_id
    WHERE r.answer_id = :answer AND i.payment_id = p.id AND p.state = 'instructed'
    """,
    """
    UPDATE payments p SET state = 'corrected', changed_on = ledger_date(),
        reason = 'same account: ' || r.fault
    FROM bank_results r JOIN instructions i ON i.line_id = r.line_id
    WHERE r.answer_id = :answer AND i.payment_id = p.id AND p.state = 'returned'
      AND NOT is_payees_fault(r.fault)
    """,
    """
    CREATE TEMPORARY TABLE balancing ON COMMIT DROP AS
    SELECT DISTINCT p.entitlement_id FROM bank_results r JOIN instructions i ON i.line_id = r.line_id
    JOIN payments p ON p.id = i.payment_id JOIN surplus_payments x ON x.entitlement_id = p.entitlement_id
    WHERE r.answer_id = :answer
    """,
)
"""A line that came back after an earlier one of its payment had arrived leaves the payment paid. What came
back by no fault of the payee is free for the next batch, to the same account."""

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

    So too for the payment that stands in its place because the amount changed. LedgerRefused unless the
    payment of that end-to-end id is returned, or came back and such a one has not gone out; and for an
    account in another name than the unit's: only an individual business's may bear one.
    """
    found = event.connection.execute(
        text("""
            SELECT p.id, i.attempt FROM instructions i JOIN payments p ON p.id = i.payment_id
            WHERE i.end_to_end_id = :id AND p.state = 'returned'
              AND i.attempt = (SELECT max(attempt) FROM instructions WHERE payment_id = p.id)
            UNION ALL
            SELECT q.id, 0 FROM instructions i JOIN failed_lines f ON f.line_id = i.line_id
            JOIN payments q ON q.entitlement_id = f.entitlement_id AND q.id <> f.payment_id
                AND q.state IN ('on_notice', 'objected', 'cleared')
            WHERE i.end_to_end_id = :id
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
            WHERE k.id = :id AND k.source = 'person' AND (p.state = 'returned'
                OR k.after_attempt = 0 AND p.state IN ('on_notice', 'objected', 'cleared'))
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
                changed_on = coalesce(ledger_date(), changed_on) WHERE id = :payment AND state = 'returned'
        """),
        {"payment": found},
    )
    event.detail.update({"correction": correction_id})
