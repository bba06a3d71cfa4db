"""What may go out tonight. A formed batch holds only that: what no longer may voids it."""

from __future__ import annotations

from sqlalchemy import Connection, text

from stable_jobs.ledger.statements import Statements

SQL = Statements("candidates")


def void_stale(connection: Connection) -> None:
    """Void the formed batches of which a line may not go out tonight, or not to that account.

    Their other payments are free again. Only of regions in `night_regions` whose newest night this is: others
    keep theirs and cannot publish them.
    """
    if connection.scalar(text("SELECT EXISTS (SELECT FROM batches WHERE state = 'formed')")):
        SQL.run(connection, "candidates", "stale", "unbatched", "drop_candidates")
