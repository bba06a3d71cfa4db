"""Acknowledgements: a person puts name and reason to what a rule found in a night. Rows; edits add."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.statements import Statements
from stable_jobs.regions import NATION
from stable_jobs.settings import SHANGHAI

SQL = Statements("acknowledgements")


@dataclass(frozen=True)
class Acknowledgement:
    """A person's remark on a rule's failures in one region (`000000`: all), and its time (Asia/Shanghai)."""

    extract: str
    rule_id: str
    region_code: str
    person: str
    reason: str
    at: datetime


def acknowledge(
    event: Event,
    *,
    business_date: date,
    extract: str,
    rule_id: str,
    person: str,
    reason: str,
    region_code: str = NATION,
) -> int:
    """Add an acknowledgement; its number. Earlier ones stay. LedgerRefused without a reason.

    The event is opened without a business date: nothing changes its state in the name of the night.
    """
    if not reason.strip():
        raise LedgerRefused("an acknowledgement needs a reason")
    found = {
        "business_date": business_date.isoformat(),
        "extract": extract,
        "rule": rule_id,
        "region": region_code,
    }
    number = event.connection.scalar(
        text(SQL["insert_acknowledgements"]),
        {**found, "person": person, "reason": reason},
    )
    event.detail.update({"acknowledgement": number, **found})
    return int(number or 0)


def acknowledgements(
    connection: Connection, business_date: date, extracts: Collection[str]
) -> list[Acknowledgement]:
    """The acknowledgements of these extracts' rules in that night, the first one first."""
    rows = connection.execute(text(SQL["said"]), {"on": business_date, "extracts": list(extracts)}).mappings()
    return [_acknowledgement(dict(row)) for row in rows]


def _acknowledgement(row: dict[str, str]) -> Acknowledgement:
    return Acknowledgement(**{**row, "at": datetime.fromisoformat(row["at"]).astimezone(SHANGHAI)})  # type: ignore[arg-type]  # all other columns are text
