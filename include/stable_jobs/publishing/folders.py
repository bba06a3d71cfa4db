"""Published folders: names of files, manifests, and the hidden folder of unfinished files."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any
from uuid import uuid4

from stable_jobs.errors import StepError

# --- Names and manifests ---
# A manifest says what is in force, its sums, and how it differs from the one before.

MANIFEST = "manifest.json"
PLAIN = re.compile(r"[a-z0-9_-]+(\.[a-z0-9]+)+", re.ASCII)
REGION = re.compile(r"[0-9]{6}", re.ASCII)


def check_name(name: str) -> None:
    """StepError unless the name is a plain one that can carry a number and cannot be a manifest's."""
    if not PLAIN.fullmatch(name) or name.startswith("manifest."):
        raise StepError(f"not a name for a published file: {name!r}; a-z 0-9 _ - and an ending")


def region_folder(parent: Path, region_code: str) -> Path:
    """The folder of a region's lists. StepError unless the code is six digits: it becomes a path."""
    if not REGION.fullmatch(region_code):
        raise StepError(f"not a region code for a path: {region_code!r}; six digits are expected")
    return parent / region_code


def numbered(name: str, number: int) -> str:
    """`notice.csv`, 1 → `notice.csv`; 2 → `notice.2.csv`."""
    parts = PurePath(name)
    return name if number == 1 else f"{parts.stem}.{number}{parts.suffix}"


def newest(folder: Path, name: str) -> int:
    """The highest number under which this name exists in the folder; 0 if it does not."""
    parts = PurePath(name)
    pattern = re.compile(rf"{re.escape(parts.stem)}(?:\.([1-9][0-9]*))?{re.escape(parts.suffix)}", re.ASCII)
    found = [pattern.fullmatch(path.name) for path in folder.iterdir()]
    return max((int(match[1] or 1) for match in found if match), default=0)


@dataclass(frozen=True)
class Manifest:
    """One manifest as read. `content` is its JSON without `previous`."""

    path: Path
    number: int
    content: Mapping[str, Any]
    previous: Mapping[str, Any] | None

    @property
    def files(self) -> Mapping[str, Mapping[str, Any]]:
        """Logical name → file, count, total, bytes, sha256."""
        files: Mapping[str, Mapping[str, Any]] = self.content.get("files", {})
        return files


def latest_manifest(folder: Path) -> Manifest | None:
    """The manifest in force: the one with the highest number; None if nothing was published there.

    StepError if it cannot be read: somebody changed what is written once.
    """
    number = newest(folder, MANIFEST) if folder.is_dir() else 0
    if number == 0:
        return None
    path = folder / numbered(MANIFEST, number)
    return Manifest(path, number, *read_manifest(path))


def read_manifest(path: Path) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """Its content and, apart from it, `previous`. StepError if it cannot be read."""
    try:
        body = json.loads(path.read_bytes())
        previous = body.pop("previous")
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as problem:
        raise not_as_published(path, problem) from None
    return body, previous


def not_as_published(path: Path, problem: Exception) -> StepError:
    """The error of a manifest that somebody changed or lost."""
    return StepError(f"{path} is not a manifest as published: {problem!r}; restore it from a copy")


def manifest_bytes(body: Mapping[str, Any]) -> bytes:
    """JSON that a person can read: UTF-8, indented, sorted keys, one line end at the end."""
    return (json.dumps(body, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    """The differences in words: changed, new and dropped files first, then other entries by their path."""
    old, new = before.get("files", {}), after.get("files", {})
    files = [_file_difference(name, old.get(name), new.get(name)) for name in sorted({*old, *new})]
    rest = _other_differences({**before, "files": None}, {**after, "files": None}, "")
    return [found for found in files if found] + rest


def _file_difference(
    name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> dict[str, str] | None:
    if old == new:
        return None
    if old is None:
        return _change(name, "新增", "new", None, _extent(new))
    if new is None:
        return _change(name, "不再发布", "no longer published", _extent(old), None)
    return _change(name, "有变化", "changed", _extent(old), _extent(new))


def _extent(entry: Mapping[str, Any] | None) -> str:
    assert entry is not None
    known = (f"{key} {entry[key]}" for key in ("count", "total") if entry.get(key) is not None)
    return ", ".join([entry["file"], *known])


def _other_differences(old: Any, new: Any, path: str) -> list[dict[str, str]]:
    if old == new:
        return []
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        inside = f"{path}." if path else ""
        return [
            found
            for key in sorted({*old, *new})
            for found in _other_differences(old.get(key), new.get(key), f"{inside}{key}")
        ]
    return [_change(path, "有变化", "changed", _plain(old), _plain(new))]


def _change(what: str, zh: str, en: str, before: str | None, after: str | None) -> dict[str, str]:
    values = {"before": before, "after": after}
    return {"what": what, "zh": zh, "en": en, **{k: v for k, v in values.items() if v is not None}}


def _plain(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


# --- Unfinished files ---
# A hidden folder of one process's unfinished files, beside its published ones, removed at its end.
#
# A killed process cannot clean up. So each workspace has a file lock, and the next process removes those
# whose lock is free: after a kill and a re-run the folder looks as if nothing had happened.

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
