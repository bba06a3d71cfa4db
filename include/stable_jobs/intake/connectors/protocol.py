"""The protocol that a source of files has for landing, whatever carries the files."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import IO, Protocol

from stable_jobs.errors import Problem


@dataclass(frozen=True)
class IncomingFile:
    """One file that a department offers for a slot. `manifest_name` is None where there is no manifest yet.

    `sequence` is 1 for the first file of a slot; a higher one replaces it from the next run on.
    """

    department: str
    extract: str
    business_date: date
    region_code: str
    sequence: int
    file_name: str
    file_format: str
    manifest_name: str | None


@dataclass(frozen=True)
class Fetched:
    """One file and its manifest, open for reading while the context manager is. size: when it was opened."""

    data: IO[bytes]
    size_bytes: int
    manifest: IO[bytes] | None


@dataclass(frozen=True)
class Listing:
    """The entries in one extract's place for a date: files in order, and entries that are no such files."""

    files: tuple[IncomingFile, ...]
    problems: tuple[Problem, ...]


class Connector(Protocol):
    """A source of deliveries. It never writes to the source."""

    def list_files(self, department: str, extract: str, business_date: date) -> Listing:
        """Everything offered, ordered by region and sequence; nothing there is an empty listing."""
        ...

    def fetch(self, file: IncomingFile) -> AbstractContextManager[Fetched]:
        """Both files, opened. DeliveryRefused if the source no longer has or gives a file it listed."""
        ...
