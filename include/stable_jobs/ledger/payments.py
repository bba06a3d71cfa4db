"""Money is instructed: the moment a batch is published, written down before any file is visible."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, text

from stable_jobs.ledger.batches import Batch
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.statements import Statements

SQL = Statements("payments")


@dataclass(frozen=True)
class PublishedFile:
    """A file as it was published. folder: below `<out>`."""

    folder: str
    name: str
    sha256: str
    size_bytes: int


def instruct(event: Event, batch: Batch, files: Iterable[PublishedFile]) -> None:
    """Publish a batch: its lines become instructions and its files' hashes are known for good.

    LedgerRefused unless the ledger has the approvals for exactly these lines, on the region's newest night.
    """
    connection, values = event.connection, {"id": batch.id}
    connection.execute(text("UPDATE batches SET state = 'published' WHERE id = :id"), values)
    SQL.run(connection, "instructed", "moved", **values)
    record_files(event, files, batch.id)
    event.detail.update(
        {"batch": batch.batch_no, "hash": batch.hash, "count": batch.count, "total": str(batch.total)}
    )


def lines_of(batch_id: int, columns: Iterable[str]) -> str:
    """The query of these columns of a batch's lines, for COPY: the only one with whole account numbers."""
    return f"SELECT {', '.join(columns)} FROM batch_lines WHERE batch_id = {batch_id:d} ORDER BY line_no"  # noqa: S608 - columns are the caller's own words


def record_files(event: Event, files: Iterable[PublishedFile], batch_id: int | None = None) -> None:
    """Remember what was published, once by folder and name. LedgerRefused for other bytes of a name."""
    rows = [vars(file) | {"batch": batch_id} for file in files]
    if rows:
        event.connection.execute(
            text(SQL["insert_published_files"]),
            rows,
        )


def files_of(connection: Connection, batch_id: int) -> list[PublishedFile]:
    """The files of a published batch, by name."""
    query = SQL["files_of"]
    return [PublishedFile(*row) for row in connection.execute(text(query), {"id": batch_id})]


def manifests(connection: Connection) -> list[tuple[int, str]]:
    """(batch id, folder) of every published batch: the manifest is placed last and says that all is there."""
    query = SQL["manifests"]
    return [(row.batch_id, row.folder) for row in connection.execute(text(query))]
