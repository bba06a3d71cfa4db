"""Why the engine would not read a CSV file, in words for the sender.

Runs only over files that are already refused, so a slow second reading is fine. The engine's own message is
not passed on: it quotes the row, account numbers included.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from stable_jobs.errors import DeliveryRefused
from stable_jobs.intake.problems import Slot, refused

FIELD_LIMIT = 2_000_000
"""Characters: the longest line that the engine takes."""
END_PIECE = 4096


def diagnose(slot: Slot, path: Path, width: int, message: str) -> DeliveryRefused:
    """The refusal for a UTF-8 file of `width` columns that the engine refused with `message`."""
    if "Maximum line size" in message:
        return refused(
            slot,
            "delivery.line_too_long",
            expected=f"at most {FIELD_LIMIT} bytes",
            found="more",
            row=_row(message),
        )
    ends = _mixed_line_ends(path) if "invalid state" in message else None
    if ends is not None:
        row, first, other = ends
        return refused(slot, "delivery.line_ends", expected=f"{first} throughout", found=other, row=row)
    return _first_bad_row(slot, path, width) or refused(
        slot,
        "delivery.csv",
        expected=f"rows of {width} fields",
        found="a row the engine refuses",
        row=_row(message),
    )


def _row(message: str) -> int | None:
    """The data row of the engine's message: its first line is the header."""
    line = re.search(r"on Line: (\d+)", message)
    return int(line[1]) - 1 if line and int(line[1]) > 1 else None


def _first_bad_row(slot: Slot, path: Path, width: int) -> DeliveryRefused | None:
    """Read again with another reader and name the first row of another width or with wrong quotes."""
    row = -1
    try:
        for row, fields in enumerate(_rows(path)):
            if len(fields) != width:
                return _ragged(slot, path, width, row, len(fields), is_last=_is_last(path, row))
    except csv.Error as error:
        return _quotes(slot, path, row + 1, str(error))
    return None


def _rows(path: Path) -> Iterator[list[str]]:
    """Rows that are not blank lines, the header first (so that a data row's number is its index)."""
    csv.field_size_limit(FIELD_LIMIT)  # of the whole process, and other threads read with it: left as it is
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from (fields for fields in csv.reader(file, strict=True) if fields)


def _is_last(path: Path, row: int) -> bool:
    return sum(1 for _ in _rows_up_to_error(path)) == row + 1


def _rows_up_to_error(path: Path) -> Iterator[list[str]]:
    try:
        yield from _rows(path)
    except csv.Error:
        yield []


def _ragged(slot: Slot, path: Path, width: int, row: int, found: int, *, is_last: bool) -> DeliveryRefused:
    if is_last and found < width and not _ends_with_line_end(path):
        return refused(
            slot, "delivery.truncated", expected=f"{width} fields", found=f"{found} fields", row=row
        )
    return refused(slot, "delivery.ragged", expected=f"{width} fields", found=f"{found} fields", row=row)


def _quotes(slot: Slot, path: Path, row: int, message: str) -> DeliveryRefused:
    if "unexpected end" in message and not _ends_with_line_end(path) and _quote_opens_in_last_line(path):
        return refused(slot, "delivery.truncated", expected="a closed field", found="the file's end", row=row)
    found = "text after a closing mark" if "expected after" in message else "a mark that is never closed"
    return refused(slot, "delivery.quotes", expected="every mark closed", found=found, row=row)


def _end(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - END_PIECE))
        return file.read()


def _ends_with_line_end(path: Path) -> bool:
    return _end(path).endswith((b"\n", b"\r"))


def _quote_opens_in_last_line(path: Path) -> bool:
    return _end(path).rsplit(b"\n", 1)[-1].count(b'"') % 2 == 1


NAMES = {b"\r\n": "CR LF", b"\n": "LF", b"\r": "CR"}


def _mixed_line_ends(path: Path) -> tuple[int | None, str, str] | None:
    """Row, the header's line end and the first other one outside quotes; None where they are all alike."""
    first = None
    with path.open("rb") as file:
        is_quoted, number = False, 0
        for line in file:
            for content, end in re.findall(rb"([^\r\n]*)(\r\n|\n|\r)", line):
                is_quoted ^= content.count(b'"') % 2 == 1
                if is_quoted:
                    continue
                first = first or end
                if end != first:
                    return number or None, NAMES[first], NAMES[end]
                number += 1 if content else 0
    return None
