"""The bank's files in its folder, and the content of one of them as rows for the ledger."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.bank.answers.model import Answer, AnswerProblem, bank_text
from stable_jobs.bank.answers.read import MOST_BYTES
from stable_jobs.bank.answers.signature import ENDING, is_signed
from stable_jobs.bank.banks import BankProfile, Banks
from stable_jobs.ledger.returns import ROWS
from stable_jobs.regions import NATION

if TYPE_CHECKING:
    import pyarrow as pa

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
    left = (UNFINISHED, ENDING)
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
    signature = found.path.with_name(found.path.name + ENDING)
    if not_readable(signature) is not None:
        return f"没有签名 expected the bank's signature in {found.name}{ENDING}; found none; {TAKE_OUT}"
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
