"""The published folders beside the ledger: their bytes, foreign files, and batches it does not know."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.digests import sha256_of
from stable_jobs.errors import UsageError
from stable_jobs.ledger.anchors import Anchor, read_anchor

BATCH = re.compile(r"[0-9]{6}-[0-9]{8}-L[0-2]-[0-9]+", re.ASCII)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
MANIFESTS = re.compile(r"manifest(?:\.[1-9][0-9]*)?\.json", re.ASCII)
DETAIL = "disbursement_detail.csv"
READERS = 4
RESTORED = (
    "the database is older than what was published, or somebody put the folder there: stop all payments"
    " (stable-jobs hold 000000), restore the newer database, leave the folder where it is:"
    " docs/operations.md, After a restore"
)


@dataclass(frozen=True)
class Break:
    """One thing that is not as the ledger says.

    check: chain, times, rows, states, sums, batches, anchors, catalog, schema, files, unknown or lake.
    """

    check: str
    where: str
    expected: str
    found: str

    def sentence(self) -> str:
        """One line for a log or a terminal."""
        return f"{self.check}: {self.where}: expected {self.expected}; found {self.found}"


def verify_published(connection: Connection, out: Path) -> Iterator[Break]:
    """Every published file has its bytes, nothing else is in its folder, no batch is unknown."""
    query = "SELECT folder, name, sha256 FROM published_files ORDER BY id"
    known = {f"{folder}/{name}": sha256 for folder, name, sha256 in connection.execute(text(query))}
    yield from _bytes(out, known)
    folders: dict[str, set[str]] = {}
    for name in known:
        folder, _, last = name.rpartition("/")
        folders.setdefault(folder, set()).add(last)
    for path in _folders(out):
        relative = path.relative_to(out).as_posix()
        if relative in folders:
            yield from _strays(path, relative, folders[relative])
        elif BATCH.fullmatch(path.name):
            yield Break(
                "unknown",
                relative,
                "a batch that the ledger published",
                f"a folder it does not know: {RESTORED}",
            )
        else:
            yield from _listed(out, path, relative)


def anchors_in(out: Path) -> Iterator[Anchor]:
    """The anchors in the manifests of all published batches."""
    for manifest in sorted(out.glob("*/*/*/manifest.json")):
        if BATCH.fullmatch(manifest.parent.name):
            said = _manifest(manifest).get("anchor")
            if isinstance(said, str) and said:
                try:
                    yield read_anchor(said, manifest.relative_to(out).as_posix())
                except UsageError:
                    continue


def unknown_batches(connection: Connection, out: Path, region_code: str) -> list[Path]:
    """Folders of batches of that region that the ledger never published."""
    found = sorted(
        path for path in out.glob(f"*/{region_code}/{region_code}-*") if BATCH.fullmatch(path.name)
    )
    query = "SELECT DISTINCT folder FROM published_files WHERE folder = ANY(CAST(:folders AS text[]))"
    folders = {path: path.relative_to(out).as_posix() for path in found}
    known = set(connection.scalars(text(query), {"folders": sorted(folders.values())}))
    return [path for path, relative in folders.items() if relative not in known and any(path.iterdir())]


def units_in(folder: Path, column: str) -> frozenset[str] | None:
    """The values of a column of a batch's detail; None where it cannot be read."""
    try:
        with (folder / DETAIL).open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            named = next(
                (name for name in rows.fieldnames or () if name.split() and column in name.split()), None
            )
            return None if named is None else frozenset(str(row[named]).strip() for row in rows)
    except (OSError, UnicodeDecodeError, csv.Error):
        return None


def _bytes(out: Path, known: Mapping[str, str]) -> Iterator[Break]:
    with ThreadPoolExecutor(READERS) as pool:
        found = pool.map(lambda name: _found(out / name), known)
        for (name, sha256), now in zip(known.items(), found, strict=True):
            if now != sha256:
                yield Break("files", name, sha256, now)


def _found(path: Path) -> str:
    try:
        if not path.is_file():
            return "no file"
        return sha256_of(path)
    except OSError as error:
        return f"a file that cannot be read: {error.strerror}"


def _folders(out: Path) -> Iterator[Path]:
    """Every folder below a business date that holds a file; a process's hidden workspace is none."""
    dates = sorted(path for path in out.iterdir() if path.is_dir()) if out.is_dir() else []
    for day in (path for path in dates if DATE.fullmatch(path.name)):
        for root, folders, files in os.walk(day):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            if files:
                yield Path(root)


def _strays(folder: Path, relative: str, belongs: Iterable[str]) -> Iterator[Break]:
    for name in sorted({path.name for path in folder.iterdir() if not path.is_dir()} - set(belongs)):
        yield Break(
            "files", f"{relative}/{name}", "nothing: it was not published", "a file that another put there"
        )


def _listed(out: Path, folder: Path, relative: str) -> Iterator[Break]:
    """A folder of lists that the ledger does not keep: as its own manifests say."""
    manifests = [path for path in folder.iterdir() if MANIFESTS.fullmatch(path.name)]
    said: dict[str, str] = {}
    for manifest in sorted(manifests):
        for entry in _manifest(manifest).get("files", {}).values():
            if isinstance(entry, dict):
                said[f"{relative}/{entry.get('file')}"] = str(entry.get("sha256"))
    yield from _bytes(out, said)
    belongs = {*(path.name for path in manifests), *(name.rpartition("/")[2] for name in said)}
    yield from _strays(folder, relative, belongs)


def _manifest(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("files", {}), dict) else {}
