"""One file from the bank → what it answers: a pain.002, or CSV with the columns and words of the profile.

Rows of an answer are gathered, each payment line once, columns in Arrow.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from stable_jobs.bank.answers import (
    SHOWN,
    Answer,
    AnswerHead,
    AnswerProblem,
    AnswerRefused,
    Item,
    Outcome,
    Row,
    Unreadable,
    Whole,
    bank_text,
    problem,
    read_amount,
    read_code,
    read_day,
    read_id,
    read_text,
    refused,
)
from stable_jobs.bank.banks import BankAnswer, BankProfile, verdict
from stable_jobs.bank.pain002 import read_pain002
from stable_jobs.messages.bank_answers import FIELDS

if TYPE_CHECKING:
    import pyarrow as pa


MOST_BYTES = 512 * 1024 * 1024
"""300,000 transactions of a pain.002 take some 250 MB."""
START = 512


def read_answer(path: Path, profile: BankProfile) -> Answer:
    """All that a file of the bank says: pain.002 if it begins as XML or ends in .xml, else the profile's CSV.

    Every row of it is in the answer's rows or problems, never in both, never in neither. AnswerRefused, with
    the file's name, where the file cannot be read at all: then nothing of it may be applied.
    """
    try:
        if _is_xml(path):
            return gather("pain.002", read_pain002(path, profile.answer.reasons))
        return gather("csv", read_csv(path, profile.answer))
    except AnswerRefused as error:
        raise AnswerRefused(error.problem, bank_text(path.name, SHOWN)) from None


def _is_xml(path: Path) -> bool:
    """By its first character, else by its ending. AnswerRefused: of neither format, empty or too large."""
    with path.open("rb") as file:
        start = file.read(START)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise refused("answer.too_large", f"{size} bytes", f"at most {MOST_BYTES} bytes")
    text = start.removeprefix(codecs.BOM_UTF8).strip()
    if not text:
        raise refused("answer.empty", f"{size} bytes")
    ending = path.suffix.lower()
    if not text.startswith(b"<") and ending not in (".xml", ".csv"):
        raise refused("answer.format", f"an ending {ending}")
    return text.startswith(b"<") or ending == ".xml"


# --- the bank's own CSV ---


BYTE_ORDER_MARK = "\ufeff"
MOST_LINE = 65_536
"""Characters."""


def read_csv(file: Path, agreed: BankAnswer) -> Iterator[Item]:
    """Rows and problems as they come; empty lines are passed over. AnswerRefused where it cannot be read."""
    with file.open(encoding=agreed.encoding, newline="") as opened:
        lines = csv.reader(_lines(opened), delimiter=agreed.delimiter, strict=True)
        try:
            filled = (line for line in lines if any(field.strip() for field in line))
            yield from _rows(filled, agreed)
        except UnicodeDecodeError:
            raise refused(
                "answer.encoding", f"other bytes after line {lines.line_num}", agreed.encoding
            ) from None
        except csv.Error as error:
            raise refused("answer.csv", f"line {lines.line_num}: {error}") from None


def _lines(opened: IO[str]) -> Iterator[str]:
    """Lines of a bounded length: one without an end must not fill the memory."""
    while line := opened.readline(MOST_LINE):
        if len(line) == MOST_LINE:
            raise refused("answer.csv", f"a line of {MOST_LINE} characters or more")
        yield line


def _rows(lines: Iterator[Sequence[str]], agreed: BankAnswer) -> Iterator[Item]:
    header = [name.removeprefix(BYTE_ORDER_MARK).strip() for name in next(lines, ())]
    places = _places(header, agreed)
    for row_no, line in enumerate(lines, 1):
        if len(line) == len(header):
            yield _row(row_no, {name: line[place] for name, place in places.items()}, agreed)
        else:
            yield problem(
                "answer.fields", str(len(line)), row_no=row_no, expected=f"{len(header)} {FIELDS.both}"
            )


def _places(header: Sequence[str], agreed: BankAnswer) -> Mapping[str, int]:
    """Field → its column. Columns that were not agreed on are not looked at."""
    columns: Mapping[str, str] = agreed.columns.model_dump()
    wrong = [column for column in columns.values() if header.count(column) != 1]
    if wrong:
        found = "none" if wrong[0] not in header else f"{wrong[0]} twice"
        raise refused("answer.columns", found, f"one column {wrong[0]}")
    return {name: header.index(column) for name, column in columns.items()}


def _row(row_no: int, fields: Mapping[str, str], agreed: BankAnswer) -> Row | AnswerProblem:
    end_to_end_id = None
    try:
        end_to_end_id = read_id(fields["end_to_end_id"])
        outcome = _outcome(fields["status"].strip(), agreed)
        code, words = read_code(fields["reason_code"]), read_text(fields["reason_text"])
        amount, day = read_amount(fields["amount"]), read_day(fields["booked_on"], agreed.date_format)
        fault: str | None = None
        if outcome == "returned":
            fault = verdict([code], f"{fields['status']} {words or ''}", agreed.reasons)
            outcome, fault = ("duplicate", None) if fault == "duplicate" else (outcome, fault)
        return Row(row_no, end_to_end_id, outcome, code, words, amount, day, fault)
    except Unreadable as wrong:
        return problem(
            wrong.rule, wrong.found, row_no=row_no, end_to_end_id=end_to_end_id, expected=wrong.expected
        )


def _outcome(status: str, agreed: BankAnswer) -> Outcome:
    if status in agreed.paid:
        return "paid"
    if status in agreed.returned:
        return "returned"
    raise Unreadable("answer.status", status, " / ".join((*agreed.paid, *agreed.returned)))


# --- rows gathered ---


FINAL = 2
"""How much a result says, above what is none."""
MOST_ROWS = 1_000_000
"""Of one answer; a payment file holds some ten thousand, 300,000 at the most."""


def gather(answer_format: Literal["pain.002", "csv"], items: Iterable[Item]) -> Answer:
    """The answer made of what a format's reader gives. AnswerRefused where it says nothing, or too much."""
    rows: list[Row] = []
    problems: list[AnswerProblem] = []
    whole: list[Whole] = []
    heading = AnswerHead(None, None)
    for item in items:
        match item:
            case Row():
                rows.append(item)
            case AnswerProblem():
                problems.append(item)
            case Whole():
                whole.append(item)
            case _:
                heading = item
        if len(rows) + len(problems) > MOST_ROWS:
            raise refused("answer.too_large", f"more than {MOST_ROWS} rows", f"at most {MOST_ROWS} rows")
    if not rows and not problems and not whole:
        raise refused("answer.no_rows", "none")
    return _answer(answer_format, heading, rows, problems, tuple(whole))


def _answer(
    answer_format: Literal["pain.002", "csv"],
    heading: AnswerHead,
    rows: Sequence[Row],
    problems: Sequence[AnswerProblem],
    whole: tuple[Whole, ...],
) -> Answer:
    received = len(rows) + sum(p.row_no is not None for p in problems)
    kept, twice = _one_each(rows)
    ordered = sorted((*problems, *twice), key=lambda p: p.row_no or 0)
    return Answer(answer_format, heading, _table(kept), tuple(ordered), whole, received)


def _one_each(rows: Sequence[Row]) -> tuple[list[Row], list[AnswerProblem]]:
    """Of several rows about one line the first final one; none if final ones differ in outcome or amount."""
    chosen: dict[str, Row] = {}
    contradicted: set[str] = set()
    for row in rows:
        before = chosen.setdefault(row.end_to_end_id, row)
        if _weight(row) > _weight(before):
            chosen[row.end_to_end_id] = row
        elif _weight(row) == FINAL and (row.outcome, row.amount) != (before.outcome, before.amount):
            contradicted.add(row.end_to_end_id)
    kept = [r for r in rows if chosen[r.end_to_end_id] is r and r.end_to_end_id not in contradicted]
    left = [r for r in rows if chosen[r.end_to_end_id] is not r or r.end_to_end_id in contradicted]
    return kept, [_twice(row, row.end_to_end_id in contradicted) for row in left]


def _weight(row: Row) -> int:
    return {"pending": 0, "duplicate": 1}.get(row.outcome, FINAL)


def _twice(row: Row, is_contradicted: bool) -> AnswerProblem:
    rule = "answer.contradiction" if is_contradicted else "answer.repeated"
    amount = "" if row.amount is None else f" {row.amount}"
    return problem(rule, row.outcome + amount, row_no=row.row_no, end_to_end_id=row.end_to_end_id)


def _table(rows: Sequence[Row]) -> pa.Table:
    import pyarrow as pa

    text = pa.string()
    types = (pa.int64(), text, text, text, text, pa.decimal128(18, 2), pa.date32(), text)
    schema = pa.schema(list(zip(Row._fields, types, strict=True)))
    columns = [pa.array([row[place] for row in rows], kind) for place, kind in enumerate(types)]
    return pa.Table.from_arrays(columns, schema=schema)
