"""Batches as the ledger has them: the list, one batch's lines, what the bank said, and its files."""

# ruff: noqa: S608 - what is put into the queries is this module's own

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.ledger.approvals import approvers, missing_level
from stable_jobs.ledger.batches import Batch, batch_by_no
from stable_jobs.ledger.payments import PublishedFile
from stable_jobs.review.grid import Grid, Order

COLUMNS: Mapping[str, str] = {
    "batch": "batch_no",
    "region": "region_code",
    "formed": "business_date",
    "level": "review_level",
    "units": "count",
    "yuan": "total",
    "state": "state",
}
"""What the list may be sorted by."""
LINE_COLUMNS: Mapping[str, str] = {
    "line": "l.line_no",
    "unit": "l.unit_name",
    "scheme": "l.scheme",
    "attempt": "l.attempt",
    "amount": "l.amount",
}
"""What a batch's lines may be sorted by."""
OUTCOMES: Mapping[str, str] = {
    "paid": "r.outcome = 'paid'",
    "returned": "r.outcome = 'returned'",
    "unanswered": "r.outcome IS NULL",
}
"""What the bank has said of a line → SQL; the lines of a batch that is not published are unanswered."""


@dataclass(frozen=True)
class Which:
    """Which batches; empty: all."""

    state: str = ""
    region: str = ""
    on: date | None = None


@dataclass(frozen=True)
class Awaited:
    """Whom an open batch waits for. level None: nobody, the next run publishes it."""

    level: int | None
    people: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How many lines the bank paid, returned or has not answered, and their yuan."""

    count: int
    total: Decimal


def batches(connection: Connection, which: Which, order: Order) -> Grid:
    """One page of the batches, each with the number of people it has answers of."""
    where = """
        WHERE (:state = '' OR state = :state) AND (:region = '' OR region_code = :region)
          AND (CAST(:on AS date) IS NULL OR business_date = :on)
    """
    total = connection.scalar(text(f"SELECT count(*) FROM batches {where}"), vars(which))
    query = f"""
        SELECT batch_no, region_code, business_date, review_level, count, total, state, reason
        FROM batches {where} {order.sql(COLUMNS, "id")}
    """
    rows = [dict(row) for row in connection.execute(text(query), vars(which)).mappings()]
    for row in rows:
        batch = batch_by_no(connection, row["batch_no"]) if row["state"] == "formed" else None
        row["awaited"] = awaited(connection, batch) if batch else None
    return Grid(rows, total or 0, order)


def awaited(connection: Connection, batch: Batch) -> Awaited | None:
    """Whom the batch waits for; None if it has ended."""
    if batch.state != "formed":
        return None
    level = missing_level(connection, batch)
    return Awaited(level, tuple(approvers(connection, batch.region_code, level)) if level else ())


def regions(connection: Connection) -> list[str]:
    """Every region that has a batch, by code."""
    return list(connection.scalars(text("SELECT DISTINCT region_code FROM batches ORDER BY 1")))


def outcomes(connection: Connection, batch_id: int) -> Mapping[str, Outcome]:
    """What the bank has said, by `OUTCOMES`; all of them, also those that no line has."""
    query = """
        SELECT coalesce(r.outcome, 'unanswered') AS outcome, count(*) AS count, sum(l.amount) AS total
        FROM payment_lines l LEFT JOIN line_results r ON r.line_id = l.id WHERE l.batch_id = :id GROUP BY 1
    """
    found = {row.outcome: Outcome(row.count, row.total) for row in _rows(connection, query, id=batch_id)}
    return {code: found.get(code, Outcome(0, Decimal("0.00"))) for code in OUTCOMES}


def lines(connection: Connection, batch: Batch, outcome: str, order: Order) -> Grid:
    """One page of a batch's lines, accounts masked. outcome: of `OUTCOMES`, or empty for all.

    The page is cut before anything is joined to it, so that a batch of 300,000 lines costs one sort.
    """
    where = f"l.batch_id = :id AND {OUTCOMES[outcome]}" if outcome else "l.batch_id = :id"
    source = "payment_lines l LEFT JOIN line_results r ON r.line_id = l.id"
    total = connection.scalar(text(f"SELECT count(*) FROM {source} WHERE {where}"), {"id": batch.id})
    query = f"""
        WITH page AS MATERIALIZED (
            SELECT l.id, row_number() OVER () AS place FROM (
                SELECT l.id FROM {source} WHERE {where} {order.sql(LINE_COLUMNS, "l.line_no")}
            ) l
        )
        SELECT l.line_no, e.region_code, e.uscc, l.unit_name, l.scheme, l.attempt, l.amount, l.bank_name,
               m.account, l.account_source, r.outcome, r.booked_on,
               concat_ws(' ', r.reason_code, r.reason_text) AS reason
        FROM page JOIN payment_lines l ON l.id = page.id JOIN masked_accounts m ON m.line_id = l.id
        JOIN payments p ON p.id = l.payment_id
        JOIN entitlements e ON e.id = p.entitlement_id LEFT JOIN line_results r ON r.line_id = l.id
        ORDER BY page.place
    """
    rows = [dict(row) for row in connection.execute(text(query), {"id": batch.id}).mappings()]
    return Grid(rows, total or 0, order)


def answer_lists(connection: Connection, batch_no: str) -> list[PublishedFile]:
    """The paid and the returned lists of a batch, of every date on which the bank answered."""
    query = """
        SELECT folder, name, sha256, size_bytes FROM published_files
        WHERE right(folder, length(:own)) = :own AND name NOT LIKE 'manifest%' ORDER BY folder, id
    """
    return [PublishedFile(*row) for row in _rows(connection, query, own=f"/{batch_no}-answers")]


def _rows(connection: Connection, query: str, **values: object) -> list[Any]:
    return list(connection.execute(text(query), values))
