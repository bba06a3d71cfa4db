"""A unit has several codes over time: the night's tables are put under the code that the ledger knows it by.

A unit's entitlement keeps the code under which the unit was first entitled in the policy year; every other
code that a delivery or a person's ruling ever joined with it finds it. Where codes contradict each other (two
of one unit on one night, a number that two units claim, a unit entitled twice) nothing is guessed: the unit
is undecided that night.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, text

from stable_jobs.ledger.statements import Statements

SQL = Statements("units")


def note_codes(connection: Connection) -> None:
    """Keep what the night's delivery says of changed codes (`night_codes`), for ever."""
    SQL.run(connection, "code_changes")


def resolve_units(connection: Connection, business_date: date | None = None) -> None:
    """Put `night_units` and `night_refunds` under the ledger's codes; once, after they are filled.

    business_date: for a connection that only reads; an event has its own.

    `night_units.named`: the delivery's code where it is another one. `ledger_codes`: code → the ledger's.
    `unit_conflicts`: units that are undecided because of their codes, with the cause.
    """
    if business_date is not None:
        said = "SELECT set_config('stable_jobs.business_date', :on, true)"
        connection.execute(text(said), {"on": business_date.isoformat()})
    SQL.run(
        connection, "links", "units", "heads", "conflicts", "codes", "undecided", "translated", "elsewhere"
    )
