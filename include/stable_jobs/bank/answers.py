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


@dataclass(frozen=True)
class Wording:
    """The fault, the expected value and the next step, in words."""

    what_zh: str
    what_en: str
    expected: str
    next_step_zh: str
    next_step_en: str


ASK_ZH = "请银行更正后重新回盘，勿重复支付"
ASK_EN = "ask the bank for a corrected answer; pay nothing again before it is known"


def _ask(what_zh: str, what_en: str, expected: str) -> Wording:
    return Wording(what_zh, what_en, expected, ASK_ZH, ASK_EN)


WORDINGS: dict[str, Wording] = {
    "answer.format": _ask("不是可识别的回盘文件", "not an answer of a known format", "pain.002 XML or CSV"),
    "answer.empty": _ask("回盘文件为空", "the answer is empty", "an answer"),
    "answer.too_large": _ask("回盘文件过大", "the answer is too large", "an answer of the usual size"),
    "answer.encoding": _ask("编码与约定不符", "the bytes are not in the agreed encoding", "UTF-8"),
    "answer.not_xml": _ask("不是格式良好的 XML", "not well-formed XML", "well-formed XML"),
    "answer.doctype": _ask(
        "XML 含有文档类型或实体声明", "the XML declares a document type or entities", "plain pain.002 XML"
    ),
    "answer.message": _ask(
        "不是对付款指令的 pain.002 状态报告",
        "not a pain.002 status report about a pain.001",
        "pain.002.001.03 or .10 to .15 about a pain.001",
    ),
    "answer.structure": _ask(
        "报文结构与 pain.002 不符",
        "the message is not built as pain.002 is",
        "the order and places of pain.002",
    ),
    "answer.columns": _ask(
        "缺少约定的列", "an agreed column is missing or stands twice", "the profile's columns"
    ),
    "answer.csv": _ask("不能按 CSV 读取", "it cannot be read as CSV", "CSV as the bank's profile says"),
    "answer.no_rows": _ask("回盘没有任何结果", "the answer says nothing of any payment", "at least one row"),
    "answer.fields": _ask(
        "该行列数与表头不同", "the row has another number of fields than the header", "the header's number"
    ),
    "answer.id": _ask(
        "端到端标识缺失或不可读",
        "the end-to-end id is missing or not one of ours",
        "an id like 20-610100-91610100MA6TXXXXXX-01-01",
    ),
    "answer.status": _ask("状态不可识别", "the status is not known", "a status of the agreed list"),
    "answer.amount": _ask("金额不可读", "the amount cannot be read", "yuan above 0 with at most two places"),
    "answer.currency": _ask("币种不是人民币", "the currency is not the yuan", "CNY"),
    "answer.date": _ask("日期不可读", "the date cannot be read", "a date as agreed"),
    "answer.contradicts_whole": _ask(
        "该行与整批状态相矛盾", "the row contradicts the status of its whole message", "one result for a line"
    ),
    "answer.contradiction": _ask(
        "同一笔在一个文件内结果不一", "the file gives one line different results", "one result for a line"
    ),
    "answer.repeated": Wording(
        "同一笔在一个文件内重复",
        "the file answers this line more than once",
        "one row for a line",
        "无需处理，另一行已采用",
        "nothing: the other row is used",
    ),
}


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
        what_zh=words.what_zh,
        what_en=words.what_en,
        expected=expected or words.expected,
        found=bank_text(found, SHOWN) or "empty",
        next_step_zh=words.next_step_zh,
        next_step_en=words.next_step_en,
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
        raise Unreadable("answer.date", text, f"a date as {date_format}") from None


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
        raise Unreadable("answer.date", text, "a date as 2020-05-19") from None


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
