"""The published validation report of a night, read back."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

from stable_jobs.publishing.manifest import newest, numbered
from stable_jobs.report.data import NightReport, read_report
from stable_jobs.report.render import MACHINE_FILE
from stable_jobs.review.stores import Stores


def report_of(stores: Stores, on: date) -> NightReport | None:
    """The newest report published of that night; None if there is none. UsageError: an old format."""
    folder = stores.settings.out_root / on.isoformat() / "validation"
    number = newest(folder, MACHINE_FILE) if folder.is_dir() else 0
    if number == 0:
        return None
    path = folder / numbered(MACHINE_FILE, number)
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, written_at: int) -> NightReport:
    """A province's report is megabytes: the last few that were looked at stay."""
    return read_report(path.read_bytes())
