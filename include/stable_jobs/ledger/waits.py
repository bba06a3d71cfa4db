"""The reasons why a region's money does not go out on a date: one row per region and cause, with yuan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, text

from stable_jobs.ledger.statements import Statements

SQL = Statements("waits")


@dataclass(frozen=True)
class Waits:
    """Payments of one region that wait. cause: a word; night: the region's newest night that counts."""

    region_code: str
    night: date | None
    cause: str
    payments: int
    yuan: Decimal
    detail: str


def newest_of(connection: Connection, on: date) -> int:
    """The number of regions, held ones too, whose newest night that counts is the night of that date."""
    query = "SELECT count(*) FROM newest_nights WHERE business_date = :on"
    return int(connection.scalar(text(query), {"on": on}) or 0)


def waits(connection: Connection, on: date) -> list[Waits]:
    """By region and cause, of every region that any night was ever about."""
    return [Waits(*row) for row in connection.execute(text(SQL["waits"]), {"on": on})]


def left_out(connection: Connection) -> list[Waits]:
    """The ready payments that are in no batch, within the transaction that formed them (reads its tables)."""
    return [Waits(*row) for row in connection.execute(text(SQL["left_out"]))]
