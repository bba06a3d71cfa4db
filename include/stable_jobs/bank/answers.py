"""The bank's answer as data: its rows and statements, and the reading of their values."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from stable_jobs.accounts import masked
from stable_jobs.errors import StableJobsError
from stable_jobs.messages.bank_answers import A_DATE, WORDINGS
from stable_jobs.money import round_half_up
from stable_jobs.rendering.text import visible
from stable_jobs.settings import SHANGHAI

if TYPE_CHECKING:
    import pyarrow as pa


# --- The answer ---
# The bank's answer as data: rows to apply, unreadable rows, statements about a whole message.

Outcome = Literal["paid", "returned", "pending", "duplicate"]
"""pending: the bank is still at work. duplicate: it rejects because it has the payment already. Neither is a
result."""


class Row(NamedTuple):
    """The bank's statement about one payment line. row_no: 1-based place in the file; amount: yuan.

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
    """A statement about all lines of a message, or of one payment block of it, that does not name them.

    original_message_id: the MsgId of our payment file. original_payment_id: its PmtInfId; None: the message.
    """

    original_message_id: str
    original_payment_id: str | None
    outcome: Outcome
    reason_code: str | None
    reason_text: str | None
    fault: str | None = None


@dataclass(frozen=True)
class AnswerHead:
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
    heading: AnswerHead
    rows: pa.Table
    problems: tuple[AnswerProblem, ...]
    whole: tuple[Whole, ...]
    received: int


class AnswerRefused(StableJobsError):
    """A file that cannot be read as an answer at all; nothing of it may be applied."""

    def __init__(self, problem: AnswerProblem, file: str | None = None) -> None:
        super().__init__(problem.sentence() if file is None else f"{file}: {problem.sentence()}")
        self.problem = problem


Item = Row | AnswerProblem | Whole | AnswerHead
"""An item that a reader of one format gives, in the order of the file."""


# --- every reason for which an answer, or a row of it, is refused: one table, so that all say the same ---


SHOWN = 60
"""Characters of a found value that a message shows."""


class Unreadable(ValueError):
    """A value of one row that cannot be read; the row's reader turns it into an AnswerProblem."""

    def __init__(self, rule: str, found: str, expected: str | None = None) -> None:
        super().__init__(rule)
        self.rule, self.found, self.expected = rule, found, expected


def problem(
    rule: str,
    found: str,
    *,
    row_no: int | None = None,
    end_to_end_id: str | None = None,
    expected: str | None = None,
) -> AnswerProblem:
    """The problem of that rule (KeyError for an unknown one); `found` is shortened and masked here."""
    words = WORDINGS[rule]
    return AnswerProblem(
        row_no=row_no,
        end_to_end_id=end_to_end_id,
        rule=rule,
        what_zh=words.what.zh,
        what_en=words.what.en,
        expected=expected or words.expected.en,
        found=bank_text(found, SHOWN) or "empty",
        next_step_zh=words.next_step.zh,
        next_step_en=words.next_step.en,
    )


def refused(rule: str, found: str, expected: str | None = None) -> AnswerRefused:
    """The exception that refuses the whole file."""
    return AnswerRefused(problem(rule, found, expected=expected))


# --- a bank's own words: one line, no account number, nothing hidden, short ---


MOST_TEXT = 400
"""Characters kept of a bank's reason."""
MOST_READ = 4_000
"""Characters looked at."""
ACCOUNT = re.compile(r"\d{9,}|\d{4}(?:[\s.\-]\d{4}){2,}(?:[\s.\-]?\d+)?")
"""A run of digits that may be an account, also written in groups of four."""
BLANKS = re.compile(r"[ \t\r\n]+")


def bank_text(text: str, most: int = MOST_TEXT) -> str:
    """At most `most` characters, hidden ones as `⟨U+202E⟩` (as on our pages), accounts as `****1234`.

    A run of blanks and line ends, as XML is indented, becomes one blank.
    """
    return _shown(text[:MOST_READ], most)


@lru_cache(maxsize=1024)
def _shown(text: str, most: int) -> str:
    plain = BLANKS.sub(" ", text).strip()
    safe = ACCOUNT.sub(lambda run: masked(run.group()), plain)
    shown = safe if safe.isprintable() else visible(safe)
    return shown if len(shown) <= most else shown[: most - 1] + "…"


# --- Texts as values ---
# Texts of one answered row as values; Unreadable where a text is none. The same for XML and CSV.

MOST_ID = 35
MOST_CODE = 35
"""Characters of a reason's code: ISO 20022 Max35Text."""
END_TO_END_ID = re.compile(r"[0-9]{2}-[0-9]{6}-[0-9A-Z]{15,18}-[0-9]{2,3}-[0-9]{2,3}", re.ASCII)
"""Year, region, unit, payment, attempt. A text of another form is not kept: it may be an account number."""
AMOUNT = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,5})?", re.ASCII)
GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3}){1,4}(?:\.[0-9]{1,2})?", re.ASCII)
ISO_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII)
ISO_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.,][0-9]+)?"
    r"\s?(Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII,
)


def read_id(text: str | None) -> str:
    """An end-to-end id of ours."""
    plain = (text or "").strip()
    if len(plain) > MOST_ID or not END_TO_END_ID.fullmatch(plain):
        raise Unreadable("answer.id", plain)
    return plain


def read_amount(text: str) -> Decimal:
    """Yuan as a person may write it: `1234.5`, `1,234.50`, full-width; above 0 and in whole fen."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    return read_iso_amount(plain)


def read_iso_amount(text: str) -> Decimal:
    """Yuan as ISO 20022 writes it: `1234.5`, `1234.50000`; above 0 and in whole fen."""
    amount = Decimal(text) if AMOUNT.fullmatch(text) else Decimal(0)
    if amount <= 0 or amount != round_half_up(amount):
        raise Unreadable("answer.amount", text)
    return round_half_up(amount)


def read_code(text: str | None) -> str | None:
    """A reason's code as the bank gives it; None for an empty one."""
    return bank_text(text or "", MOST_CODE) or None


def read_text(text: str | None) -> str | None:
    """A reason in the bank's words; None for an empty one."""
    return bank_text(text or "") or None


def read_day(text: str, date_format: str) -> date | None:
    """A date as the bank's profile writes it (strptime); None for an empty one."""
    plain = unicodedata.normalize("NFKC", text).strip()
    return _day(plain, date_format) if plain else None


@lru_cache(maxsize=1024)
def _day(text: str, date_format: str) -> date:
    try:
        if ISO_MOMENT.fullmatch(text):
            return _local_day(text)
        return datetime.strptime(text, date_format).date()  # noqa: DTZ007 - a day, no instant
    except (ValueError, OverflowError):
        raise Unreadable("answer.date", text, f"{A_DATE.both} {date_format}") from None


def read_iso_day(text: str) -> date:
    """The day in Asia/Shanghai of an ISO 8601 date and time; without an offset it is local.

    A plain date is used as it is, without an offset that an XML date may have.
    """
    try:
        if "T" in text:
            return _local_day(text)
        found = ISO_DAY.fullmatch(text)
        return date.fromisoformat(found[1] if found else "")
    except (ValueError, OverflowError):
        raise Unreadable("answer.date", text, f"{A_DATE.both} 2020-05-19") from None


def _local_day(text: str) -> date:
    """ValueError or OverflowError for a moment that is none."""
    found = ISO_MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    day, clock, offset = found.groups()
    moment = datetime.fromisoformat(f"{day}T{clock}")
    if offset is None:
        return moment.date()
    return moment.replace(tzinfo=_zone(offset)).astimezone(SHANGHAI).date()


def _zone(offset: str) -> timezone:
    if offset == "Z":
        return UTC
    apart = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return timezone(-apart if offset[0] == "-" else apart)
