"""Rows of an answer gathered: each payment line once, columns in Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from stable_jobs.bank.answers.model import Answer, AnswerProblem, Heading, Item, Row, Whole
from stable_jobs.bank.answers.problems import problem, refused

if TYPE_CHECKING:
    import pyarrow as pa

FINAL = 2
"""How much a result says, above what is none."""
MOST_ROWS = 1_000_000
"""Of one answer; a payment file holds some ten thousand, 300,000 at the most."""


def gather(answer_format: Literal["pain.002", "csv"], items: Iterable[Item]) -> Answer:
    """The answer made of what a format's reader gives. AnswerRefused where it says nothing, or too much."""
    rows: list[Row] = []
    problems: list[AnswerProblem] = []
    whole: list[Whole] = []
    heading = Heading(None, None)
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
    heading: Heading,
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
