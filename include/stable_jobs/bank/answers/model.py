"""What the bank answered, as data: rows to apply, rows nobody can read, what is said of a whole message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple

from stable_jobs.errors import StableJobsError

if TYPE_CHECKING:
    import pyarrow as pa

Outcome = Literal["paid", "returned", "pending", "duplicate"]
"""pending: the bank is still at work. duplicate: it rejects because it has the payment already. Neither is a
result."""


class Row(NamedTuple):
    """What the bank says of one payment line. row_no: 1-based place in the file; amount: yuan.

    reason_code, reason_text: the bank's, accounts masked, hidden characters visible. booked_on: the day of
    the settlement or return; fault: of what came back (`reasons.Fault`). None: the bank does not say.
    """

    row_no: int
    end_to_end_id: str
    outcome: Outcome
    reason_code: str | None
    reason_text: str | None
    amount: Decimal | None
    booked_on: date | None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerProblem:
    """Why a row (row_no None: the file, or a status above the rows) cannot be applied.

    rule: a stable id. end_to_end_id: where it could be read. found: shortened, without an account number.
    """

    row_no: int | None
    end_to_end_id: str | None
    rule: str
    what_zh: str
    what_en: str
    expected: str
    found: str
    next_step_zh: str
    next_step_en: str

    def sentence(self) -> str:
        """One line for a log or a terminal."""
        where = "" if self.row_no is None else f"row {self.row_no}: "
        return (
            f"{where}{self.what_zh} {self.what_en} [{self.rule}]; expected {self.expected}; "
            f"found {self.found}; next: {self.next_step_zh} {self.next_step_en}"
        )


@dataclass(frozen=True)
class Whole:
    """What is said of all lines of a message, or of one payment block of it, without naming them.

    original_message_id: the MsgId of our payment file. original_payment_id: its PmtInfId; None: the message.
    """

    original_message_id: str
    original_payment_id: str | None
    outcome: Outcome
    reason_code: str | None
    reason_text: str | None
    fault: str | None = None


@dataclass(frozen=True)
class Heading:
    """Ids of the answer itself and of the payment file it answers."""

    message_id: str | None
    original_message_id: str | None


@dataclass(frozen=True)
class Answer:
    """One file as read.

    rows: Arrow table with the fields of Row (int64, strings, decimal128(18, 2), date32), by row_no, each
    end_to_end_id at most once. problems: in the order of the file. received: rows in the file, always the
    rows plus the problems that have a row_no. heading: all None in a CSV.
    """

    format: Literal["pain.002", "csv"]
    heading: Heading
    rows: pa.Table
    problems: tuple[AnswerProblem, ...]
    whole: tuple[Whole, ...]
    received: int


class AnswerRefused(StableJobsError):
    """A file that cannot be read as an answer at all; nothing of it may be applied."""

    def __init__(self, problem: AnswerProblem, file: str | None = None) -> None:
        super().__init__(problem.sentence() if file is None else f"{file}: {problem.sentence()}")
        self.problem = problem


Item = Row | AnswerProblem | Whole | Heading
"""What a reader of one format gives, in the order of the file."""
