"""The withdrawal of a night by two people: it is no region's newest any more, and its promises end.

Instructed payments stay, and so does the payment list of the night: the bank has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.batches import SQL as BATCHES_SQL
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.proposals import Proposal, propose
from stable_jobs.ledger.statements import Statements
from stable_jobs.regions import NATION

SQL = Statements("withdrawals")

WITHDRAWAL = "night_withdrawal"


@dataclass(frozen=True)
class Undone:
    """The acts of a region's night that its withdrawal takes back, and those that stay (yuan).

    announced: payments put on notice or cleared in its name, not instructed; batches: formed ones.
    """

    region_code: str
    night_id: int
    announced: int
    announced_yuan: Decimal
    batches: int
    instructed: int
    instructed_yuan: Decimal


def would_undo(connection: Connection, business_date: date, region_code: str = NATION) -> list[Undone]:
    """By region, of the regions in `region_code` whose newest night is that date's."""
    values = {"on": business_date, "region": region_code}
    return [Undone(*row) for row in connection.execute(text(SQL["undone"]), values)]


OF_NIGHT = """
    (n.opened_on = w.business_date OR EXISTS (
        SELECT FROM notice_closings k WHERE k.notice_id = n.id AND k.closed_on = w.business_date))
"""
"""A payment's notice was opened or closed in the name of the night: its days are to run again."""


def propose_withdrawal(
    event: Event, business_date: date, region_code: str, reason: str, person: str
) -> tuple[int, list[Undone]]:
    """A person asks that the night of a date be taken back, of a region and those below it; the proposal.

    LedgerRefused if it is no region's newest night.
    """
    found = would_undo(event.connection, business_date, region_code)
    if not found:
        raise LedgerRefused(_not_newest(event.connection, business_date, region_code))
    number = propose(
        event,
        WITHDRAWAL,
        subject=f"night {business_date.isoformat()}",
        reason=reason,
        person=person,
        region_code=region_code,
        content={
            "business_date": business_date.isoformat(),
            "nights": {one.region_code: one.night_id for one in found},
        },
    )
    return number, found


def _not_newest(connection: Connection, business_date: date, region_code: str) -> str:
    query = SQL["not_newest"]
    newest = connection.scalar(text(query), {"region": region_code}) or "none"
    return (
        f"the night of {business_date} is the newest night of no region of {region_code}; found: {newest};"
        " only a region's newest night can be withdrawn"
    )


def withdraw_night(event: Event, proposal: Proposal, person: str) -> None:
    """Another person has confirmed it. LedgerRefused where the night is not the newest any more."""
    connection = event.connection
    before = [
        one
        for one in would_undo(connection, date.fromisoformat(proposal.content["business_date"]))
        if one.region_code in proposal.content["nights"]
    ]
    SQL.run(connection, "nights", proposal=proposal.id)
    SQL.run(connection, "voided")
    BATCHES_SQL.run(connection, "unbatched")
    SQL.run(connection, "taken_back", "superseded", "recognised")
    event.detail.update(
        business_date=proposal.content["business_date"],
        regions=sorted(proposal.content["nights"]),
        announced=sum(one.announced for one in before),
        instructed=sum(one.instructed for one in before),
        confirmed_by=person,
    )
