"""The files of a batch: application, detail, the bank's messages and its own file; kept, then given names.

Each is read back. They leave the bureau once: other lists get another edition when they change, a payment
file never does. The lake keeps it before the ledger names it, and what the ledger remembers is what stands in
the folder, after a kill at any instant, asked for again at any time. Other bytes under its name are an error
that names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stable_jobs.bank import bank_csv, pain001
from stable_jobs.bank.banks import BankProfile
from stable_jobs.bank.batch import Batch, BatchHead, assert_lines
from stable_jobs.digests import sha256_of
from stable_jobs.disbursement.sheets.payments import batch_application, batch_detail
from stable_jobs.errors import LedgerRefused, StepError
from stable_jobs.ledger.payments import PublishedFile
from stable_jobs.publishing.files import checked_sum, write_tables
from stable_jobs.publishing.manifest import MANIFEST, manifest_bytes
from stable_jobs.publishing.publish import link, restrict, sync
from stable_jobs.publishing.table import Sum
from stable_jobs.publishing.workspace import workspace
from stable_jobs.store.lake import Lake

if TYPE_CHECKING:
    import duckdb

ENGINE = {"memory_limit": "256MB", "threads": 1}
"""Settings under which 300,000 lines take less than 500 MB: with more, DuckDB keeps what it may."""

TO_TAKE_AWAY = frozenset({"disbursement_application.csv", "disbursement_application.xlsx"})
"""The files of a batch that a browser may download: they have no account number. All else has them: the
detail, the messages, the bank's own file under whatever name its profile gives it."""


def write_batch_files(
    con: duckdb.DuckDBPyConnection,
    source_sql: str,
    head: BatchHead,
    profile: BankProfile,
    work: Path,
    workbook_rows: int,
) -> dict[str, Sum]:
    """Write every file of a batch into a workspace of its folder; file name → its count and total.

    con: with the settings of ENGINE. source_sql: a table expression of the lines (`read_parquet('…')`), the
    same rows whenever it is asked. A detail of more than `workbook_rows` lines is CSV only. The same lines,
    head and profile give the same bytes. StepError where a line cannot go to a bank, or where a file's own
    count or total is not the head's.
    """
    batch = Batch(replace(head, is_demo=head.is_demo or profile.demo), source_sql)
    assert_lines(con, batch)
    tables = (batch_application(batch), batch_detail(batch))
    said = write_tables(con, tables, work, workbook_rows).sums
    return {**said, **dict(_messages(con, batch, profile, work)), **_bank_file(con, batch, profile, work)}


def _messages(
    con: duckdb.DuckDBPyConnection, batch: Batch, profile: BankProfile, work: Path
) -> Iterator[tuple[str, Sum]]:
    for message in pain001.messages(con, batch, profile):
        path = work / message.file_name
        pain001.write(con, message, path)
        yield path.name, checked_sum(path, message.sum, pain001.measure(path))


def _bank_file(
    con: duckdb.DuckDBPyConnection, batch: Batch, profile: BankProfile, work: Path
) -> dict[str, Sum]:
    path = work / profile.file.name
    bank_csv.write(con, batch, profile, path)
    return {path.name: checked_sum(path, batch.head.sum, bank_csv.measure(con, batch, profile, path))}


# --- kept in the lake, then given their names ---


def keep_files(
    lake: Lake, work: Path, names: Iterable[str], folder: str, said: Mapping[str, Any]
) -> list[PublishedFile]:
    """Keep finished files and their manifest in the lake; returns each one's entry for the ledger.

    work: where the files are. folder: their later place below `<out>`. said: the manifest, with the
    known facts of each file under `files`.
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
    """Give every file its name, the manifest last; False if all had theirs. StepError for other bytes.

    Only its owner may read a payment file; `group`: the system's group that may read it too.
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
