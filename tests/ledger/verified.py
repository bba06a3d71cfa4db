"""Verification for tests: what it finds, and a chain that somebody wrote anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.ledger.event import canonical, chained
from stable_jobs.ledger.verify import Verified, verify_ledger
from tests.ledger.conftest import Books


def verified(books: Books) -> Verified:
    with books.engine.connect() as connection:
        return verify_ledger(connection, books.out)


def first(books: Books) -> tuple[str, str]:
    found = verified(books).breaks[0]
    return found.check, found.where


def rewritten(copy: Books, change: Callable[[Connection, dict[str, Any]], None]) -> None:
    """The whole chain written anew by somebody who may, with other events."""
    before = "0" * 64
    with copy.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for number, body in connection.execute(text("SELECT id, body FROM audit_events ORDER BY id")).all():
            said = json.loads(body)
            change(connection, said)
            body = canonical(said)
            values = {"id": number, "body": body, "before": before, "hash": chained(before, body)}
            connection.execute(
                text(
                    "UPDATE audit_events SET body = :body, previous_hash = :before, hash = :hash"
                    " WHERE id = :id"
                ),
                values,
            )
            before = values["hash"]
