"""A bank's answer as CSV, with the columns and words of the bank's profile."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from stable_jobs.bank.answers.model import AnswerProblem, Item, Outcome, Row
from stable_jobs.bank.answers.problems import Unreadable, problem, refused
from stable_jobs.bank.answers.reasons import verdict
from stable_jobs.bank.answers.values import read_amount, read_code, read_day, read_id, read_text
from stable_jobs.bank.banks import BankAnswer

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
            yield problem("answer.fields", str(len(line)), row_no=row_no, expected=f"{len(header)} fields")


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
    raise Unreadable("answer.status", status, " or ".join((*agreed.paid, *agreed.returned)))
