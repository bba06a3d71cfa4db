"""The errors, written for the person who must act.

    StableJobsError
    ├── UsageError            the command line or a setting is wrong           (exit 2)
    ├── ContractError         a contract document is wrong                     (exit 1)
    ├── PolicyError           a policy file is wrong or a parameter is missing (exit 1)
    ├── DeliveryRefused       one delivery cannot be taken; carries a Problem  (never ends a night)
    ├── LedgerRefused         a rule of the ledger forbids it                  (exit 1)
    └── StepError             the machinery broke                              (exit 1)
        └── StepsMissing      steps before did not succeed: repeating this one mends nothing

Exceptions do no I/O.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

from stable_jobs.messages.message import Message
from stable_jobs.words import Words

Said = Message | Words
"""A sentence in both languages."""


@dataclass(frozen=True)
class Problem:
    """One fault of a department's file: rule, place, expected, found, next step, department that owes.

    `rule` is a stable id. `row` is the 1-based data row (the header is not counted); None where the whole
    file is meant. `found` never holds an account number.
    """

    rule: str
    what_zh: str
    what_en: str
    department: str
    extract: str
    region: str
    expected: str
    found: str
    next_step_zh: str
    next_step_en: str
    owes: str
    row: int | None = None
    column: str | None = None
    judged_by: str | None = None
    """Fingerprint of all that a delivery was read by: once that is another, it is read again."""

    def sentence(self) -> str:
        """One line for a log or a terminal."""
        where = f"{self.department}/{self.extract} {self.region}"
        if self.row is not None:
            where += f" row {self.row}"
        if self.column is not None:
            where += f" column {self.column}"
        return (
            f"{where}: {self.what_zh} {self.what_en} [{self.rule}]; expected {self.expected}; "
            f"found {self.found}; next: {self.next_step_zh} {self.next_step_en}; owed by {self.owes}"
        )

    def as_dict(self) -> dict[str, str | int | None]:
        """Plain values for JSON, in the order of the fields."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


class StableJobsError(Exception):
    """The root: a message that names what to do next, given as English text or as `Said`."""

    @property
    def said(self) -> Said | None:
        """The message in both languages; None where it is known in English only."""
        first = self.args[0] if self.args else None
        return first if isinstance(first, Message | Words) else None

    def __str__(self) -> str:
        return super().__str__() if self.said is None else self.said.en


class UsageError(StableJobsError):
    """The command line or a setting is wrong."""


class ContractError(StableJobsError):
    """A contract document is wrong."""


class PolicyError(StableJobsError):
    """A policy file is wrong, or a parameter is missing for a region and date."""


class LedgerRefused(StableJobsError):
    """A rule of the ledger forbids it: an order, a person, a hash, a state.

    said: of `messages.ledger_refusals`; pages show it in the reader's language.
    """

    def __init__(self, said: Said) -> None:
        super().__init__(said)


class StepError(StableJobsError):
    """A step of the night broke."""


FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
CLOSED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
MISPLACED = frozenset({errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP})
CLOSED_WORDS = ("Read-only file system", "Permission denied", "Operation not permitted")
FULL_WORDS = ("No space left on device", "Disk quota exceeded", "No space left")
LOST_WORDS = (
    "No files found that match",
    "No such file or directory",
    "Is a directory",
    "No magic bytes found",
    "too small to be a Parquet file",
)
"""The engine's messages about a file that is missing or has changed."""


def store_fault(error: BaseException) -> StepError | None:
    """The sentence about a store that takes no more or lets nobody write, or of which the engine finds a file
    no more; the engine's own errors too.

    None for any other error.
    """
    number = error.errno if isinstance(error, OSError) else None
    is_engine = type(error).__module__.partition(".")[0] in ("duckdb", "_duckdb")
    said = str(error) if is_engine else ""
    is_full = number in FULL or any(words in said for words in FULL_WORDS)
    is_closed = number in CLOSED or any(words in said for words in CLOSED_WORDS)
    if any(words in said for words in LOST_WORDS):
        return StepError(
            f"{_named(said)}: the file that was written there is gone or is another one; next: find out who"
            " changed it, put it back from a backup (STABLE_JOBS_LAKE must name the lake that the database"
            " knows), then run the same command again"
        )
    if not is_full and not is_closed and number not in MISPLACED:
        return None
    where = getattr(error, "filename2", None) or getattr(error, "filename", None)
    path = str(where) if where else said.strip().partition("\n")[0] or "a store (lake, out or home)"
    if number in MISPLACED and isinstance(error, OSError):
        return StepError(
            f"{path[:SHOWN]}: {error.strerror}; next: correct the setting that names it (STABLE_JOBS_LAKE,"
            " STABLE_JOBS_OUT or STABLE_JOBS_HOME) or what lies there, then run the same command again"
        )
    if is_full:
        return StepError(
            f"{path}: no space is left; nothing half written was published; next: free space there or give it"
            " more, then run the same command again: it goes on where it stopped"
        )
    return StepError(
        f"{path}: it may not be written to: the file system is read-only, or it belongs to another user;"
        " next: mount it for writing or give it to the user that runs this, then run the same command again:"
        " it goes on where it stopped"
    )


def engine_fault(error: BaseException) -> StepError | None:
    """The sentence about Spark that does not begin, is lost or gives up. None for any other error."""
    if type(error).__module__.partition(".")[0] not in ("pyspark", "py4j"):
        return None
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return StepError(
        f"Spark (STABLE_JOBS_SPARK_MASTER): {' '.join(lines[:2])[:400] or type(error).__name__}; nothing was"
        " registered; next: look at the logs of the driver and of the master, then run the same command again"
    )


def _named(said: str) -> str:
    """The path in an engine's error, else its first line."""
    found = re.search(r"""["'](/[^"']+|[a-z0-9]+://[^"']+)["']""", said)
    return found[1] if found else said.strip().partition("\n")[0]


@contextmanager
def naming(path: object) -> Iterator[None]:
    """An operating system's error inside the block names that path where it names none."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise


class StepsMissing(StepError):
    """Steps of a run did not succeed; the last one says so, and repeating it mends nothing."""


SHOWN = 120
"""Characters of a found value that a message shows."""


def document_fault(file: object, place: str, expected: str, found: object, next_step: str) -> str:
    """The sentence about a wrong contract or policy file; what was found is shortened."""
    text = str(found)
    shown = text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
    return f"{file}: {place}: expected {expected}; found {shown}; next: {next_step}"


class DeliveryRefused(StableJobsError):
    """One delivery cannot be taken as its contract says."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.sentence())
        self.problem = problem
