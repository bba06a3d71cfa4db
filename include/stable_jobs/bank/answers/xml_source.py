"""A bank's XML handed to the parser in pieces, and refused where it could harm us.

No document type, so no entity of any kind; UTF-8 only, so that this cannot be hidden; and no entry of the
message longer than any honest one, so that the tree in memory stays small whatever the file holds.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import IO

from stable_jobs.bank.answers.problems import refused

MOST_ENTRY = 4 * 1024 * 1024
"""Bytes between the end of one entry and the end of the next; a transaction takes some 700."""
FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")
LONGEST = max(map(len, FORBIDDEN)) - 1
OTHER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
DECLARED = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']""")
START = 512


class Source:
    """What `iterparse` reads from. `entry_ended` says that what was read so far has been used."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._tail = b""
        self._since_entry = 0

    def entry_ended(self) -> None:
        """One more entry is read and dropped from the tree."""
        self._since_entry = 0

    def read(self, size: int = -1) -> bytes:
        """The next piece; AnswerRefused for a declaration or an entry without an end."""
        piece = self._file.read(size)
        if any(mark in self._tail + piece for mark in FORBIDDEN):
            raise refused("answer.doctype", "a document type or entity declaration")
        self._tail = piece[-LONGEST:] if len(piece) >= LONGEST else (self._tail + piece)[-LONGEST:]
        self._since_entry += len(piece)
        if self._since_entry > MOST_ENTRY:
            raise refused("answer.structure", f"more than {MOST_ENTRY} bytes without an entry")
        return piece


def check_encoding(path: Path) -> None:
    """AnswerRefused unless the file claims to be UTF-8, as ISO 20022 asks for."""
    with path.open("rb") as file:
        start = file.read(START)
    if start.startswith(OTHER_MARKS) or b"\0" in start:
        raise refused("answer.encoding", "UTF-16 or UTF-32")
    declared = DECLARED.match(start.removeprefix(codecs.BOM_UTF8))
    if declared and declared[1].lower() not in (b"utf-8", b"us-ascii"):
        raise refused("answer.encoding", declared[1].decode("ascii", "replace"))
