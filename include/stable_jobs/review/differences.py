"""Two decisions side by side, worked out once for each pair: in the background, kept beside the spill files.

Decisions never change, so what was worked out holds for ever; of the oldest only so many are kept. A folder
is there whole or not at all. Several servers may work on the same pair: the first one's folder stands.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from stable_jobs.quality.report_comparison import (
    Baseline,
    ComparisonFacts,
    comparison_from_json,
    comparison_json,
)
from stable_jobs.review.names import names_of
from stable_jobs.review.stores import Stores
from stable_jobs.store.snapshots import Snapshot

if TYPE_CHECKING:
    import duckdb

KEPT = 40
"""Pairs that stay on disk."""
FIGURES, ROWS, LIST = "figures.json", "changes_rows.parquet", "changes.csv"


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
        from stable_jobs.payout.workspace import workspace

        self._root.mkdir(parents=True, exist_ok=True)
        with workspace(self._root) as work, self._stores.duck() as duck:
            made = work / pair.name
            made.mkdir()
            write(duck, self._stores, pair, made)
            with suppress(OSError):  # another server was first
                made.replace(self._root / pair.name)
        self._forget()

    def _forget(self) -> None:
        folders = [path for path in self._root.iterdir() if path.is_dir() and not path.name.startswith(".")]
        for old in sorted(folders, key=lambda path: path.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)


def write(duck: duckdb.DuckDBPyConnection, stores: Stores, pair: Pair, folder: Path) -> None:
    """Compare the pair into the folder: every row, the figures, the list."""
    from stable_jobs.night.comparison_figures import baseline_figures, write_differences
    from stable_jobs.payout.files import csv_file
    from stable_jobs.payout.sheets.changes import Changes, listed_changes

    names = names_of(stores)
    before, after = (stores.lake.path(one.name) for one in (pair.before, pair.after))
    found = write_differences(duck, before, after, folder / "changes")
    figures = baseline_figures(duck, pair.before.business_date, before, after, found, names)
    listed = listed_changes(
        Changes(
            name="changes",
            summary_name="summary",
            title="",
            rows_path=str(found.rows),
            summary_path=str(found.sums),
            rows=figures.rows,
            difference=figures.payable_difference,
            names={code: words.both for code, words in names.items()},
            remarks={},
            notes=(),
        )
    )
    csv_file.write(duck, listed, folder / LIST)
    facts = comparison_json(ComparisonFacts(night_before=figures, earlier_decision=None))
    (folder / FIGURES).write_text(json.dumps(facts), encoding="utf-8")


def _read(path: Path) -> Baseline:
    document: Mapping[str, object] = json.loads(path.read_text(encoding="utf-8"))
    found = comparison_from_json(document).night_before
    assert found is not None, f"{path} has no figures"
    return found
