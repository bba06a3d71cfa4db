"""The publisher: tables become files, written, read back and checked, and published write-once.

Nothing in a published folder is ever overwritten. A list that changed gets the next number (`notice.csv`,
`notice.2.csv`), an unchanged one is not written again, and the manifest comes last: the one with the highest
number is in force. A file takes its name by a hard link, which exists whole or not at all and never replaces
another. So a kill at any instant leaves nothing a re-run would not have made, and two processes with the same
content end with the same bytes. A file with account numbers is for its owner, whatever the umask.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stable_jobs.digests import sha256_of
from stable_jobs.errors import StepError, UsageError, naming, store_fault
from stable_jobs.publishing.files import write_tables
from stable_jobs.publishing.folders import (
    MANIFEST,
    Manifest,
    check_name,
    differences,
    latest_manifest,
    manifest_bytes,
    newest,
    numbered,
    workspace,
)
from stable_jobs.publishing.table import ListTable, Sum

if TYPE_CHECKING:
    import duckdb

Content = bytes | Path


@dataclass(frozen=True)
class Published:
    """The files in force in a folder. `files`: logical name (`notice.csv`) → the file with its content."""

    folder: Path
    manifest: Path
    number: int
    is_new: bool
    """False where the same content was in force already and nothing was written."""
    files: Mapping[str, Path]


def publish_tables(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    tables: Sequence[ListTable],
    manifest: Mapping[str, Any],
    workbook_rows: int,
) -> Published:
    """Write the lists, check each file, publish all with a manifest; with equal content nothing is written.

    manifest: plain JSON values; what each file says of itself and which workbooks were too long is added.
    workbook_rows: a longer list gets no workbook. SumDiffers where a file's own count or total is not its
    list's: then nothing is published.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with workspace(folder) as work:
        written = write_tables(con, tables, work, workbook_rows)
        said = {
            **manifest,
            "files": {name: file_entry(found) for name, found in written.sums.items()},
            "workbooks": workbooks_entry(written.csv_only, workbook_rows),
        }
        return publish_folder(folder, {name: work / name for name in written.sums}, said)


def publish_folder(folder: Path, files: Mapping[str, Content], manifest: Mapping[str, Any]) -> Published:
    """Publish files with a manifest in `folder`, write-once; with equal content nothing is written.

    files: logical name → bytes, or the path of a finished file. A path on the same file system is linked, not
    copied, so nobody may write to it afterwards.
    manifest: plain JSON values. `manifest["files"][name]` may carry what the caller knows of a file (count,
    total); file name, size and SHA-256 are added here, and `previous` with what differs from the one before.
    StepError for a name that is not a plain file name.
    """
    for name in files:
        check_name(name)
    folder.mkdir(parents=True, exist_ok=True)
    with workspace(folder) as work:
        brought = {name: _bring(content, work / name) for name, content in sorted(files.items())}
        sums = {name: sha256_of(path) for name, path in brought.items()}
        return _publish(folder, work, brought, sums, manifest)


def _publish(
    folder: Path,
    work: Path,
    brought: Mapping[str, Path],
    sums: Mapping[str, str],
    manifest: Mapping[str, Any],
) -> Published:
    """Again from the start where another process published a manifest meanwhile."""
    while True:
        before = latest_manifest(folder)
        placed = {name: _place(folder, before, name, path, sums[name]) for name, path in brought.items()}
        body = _body(manifest, placed, sums)
        if before is not None and before.content == body:
            return Published(folder, before.path, before.number, False, placed)
        target = folder / numbered(MANIFEST, 1 if before is None else before.number + 1)
        if link(_write(manifest_bytes(_with_previous(body, before)), work / "manifest.next"), target):
            return Published(folder, target, 1 if before is None else before.number + 1, True, placed)


def _bring(content: Content, target: Path) -> Path:
    """The content as a synced file of this workspace."""
    if isinstance(content, bytes):
        return _closed(_write(content, target))
    try:
        target.hardlink_to(content)
    except OSError:  # another file system
        shutil.copyfile(content, target)
    return _closed(sync(target))


def _closed(path: Path) -> Path:
    """Of a night's lists the detail holds account numbers; of a batch every file is restricted elsewhere."""
    if path.name.startswith("disbursement_detail."):
        restrict(path)
    return path


def _write(content: bytes, target: Path) -> Path:
    target.unlink(missing_ok=True)
    with naming(target):
        target.write_bytes(content)
    return sync(target)


def sync(path: Path) -> Path:
    """A name must not outlive a power cut that its bytes did not."""
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
    return path


def _place(folder: Path, before: Manifest | None, name: str, source: Path, sha256: str) -> Path:
    """The published file with this content: the one in force, else the newest there is, else a new number.

    The newest number is looked up once: what another process publishes after that takes the very name that is
    tried here, so its content is looked at before another number is.
    """
    number = newest(folder, name)
    for candidate in _candidates(folder, before, name, number):
        if candidate.exists() and sha256_of(candidate) == sha256:
            return candidate
    target = folder / numbered(name, number + 1)
    if link(source, target):
        return target
    return _place(folder, before, name, source, sha256)


def _candidates(folder: Path, before: Manifest | None, name: str, number: int) -> list[Path]:
    in_force = [] if before is None or name not in before.files else [folder / before.files[name]["file"]]
    return in_force + ([folder / numbered(name, number)] if number else [])


def link(source: Path, target: Path) -> bool:
    """Give the file its published name; False if the name is taken."""
    try:
        target.hardlink_to(source)
    except FileExistsError:
        return False
    except OSError as problem:
        raise store_fault(problem) or StepError(
            f"cannot publish {target}: {problem}; the folder needs a file system with links"
        ) from None
    return True


def _body(manifest: Mapping[str, Any], placed: Mapping[str, Path], sums: Mapping[str, str]) -> dict[str, Any]:
    known = manifest.get("files", {})
    entries = {
        name: {
            **known.get(name, {}),
            "file": path.name,
            "bytes": path.stat().st_size,
            "sha256": sums[name],
        }
        for name, path in placed.items()
    }
    plain = json.loads(manifest_bytes({**manifest, "files": entries}))
    return {key: plain[key] for key in sorted(plain)}


def _with_previous(body: Mapping[str, Any], before: Manifest | None) -> dict[str, Any]:
    if before is None:
        return {**body, "previous": None}
    why = differences(before.content, body)
    return {
        **body,
        "previous": {"manifest": before.path.name, "sha256": sha256_of(before.path), "why": why},
    }


def file_entry(found: Sum) -> dict[str, Any]:
    """The entry of a file: rows, yuan as text, and `inert`, its columns whose text may differ from
    what was sent: to read it back, take away one apostrophe and put the characters for their `⟨U+…⟩`."""
    said = {"count": found.count, "total": None if found.total is None else str(found.total)}
    return said if found.inert is None else {**said, "inert": list(found.inert)}


def workbooks_entry(csv_only: Sequence[str], limit: int) -> dict[str, Any]:
    """From how many rows on a list is CSV only, and which workbooks that left out."""
    note = {
        "zh": f"超过 {limit} 行的名单只有 CSV 文件",
        "en": f"lists of more than {limit} rows are CSV only",
    }
    return {"most_rows": limit, "csv_only": list(csv_only), **(note if csv_only else {})}


# --- who may read a file ---

FILE, FOLDER = 0o400, 0o700
GROUP_FILE, GROUP_FOLDER = 0o440, 0o750


def restrict(path: Path, group: str | None = None) -> None:
    """Let only the owner read a file or enter a folder, and the members of the group where one is given.

    UsageError for a group that the system does not know, or that this process may not give a file to.
    """
    mode = (FOLDER, GROUP_FOLDER) if path.is_dir() else (FILE, GROUP_FILE)
    if group is not None:
        _give(path, group)
    wanted = mode[group is not None]
    if path.stat().st_mode & 0o777 != wanted:
        path.chmod(wanted)


def _give(path: Path, group: str) -> None:
    if path.group() == group:
        return
    try:
        shutil.chown(path, group=group)
    except (LookupError, PermissionError) as error:
        raise UsageError(
            f"STABLE_JOBS_PAYMENT_GROUP={group}: expected a group of this system that its user is a"
            " member of; found"
            f" {error}; next: add the user to the group, or leave the setting empty"
        ) from None
