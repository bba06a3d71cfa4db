"""What people write into forms."""

from __future__ import annotations

from stable_jobs.errors import LedgerRefused, UsageError
from stable_jobs.ledger.reasons import check_reason


def written(reason: str, what: str) -> str:
    """A reason as it is kept; LedgerRefused for none, for one with an account number and for too long a one.

    A browser sends a line break as two characters.
    """
    said = optional(reason)
    if not said:
        raise LedgerRefused(f"{what} needs a reason")
    return said


def optional(reason: str) -> str:
    """The same where none is needed."""
    try:
        return check_reason(reason.replace("\r\n", "\n"))
    except UsageError as problem:
        raise LedgerRefused(f"nothing was changed: {problem}") from None
