"""A hidden folder of one process's unfinished files, beside its published ones, removed at its end.

A killed process cannot clean up. So each workspace has a file lock, and the next process removes those
whose lock is free: after a kill and a re-run the folder looks as if nothing had happened.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

HIDDEN = ".work"


@contextmanager
def workspace(parent: Path) -> Iterator[Path]:
    """A fresh empty folder under `parent/.work`, on the file system of what will be published in `parent`."""
    root = parent / HIDDEN
    _sweep(root)
    lock, handle = _claim(root)
    folder = lock.with_suffix("")
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        _remove(lock)
        os.close(handle)
        _discard(root)


def _claim(root: Path) -> tuple[Path, int]:
    """A new lock file that this process holds; again if a sweeper took it between creation and lock."""
    while True:
        lock = root / f"{uuid4().hex}.lock"
        with suppress(FileNotFoundError, FileExistsError):  # another process removed the root meanwhile
            root.mkdir(parents=True, exist_ok=True)
            handle = os.open(lock, os.O_CREAT | os.O_RDWR, 0o644)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if lock.exists():
                return lock, handle
            os.close(handle)


def _sweep(root: Path) -> None:
    for lock in _locks(root):
        with suppress(FileNotFoundError, BlockingIOError), lock.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(lock)
    _discard(root)


def _locks(root: Path) -> list[Path]:
    """The lock files that stand there; none where another process just removed the root."""
    with suppress(FileNotFoundError):
        return sorted(root.glob("*.lock"))
    return []


def _remove(lock: Path) -> None:
    """The folder first: a kill between the two leaves a lock, which the next sweep finds."""
    shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
    lock.unlink(missing_ok=True)


def _discard(root: Path) -> None:
    with suppress(OSError):
        root.rmdir()
