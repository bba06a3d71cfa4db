"""Money is instructed: the moment a batch is published, written down before any file is visible."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, text

from stable_jobs.ledger.batches import Batch
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.statements import run_statements


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
    run_statements(connection, (INSTRUCTED, MOVED), **values)
    record_files(event, files, batch.id)
    event.detail.update(
        {"batch": batch.batch_no, "hash": batch.hash, "count": batch.count, "total": str(batch.total)}
    )


INSTRUCTED = """
    INSERT INTO instructions (line_id, batch_id, payment_id, attempt, end_to_end_id, amount)
    SELECT id, batch_id, payment_id, attempt, end_to_end_id, amount FROM payment_lines
    WHERE batch_id = :id ORDER BY line_no
"""

MOVED = """
    UPDATE payments p SET state = 'instructed', reason = l.end_to_end_id, changed_on = ledger_date()
    FROM payment_lines l WHERE l.batch_id = :id AND l.payment_id = p.id
"""

LINES = """
    SELECT l.line_no, l.end_to_end_id, e.region_code, e.uscc, l.unit_name, l.scheme, l.size_class,
        l.headcount,
           l.amount, l.account_name, l.account_no, l.bank_code, l.bank_name, l.account_source,
               l.priority, l.attempt
    FROM payment_lines l JOIN payments p ON p.id = l.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    WHERE l.batch_id = {batch_id} ORDER BY l.line_no
"""
"""What a batch's files are made of. The only query that gives whole account numbers."""


def record_files(event: Event, files: Iterable[PublishedFile], batch_id: int | None = None) -> None:
    """Remember what was published, once by folder and name. LedgerRefused for other bytes of a name."""
    rows = [vars(file) | {"batch": batch_id} for file in files]
    if rows:
        event.connection.execute(
            text("""
                INSERT INTO published_files (folder, name, sha256, size_bytes, batch_id)
                SELECT :folder, :name, :sha256, :size_bytes, :batch
                WHERE NOT EXISTS (SELECT FROM published_files
                    WHERE folder = :folder AND name = :name AND sha256 = :sha256)
            """),
            rows,
        )


def files_of(connection: Connection, batch_id: int) -> list[PublishedFile]:
    """The files of a published batch, by name."""
    query = """
        SELECT folder, name, sha256, size_bytes
            FROM published_files WHERE batch_id = :id ORDER BY folder, name
    """
    return [PublishedFile(*row) for row in connection.execute(text(query), {"id": batch_id})]


def manifests(connection: Connection) -> list[tuple[int, str]]:
    """(batch id, folder) of every published batch: the manifest is placed last and says that all is there."""
    query = """
        SELECT batch_id, folder FROM published_files
        WHERE batch_id IS NOT NULL AND name = 'manifest.json' ORDER BY batch_id
    """
    return [(row.batch_id, row.folder) for row in connection.execute(text(query))]
