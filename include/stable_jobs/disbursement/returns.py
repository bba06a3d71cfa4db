"""The bank's answers taken into the ledger, one event a file, and the lines it has not answered in time."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection, text

from stable_jobs.bank.answers.model import WORDINGS, Answer, AnswerProblem, AnswerRefused, Whole
from stable_jobs.bank.answers.read import read_answer
from stable_jobs.bank.banks import BankProfile, Banks, load_sound_banks
from stable_jobs.digests import sha256_of
from stable_jobs.disbursement.answer_files import (
    Found,
    answer_files,
    not_readable,
    not_the_banks,
    problem_row,
    profile_for,
    rows_of,
)
from stable_jobs.disbursement.sheets.answers import (
    EXPECTED_MESSAGE,
    OTHER_MESSAGE,
    OTHER_SENDER,
    UNKNOWN_MESSAGE,
)
from stable_jobs.errors import PolicyError
from stable_jobs.ledger.batches import batch_by_no
from stable_jobs.ledger.event import Event, ledger_event
from stable_jobs.ledger.payments import files_of
from stable_jobs.ledger.returns import ROWS, AnswerCounts, answer_table, is_ingested, take_answer
from stable_jobs.night.context import NightContext, scratch
from stable_jobs.policy.parameters import resolve
from stable_jobs.publishing.manifest import MANIFEST
from stable_jobs.store.loading import load_from_engine, load_rows, temporary_table
from stable_jobs.workdays import add_working_days

MESSAGE = re.compile(r"(?P<batch_no>[0-9]{6}-[0-9]{8}-L[0-2]-[0-9]+)-(?P<number>[0-9]{3,})", re.ASCII)
PAYMENT_FILE = re.compile(r"payment\.([0-9]+)\.xml", re.ASCII)
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Ingested:
    """The result for one file of the bank.

    sha256: None for an entry of the bank's folder that cannot be read: every run reports it again.
    format: `pain.002`, `csv` or `unreadable`. problem: why the whole of it could not be read.
    """

    file_name: str
    sha256: str | None
    format: str
    counts: AnswerCounts
    problem: str | None = None


@dataclass(frozen=True)
class Unanswered:
    """Lines of a batch without a final result of the bank in the region's days. total: yuan."""

    batch_no: str
    region_code: str
    instructed_on: date
    due_on: date
    count: int
    total: Decimal


def take_answers(night: NightContext) -> list[Ingested]:
    """Apply every file of the bank's folder whose bytes were not taken before, in the order of their names.

    The folder is only read; the bytes are kept in the lake before anything else. Each file is one event, so a
    kill leaves whole files taken and the others for the next run. A bank profile with a fault leaves its own
    bank's files for the run after its correction.
    """
    banks = load_sound_banks(night.settings.banks_root)
    done = (_take(night, banks, found) for found in answer_files(night.settings.bank_answers_root, banks))
    return [taken for taken in done if taken is not None]


def _take(night: NightContext, banks: Banks, found: Found) -> Ingested | None:
    """None for bytes that are known."""
    path, name = found.path, found.name
    if (why := not_readable(path)) is not None:
        return Ingested(name, None, UNREADABLE, AnswerCounts(is_new=False), why)
    try:
        with night.database.connect() as connection:
            if is_ingested(connection, sha256_of(path)):
                return None
        profile = profile_for(banks, found)
        if (why := not_the_banks(found, profile)) is not None:
            return Ingested(name, None, UNREADABLE, AnswerCounts(is_new=False), why)
        sha256 = night.lake.put_landing(path)
    except (OSError, PolicyError) as error:
        return Ingested(name, None, UNREADABLE, AnswerCounts(is_new=False), str(error))
    with scratch(night) as work:
        copy = work / path.name
        night.lake.fetch(f"landing/{sha256}", copy)
        try:
            answer = read_answer(copy, profile)
        except AnswerRefused as refused:
            return _record_unreadable(night, name, sha256, refused.problem)
        return _apply(night, banks, profile, name, sha256, answer, work)


def _record_unreadable(
    night: NightContext, name: str, sha256: str, problem: AnswerProblem
) -> Ingested | None:
    """The file as one refused row, so that it stands on the list of what was refused."""
    row = problem_row(problem)
    with ledger_event(
        night.database, "bank answer", business_date=night.business_date, subject=name
    ) as event:
        answer_table(event.connection)
        load_rows(event.connection, "answer_rows", [[row.get(column) for column in ROWS]])
        counts = take_answer(
            event, sha256=sha256, file_name=name, file_format=UNREADABLE, problem=problem.sentence()
        )
    return Ingested(name, sha256, UNREADABLE, counts, problem.sentence()) if counts.is_new else None


def _apply(
    night: NightContext,
    banks: Banks,
    profile: BankProfile,
    name: str,
    sha256: str,
    answer: Answer,
    work: Path,
) -> Ingested | None:
    with ledger_event(
        night.database, "bank answer", business_date=night.business_date, subject=name
    ) as event:
        answer_table(event.connection)
        night.duck.register("answer_read", rows_of(answer))
        try:
            load_from_engine(event.connection, "answer_rows", night.duck, "FROM answer_read", work)
        finally:
            night.duck.unregister("answer_read")
        for whole in answer.whole:
            _spread(night, event, whole, work)
        if answer.whole:
            event.connection.execute(
                text(CONTRADICTED), {"expected": WORDINGS["answer.contradiction"].expected}
            )
        _bind(night, event.connection, banks, profile, answer, work)
        counts = take_answer(event, sha256=sha256, file_name=name, file_format=answer.format)
    return Ingested(name, sha256, answer.format, counts) if counts.is_new else None


def _bind(
    night: NightContext,
    connection: Connection,
    banks: Banks,
    profile: BankProfile,
    answer: Answer,
    work: Path,
) -> None:
    """Refuse rows about lines that the sender has no say in: another bank's, or another message's."""
    temporary_table(connection, "answering", {"region_code": "text"})
    regions = connection.scalars(text("SELECT DISTINCT region_code FROM batches ORDER BY 1")).all()
    load_rows(connection, "answering", [(code,) for code in regions if banks.covers(profile, code)])
    connection.execute(
        text(FOREIGN), {"rule": OTHER_SENDER, "expected": f"lines of profile {profile.region}"}
    )
    if answer.format == "pain.002":
        message = answer.heading.original_message_id or ""
        whole = Whole(message, None, "pending", None, None)
        lines = _lines_of(night, connection, whole, work) or {"batch_no": "", "first": 0, "last": 0}
        said = {"rule": OTHER_MESSAGE, "expected": f"lines of message {message}"}
        connection.execute(text(STRANGE), {**said, **lines})


FOREIGN = """
    UPDATE answer_rows a SET rule = :rule, expected = :expected, found = a.end_to_end_id
    FROM instructions i JOIN batches b ON b.id = i.batch_id
    WHERE a.rule IS NULL AND i.end_to_end_id = a.end_to_end_id
      AND b.region_code NOT IN (SELECT region_code FROM answering)
"""

STRANGE = """
    UPDATE answer_rows a SET rule = :rule, expected = :expected, found = a.end_to_end_id
    FROM instructions i JOIN batches b ON b.id = i.batch_id JOIN payment_lines l ON l.id = i.line_id
    WHERE a.rule IS NULL AND i.end_to_end_id = a.end_to_end_id
      AND NOT (b.batch_no = :batch_no AND l.line_no BETWEEN :first AND :last)
"""


CONTRADICTED = """
    UPDATE answer_rows a SET rule = 'answer.contradiction', expected = :expected, found = a.outcome
    WHERE a.rule IS NULL AND a.outcome IN ('paid', 'returned') AND a.end_to_end_id IN (
        SELECT end_to_end_id FROM answer_rows WHERE rule IS NULL AND outcome IN ('paid', 'returned')
        GROUP BY end_to_end_id HAVING count(DISTINCT outcome) > 1)
"""
"""The statements about a whole message and about one of its lines: if they differ, neither counts."""


def _spread(night: NightContext, event: Event, whole: Whole, work: Path) -> None:
    """A status of a whole message as one row for each of its lines; an unknown message as a refused row."""
    said: dict[str, object] = {
        "outcome": whole.outcome,
        "code": whole.reason_code,
        "words": whole.reason_text,
        "fault": whole.fault,
    }
    lines = _lines_of(night, event.connection, whole, work)
    if lines is None or event.connection.execute(text(SPREAD), {**said, **lines}).rowcount == 0:
        found = {"rule": UNKNOWN_MESSAGE, "expected": EXPECTED_MESSAGE, "found": whole.original_message_id}
        event.connection.execute(text(STRAY), said | found)


SPREAD = """
    INSERT INTO answer_rows (row_no, end_to_end_id, outcome, reason_code, reason_text, fault)
    SELECT (SELECT greatest(max(row_no), 0) FROM answer_rows) + row_number() OVER (ORDER BY l.line_no),
           i.end_to_end_id, :outcome, :code, :words, :fault
    FROM batches b JOIN instructions i ON i.batch_id = b.id JOIN payment_lines l ON l.id = i.line_id
    WHERE b.batch_no = :batch_no AND l.line_no BETWEEN :first AND :last
"""

STRAY = """
    INSERT INTO answer_rows (row_no, outcome, reason_code, reason_text, rule, expected, found)
    SELECT coalesce(least(min(row_no), 1), 1) - 1, :outcome, :code, :words, :rule, :expected, :found
    FROM answer_rows
"""


def _lines_of(
    night: NightContext, connection: Connection, whole: Whole, work: Path
) -> dict[str, str | int] | None:
    """Batch, first and last line of one of our messages: as published then, not by today's profile."""
    asked = MESSAGE.fullmatch(whole.original_message_id)
    if asked is None or whole.original_payment_id not in (None, whole.original_message_id):
        return None
    number, counts = int(asked["number"]), _message_counts(night, connection, asked["batch_no"], work)
    if number not in counts:
        return None
    before = sum(count for earlier, count in counts.items() if earlier < number)
    return {"batch_no": asked["batch_no"], "first": before + 1, "last": before + counts[number]}


def _message_counts(
    night: NightContext, connection: Connection, batch_no: str, work: Path
) -> Mapping[int, int]:
    """Number of each message of a published batch → its lines, as its manifest in the lake says."""
    batch = batch_by_no(connection, batch_no)
    kept = [f for f in files_of(connection, batch.id) if f.name == MANIFEST] if batch else []
    if not kept:
        return {}
    copy = work / MANIFEST
    night.lake.fetch(f"published/{kept[0].sha256}", copy)
    files = json.loads(copy.read_bytes())["files"]
    named = ((PAYMENT_FILE.fullmatch(name), entry["count"]) for name, entry in files.items())
    return {int(match[1]): count for match, count in named if match}


def unanswered(night: NightContext) -> list[Unanswered]:
    """Batches with lines that got no result in the region's working days. Nothing is sent again for them."""
    with night.database.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(OPEN), {"on": night.business_date})]
    late = (Unanswered(no, region, on, _due(night, region, on), *sums) for no, region, on, *sums in found)
    return [one for one in late if one.due_on < night.business_date]


OPEN = """
    SELECT b.batch_no, b.region_code, i.instructed_on, count(*) AS count, sum(i.amount) AS total
    FROM instructions i JOIN batches b ON b.id = i.batch_id LEFT JOIN bank_results r ON r.line_id = i.line_id
    WHERE r.line_id IS NULL AND i.instructed_on < :on
    GROUP BY b.batch_no, b.region_code, i.instructed_on ORDER BY b.batch_no
"""


def _due(night: NightContext, region: str, instructed_on: date) -> date:
    """The last day on which the bank should have answered, by what held when money was instructed."""
    days = resolve(night.policies, region, "general", "bank_answer_days", instructed_on).value
    assert isinstance(days, int)
    return add_working_days(instructed_on, days)
