"""The values on which a region's money rests: every night records them, and two people confirm them.

`night_values` has, for each region, the files' values for the event's date. Values are JSON of
`<scheme>.<parameter>` to `value`, `from` and `reference`, without an account number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.proposals import Proposal, propose
from stable_jobs.ledger.statements import Statements
from stable_jobs.store.loading import load_rows, temporary_table

SQL = Statements("policies")

KIND = "policy"
Content = Mapping[str, Mapping[str, Any]]
"""One region's values."""


def fill_values(connection: Connection, name: str, values: Mapping[str, Content]) -> None:
    """The temporary table `name` (region_code, content, hash) of this transaction."""
    temporary_table(connection, name, VALUES_COLUMNS)
    rows = ((region, json.dumps(content, ensure_ascii=False), None) for region, content in values.items())
    load_rows(connection, name, rows)
    connection.execute(text(f"UPDATE {name} SET hash = policy_hash(content)"))  # noqa: S608 - our own names


def note_values(event: Event, values: Mapping[str, Content]) -> None:
    """Write down what the event's date has for each region, where it is not the same as noted last."""
    fill_values(event.connection, "night_values", values)
    SQL.run(event.connection, "values", "nights")


def note_banks(event: Event, banks: Mapping[str, Content]) -> None:
    """Note again what the event's night has, with these values of the bank profiles instead of those noted.

    banks: by region; a region of which the night noted nothing is left out.
    """
    fill_values(event.connection, "bank_values", banks)
    temporary_table(event.connection, "night_values", VALUES_COLUMNS)
    SQL.run(event.connection, "with_banks", "values", "nights")


VALUES_COLUMNS = {"region_code": "text", "content": "jsonb", "hash": "text"}


def noted(connection: Connection) -> dict[str, date | None]:
    """Region of which the event's night noted its values → its deadline; None if not confirmed."""
    found = connection.execute(text(SQL["noted"]))
    return {row.region_code: row.deadline for row in found}


def unconfirmed(connection: Connection) -> list[str]:
    """Regions that their values stop on the event's date."""
    return list(connection.execute(text("SELECT region_code FROM policy_stops ORDER BY 1")).scalars())


def confirm_demonstration(event: Event, values: Mapping[str, Content], files: str) -> None:
    """Count as confirmed, in a demonstration, the values that equal the demonstration's own.

    files: SHA-256 of the files they come from. Only the first files that counted do count: if somebody edits
    them, people must confirm the new values.
    """
    fill_values(event.connection, "own_values", values)
    event.connection.execute(text(SQL["demonstration"]), {"files": files})


def note_totals(connection: Connection) -> None:
    """Write down the total of each region in `night_regions` that is not held, where it is not noted so."""
    connection.execute(text(SQL["totals"]))


def suspend_stopped(connection: Connection) -> list[str]:
    """Mark as held in `night_regions` the regions that values or totals stop: their ledger stays as it was.

    The regions, by code. Their decision stands; once people have ruled, the same night is taken over.
    """
    connection.execute(text(SQL["hold_for_values"]))
    note_totals(connection)
    connection.execute(text(SQL["hold_for_total"]))
    found = "SELECT region_code FROM policy_stops UNION SELECT region_code FROM total_stops ORDER BY 1"
    return list(connection.execute(text(found)).scalars())


def propose_values(
    event: Event, values: Mapping[str, Content], area: str, on: date, reason: str, person: str
) -> tuple[int, int]:
    """A person vouches for exactly these values, from a date on; the proposal's number and how many regions.

    Only what differs from what is confirmed for that date. LedgerRefused where nothing does.
    """
    connection = event.connection
    fill_values(connection, "night_values", values)
    asked = connection.execute(text(SQL["asked"]), {"on": on}).all()
    if not asked:
        raise LedgerRefused(f"region {area}: every value for {on} is confirmed: there is nothing to propose")
    SQL.run(connection, "values")
    number = propose(
        event,
        KIND,
        subject=f"policy from {on}",
        region_code=area,
        reason=reason,
        person=person,
        content={"from": on.isoformat(), "regions": {row.region_code: row.hash for row in asked}},
    )
    return number, len(asked)


def confirm_values(event: Event, proposal: Proposal, _: str) -> None:
    """The effect of a confirmed proposal of the kind `policy`: its values count from its date on."""
    event.connection.execute(
        text(SQL["insert_policy_confirmations"]),
        {"id": proposal.id},
    )


def accept_total(event: Event, region_code: str, on: date, reason: str, person: str) -> None:
    """A person lets a region's total of a night stand. LedgerRefused where none of that night is stopped."""
    known = event.connection.execute(
        text(SQL["accept_total"]),
        {"region": region_code, "on": on},
    ).one_or_none()
    if known is None or not known.is_beyond or known.ruled_by is not None:
        why = "no total of that night is known"
        if known is not None:
            why = f"{known.ruled_by} accepted it" if known.is_beyond else "its total stops nothing"
        raise LedgerRefused(f"region {region_code} on {on}: {why}")
    event.connection.execute(
        text("INSERT INTO total_rulings (total_id, reason, ruled_by) VALUES (:id, :reason, :person)"),
        {"id": known.id, "reason": reason, "person": person},
    )
    event.detail.update({"region": region_code, "night": on.isoformat(), "total": str(known.total)})
