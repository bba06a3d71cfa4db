"""The bank's files as they lie in its folder, and what one of them says as rows for the ledger."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.payout.answers.model import Answer, AnswerProblem
from stable_jobs.payout.answers.read import MOST_BYTES
from stable_jobs.payout.answers.text import bank_text
from stable_jobs.payout.banks import BankProfile, Banks
from stable_jobs.regions import NATION

if TYPE_CHECKING:
    import pyarrow as pa

UNFINISHED = ".part"
SHOWN = 120
"""Characters of a file's name that are kept."""
REGION = re.compile(r"[0-9]{6}(?![0-9])", re.ASCII)
TAKE_OUT = "next: 请移出该目录并联系银行 take it out of the folder and ask the bank"


def answer_files(root: Path) -> Iterator[Path]:
    """What lies in the bank's folder, by name. What the bank still writes (`.name`, `name.part`) is left."""
    found = sorted(root.iterdir(), key=lambda path: path.name) if root.is_dir() else []
    return (path for path in found if not path.name.startswith(".") and not path.name.endswith(UNFINISHED))


def shown_name(path: Path) -> str:
    """The file's name as a ledger and a terminal can carry it."""
    return bank_text(os.fsencode(path.name).decode("utf-8", "replace"), SHOWN)


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


def profile_for(banks: Banks, path: Path) -> BankProfile:
    """By the region that the file's name begins with, else the nation's. PolicyError if there is none."""
    region = REGION.match(path.name)
    return banks.of(region[0] if region else NATION)


def rows_of(answer: Answer) -> pa.Table:
    """Columns of `ledger.returns.ROWS`: what was read, then what could not be, with its rule.

    A problem that belongs to no row gets a number of 0 or less.
    """
    import pyarrow as pa

    nothing = pa.nulls(answer.rows.num_rows, pa.string())
    read = answer.rows
    for name in ("rule", "expected", "found"):
        read = read.append_column(name, nothing)
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
