"""Files that leave the bureau once: kept in the lake before the ledger names them, then given their names.

Other lists get another edition when they change. A payment file never does: what the ledger remembers is what
stands in the folder, after a kill at any instant, asked for again at any time. Other bytes under its name are
an error that names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stable_jobs.digests import sha256_of
from stable_jobs.errors import LedgerRefused, StepError
from stable_jobs.ledger.payments import PublishedFile
from stable_jobs.publishing.access import restrict
from stable_jobs.publishing.manifest import manifest_bytes
from stable_jobs.publishing.names import MANIFEST
from stable_jobs.publishing.publish import link, sync
from stable_jobs.publishing.workspace import workspace
from stable_jobs.store.lake import Lake


def keep_files(
    lake: Lake, work: Path, names: Iterable[str], folder: str, said: Mapping[str, Any]
) -> list[PublishedFile]:
    """Keep finished files and their manifest in the lake; what the ledger is to remember of each.

    work: where the files are. folder: below `<out>`, where they will stand. said: the manifest, with what is
    known of each file under `files`.
    """
    kept = [_kept(lake, work / name, folder) for name in sorted(names)]
    entries = {
        f.name: {**said["files"].get(f.name, {}), "file": f.name, "bytes": f.size_bytes, "sha256": f.sha256}
        for f in kept
    }
    manifest = work / MANIFEST
    manifest.write_bytes(manifest_bytes({**said, "files": entries, "previous": None}))
    return [*kept, _kept(lake, manifest, folder)]


def place_files(lake: Lake, out: Path, files: Iterable[PublishedFile], group: str | None = None) -> bool:
    """Give every file its name, the manifest last; False if all stood there. StepError for other bytes.

    A payment file is for its owner's eyes; `group`: the system's group that may read it too.
    """
    is_new = False
    for file in sorted(files, key=lambda f: (f.name == MANIFEST, f.name)):
        target = out / file.folder / file.name
        is_new |= _place(lake, file, target, group)
        if (found := sha256_of(target)) != file.sha256:
            raise StepError(
                f"{target} is not the file that the ledger published: expected SHA-256 {file.sha256},"
                f" found {found};"
                " leave it where it is and send nothing of this folder to the bank; next: stable-jobs"
                " ledger verify says"
                " whether the ledger is older than the folder (docs/operations.md, A published file was"
                " changed)"
            )
    return is_new


def as_published(out: Path, file: PublishedFile) -> Path:
    """Where a published file stands, its bytes those that the ledger knows. LedgerRefused if they are not."""
    path = out / file.folder / file.name
    where = f"{file.folder}/{file.name}"
    if not path.is_file():
        raise LedgerRefused(f"{where} is not in its folder; next: stable-jobs ledger verify")
    if (found := sha256_of(path)) != file.sha256:
        raise LedgerRefused(
            f"{where} is not the file that was published: expected SHA-256 {file.sha256}, found {found};"
            " it is not given out; next: find out who changed it, with stable-jobs ledger verify"
        )
    return path


def _kept(lake: Lake, path: Path, folder: str) -> PublishedFile:
    return PublishedFile(folder, path.name, lake.put_published(path), path.stat().st_size)


def _place(lake: Lake, file: PublishedFile, target: Path, group: str | None) -> bool:
    """False where it stood there; then too what a killed process left beside it is swept away."""
    target.parent.mkdir(parents=True, exist_ok=True)
    restrict(target.parent, group)
    with workspace(target.parent) as work:
        if target.exists():
            return False
        brought = work / file.name
        lake.fetch(f"published/{file.sha256}", brought)
        restrict(brought, group)
        return link(sync(brought), target)
