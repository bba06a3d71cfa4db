"""One file from the bank → what it answers."""

from __future__ import annotations

import codecs
from pathlib import Path

from stable_jobs.bank.answers.csv_answer import read_csv
from stable_jobs.bank.answers.model import Answer, AnswerRefused
from stable_jobs.bank.answers.pain002 import read_pain002
from stable_jobs.bank.answers.problems import SHOWN, refused
from stable_jobs.bank.answers.rows import gather
from stable_jobs.bank.answers.text import bank_text
from stable_jobs.bank.banks import BankProfile

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
