"""Anchors: the number and hash of an event, written where nobody who changes the database can reach.

An anchor says that the ledger had that event. A ledger that has it no more, or has another in its place,
was cut off, rewritten, or restored from an older copy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Connection, text

from stable_jobs.errors import UsageError

SPELLED = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")


@dataclass(frozen=True)
class Anchor:
    """One event: its number, its hash, and where that was written down."""

    number: int
    hash: str
    source: str = ""

    def __str__(self) -> str:
        """`64:abcd…`."""
        return f"{self.number}:{self.hash}"


def read_anchor(spelled: str, source: str = "--anchor") -> Anchor:
    """An anchor as a manifest, an application or a mail spells it. UsageError for any other text."""
    found = SPELLED.fullmatch(spelled.strip().lower())
    if found is None:
        raise UsageError(
            f"{source} {spelled[:80]!r} is no anchor; expected NUMBER:HASH with 64 hexadecimal digits,"
            " as in a batch's"
            " manifest.json, its application, or the night's mail"
        )
    return Anchor(int(found[1]), found[2], source)


def last_anchor(connection: Connection) -> Anchor | None:
    """The newest event; None for an empty ledger."""
    found = connection.execute(
        text("SELECT id, hash FROM audit_events ORDER BY id DESC LIMIT 1")
    ).one_or_none()
    return None if found is None else Anchor(found.id, found.hash)
