"""Two decisions side by side, worked out once for each pair: by a process of its own, kept in a folder.

Decisions never change, so what was worked out holds for ever; of the oldest only so many are kept. A folder
is there whole or not at all. Several servers may work on the same pair: the first one's folder stands.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from stable_jobs.errors import StepError
from stable_jobs.report.comparison import Baseline, comparison_from_json
from stable_jobs.review import comparing
from stable_jobs.review.comparing import FIGURES, LIST, ROWS
from stable_jobs.review.stores import Stores
from stable_jobs.settings import Settings
from stable_jobs.store.snapshots import Snapshot

log = logging.getLogger(__name__)
KEPT = 40
"""Pairs that stay on disk."""


@dataclass(frozen=True)
class Pair:
    """An eligibility table and an earlier one."""

    before: Snapshot
    after: Snapshot

    @property
    def name(self) -> str:
        """The folder's name: what the decisions were made from, not when."""
        return f"{self.before.fingerprint[:24]}-{self.after.fingerprint[:24]}"


@dataclass(frozen=True)
class Found:
    """What two decisions differ by. rows: Parquet as `compare.changes` says; listed: CSV for people."""

    figures: Baseline
    rows: Path
    listed: Path


class Differences:
    """Works pairs out one after the other, and finds again what was worked out."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="differences")
        self._running: dict[str, Future[None]] = {}
        self._lock = Lock()

    def find(self, pair: Pair) -> Found | None:
        """What the pair differs by; None while it is being worked out, which begins if it has not.

        What broke the work is raised to the one who asks next, and the one after may try again.
        """
        folder = self._root / pair.name
        if folder.is_dir():
            return Found(_read(folder / FIGURES), folder / ROWS, folder / LIST)
        with self._lock:
            begun = self._running.get(pair.name)
            if begun is None:
                self._running[pair.name] = self._worker.submit(self._work_out, pair)
                return None
            if not begun.done():
                return None
            del self._running[pair.name]
        begun.result()
        return self.find(pair)

    def close(self) -> None:
        """Let the one that is at work end; no other begins."""
        self._worker.shutdown(cancel_futures=True)

    @property
    def _root(self) -> Path:
        return self._stores.settings.scratch_root / "review"

    def _work_out(self, pair: Pair) -> None:
        from stable_jobs.publishing.workspace import workspace

        self._root.mkdir(parents=True, exist_ok=True)
        with workspace(self._root) as work:
            made = work / pair.name
            made.mkdir()
            _compare(self._stores.settings, pair, made)
            with suppress(OSError):  # another server was first
                made.replace(self._root / pair.name)
        self._forget()

    def _forget(self) -> None:
        folders = [path for path in self._root.iterdir() if path.is_dir() and not path.name.startswith(".")]
        for old in sorted(folders, key=lambda path: path.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)


def _compare(settings: Settings, pair: Pair, folder: Path) -> None:
    """StepError if the process did not do it; the log has what it said."""
    done = subprocess.run(  # noqa: S603  # constants
        [sys.executable, "-m", comparing.__name__],
        env=os.environ | settings.as_environment(),
        input=comparing.job(pair.before, pair.after, folder),
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        log.error("comparison %s: exit %d: %s", pair.name, done.returncode, done.stderr)
        raise StepError(
            f"The comparison of {pair.after.business_date} with {pair.before.business_date} broke. "
            "The server's log says how; look again, and it is tried again."
        )


def _read(path: Path) -> Baseline:
    document: Mapping[str, object] = json.loads(path.read_text(encoding="utf-8"))
    found = comparison_from_json(document).night_before
    assert found is not None, f"{path} has no figures"
    return found
