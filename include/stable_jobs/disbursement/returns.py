"""The bank's answers: found in its folder, read, and taken into the ledger."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from stable_jobs.bank.answer_reading import MOST_BYTES, read_answer
from stable_jobs.bank.answers import Answer, AnswerProblem, AnswerRefused, Whole, bank_text
from stable_jobs.bank.banks import SIG_ENDING, BankProfile, Banks, is_signed, load_sound_banks
from stable_jobs.digests import sha256_of
from stable_jobs.disbursement.answer_lists import (
    EXPECTED_MESSAGE,
    OTHER_MESSAGE,
    OTHER_SENDER,
    UNKNOWN_MESSAGE,
)
from stable_jobs.errors import PolicyError
from stable_jobs.ledger.batches import batch_by_no, files_of
from stable_jobs.ledger.event import Event, ledger_event
from stable_jobs.ledger.returns import ROWS, AnswerCounts, answer_table, is_ingested, take_answer
from stable_jobs.messages.bank_answers import WORDINGS
from stable_jobs.night.context import NightContext, scratch
from stable_jobs.policy.parameters import resolve
from stable_jobs.publishing.folders import MANIFEST
from stable_jobs.regions import NATION
from stable_jobs.store.loading import load_from_engine, load_rows, temporary_table
from stable_jobs.workdays import add_working_days

if TYPE_CHECKING:
    import pyarrow as pa


# --- Files of answers ---
# The bank's files in its folder, and the content of one of them as rows for the ledger.

UNFINISHED = ".part"
SHOWN = 120
"""Characters of a file's name that are kept."""
REGION = re.compile(r"[0-9]{6}(?![0-9])", re.ASCII)
ORIGINAL = re.compile(rb"<(?:[A-Za-z0-9_]+:)?OrgnlMsgId>\s*([0-9]{6})-[0-9]{8}-L", re.ASCII)
START = 65_536
"""Bytes in which a message says what it answers."""
TAKE_OUT = "next: 请移出该目录并联系银行 take it out of the folder and ask the bank"


@dataclass(frozen=True)
class Found:
    """A file of a bank. folder: the profile whose own folder contains it; None: the common folder."""

    path: Path
    folder: str | None = None

    @property
    def name(self) -> str:
        """The file's name as a ledger and a terminal can carry it, after its folder's."""
        shown = bank_text(os.fsencode(self.path.name).decode("utf-8", "replace"), SHOWN)
        return shown if self.folder is None else f"{self.folder}/{shown}"


def answer_files(root: Path, banks: Banks) -> Iterator[Found]:
    """The files in the banks' folder and in each profile's own folder below it, by name.

    Files that a bank still writes (`.name`, `name.part`) are left out, and so are signatures (`name.sig`).
    """
    own_folders = banks.named
    for path in _listed(root):
        if path.name in own_folders and path.is_dir() and not path.is_symlink():
            yield from (Found(own, path.name) for own in _listed(path))
        else:
            yield Found(path)


def _listed(folder: Path) -> list[Path]:
    found = sorted(folder.iterdir(), key=lambda path: path.name) if folder.is_dir() else []
    left = (UNFINISHED, SIG_ENDING)
    return [path for path in found if not path.name.startswith(".") and not path.name.endswith(left)]


def not_readable(path: Path) -> str | None:
    """Why nothing of this may even be opened; None for a plain file of a bearable size."""
    try:
        found = path.lstat()
    except OSError as error:
        return f"不可读取 it cannot be read: {error.strerror}"
    if not stat.S_ISREG(found.st_mode):
        return f"不是普通文件 expected a plain file; found a link, folder or device; {TAKE_OUT}"
    if found.st_size > MOST_BYTES:
        return f"文件过大 expected at most {MOST_BYTES} bytes; found {found.st_size}; {TAKE_OUT}"
    return None


def profile_for(banks: Banks, found: Found) -> BankProfile:
    """By the folder, else by the region that the file's name begins with, else by the message it answers.

    The nation's where nothing says so. PolicyError if there is none, or if its file has a fault.
    """
    if found.folder is not None:
        return banks.of(found.folder)
    region = REGION.match(found.path.name)
    return banks.of(region[0] if region else _answered_region(found.path))


def _answered_region(path: Path) -> str:
    """The region in the MsgId that a pain.002 answers: a hint only, what it answers is checked later."""
    with path.open("rb") as file:
        named = ORIGINAL.search(file.read(START))
    return NATION if named is None else named[1].decode("ascii")


def not_the_banks(found: Found, profile: BankProfile) -> str | None:
    """Why nothing shows that this file is of the profile's bank; None where it is."""
    if profile.answer.own_folder and found.folder is None:
        return (
            f"不在该银行的专用目录 expected in the bank's own folder {profile.region}/;"
            " found in the common one; next: 请移入专用目录并查明来源 find out who put it there"
        )
    if profile.answer.signature is None:
        return None
    signature = found.path.with_name(found.path.name + SIG_ENDING)
    if not_readable(signature) is not None:
        return f"没有签名 expected the bank's signature in {found.name}{SIG_ENDING}; found none; {TAKE_OUT}"
    if not is_signed(found.path, signature, profile.answer.signature.public_key):
        return f"签名不符 expected the bank's signature; found another one; {TAKE_OUT}"
    return None


def rows_of(answer: Answer) -> pa.Table:
    """Columns of `ledger.returns.ROWS`: the rows that were read, then those that could not be, with the rule.

    A problem that belongs to no row gets a number of 0 or less.
    """
    import pyarrow as pa

    nothing = pa.nulls(answer.rows.num_rows, pa.string())
    read = answer.rows
    for name in ("rule", "expected", "found"):
        read = read.append_column(name, nothing)
    read = read.select(list(ROWS))
    return pa.concat_tables([read, _problems(answer, read.schema)])


def problem_row(problem: AnswerProblem) -> dict[str, object]:
    """The values that a refused row has; the others are empty."""
    return {
        "row_no": problem.row_no or 0,
        "end_to_end_id": problem.end_to_end_id,
        "rule": problem.rule,
        "expected": problem.expected,
        "found": problem.found,
    }


def _problems(answer: Answer, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    above = [p for p in answer.problems if p.row_no is None]
    of_rows = [problem_row(p) for p in answer.problems if p.row_no is not None]
    numbered = [problem_row(p) | {"row_no": -place} for place, p in enumerate(above)]
    return pa.Table.from_pylist([*of_rows, *numbered], schema=schema)


# --- Answers into the ledger ---
# The bank's answers taken into the ledger, one event a file, and the lines it has not answered in time.

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
                text(CONTRADICTED), {"expected": WORDINGS["answer.contradiction"].expected.en}
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
