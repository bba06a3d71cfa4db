"""Doubts: two units or accounts that may be one; counted, shown, and of some kinds stopped until a ruling.

They are sought over all entitlements of the policy year, of every region, review level and batch. A doubt is
between an entitlement and an earlier one. It ends when a person rules on it, or by itself when a night no
longer shows it.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.statements import Statements

SQL = Statements("doubts")

KINDS = (
    "new_code",
    "two_regions",
    "shared_account",
    "account_other_name",
    "unit_number_reused",
    "one_unit_twice",
)
"""new_code: another code with the same unit number and the same name or account. two_regions: one code
insured in two regions with the same premiums, or with one that is not known because its region is held and no
payment of the unit was ever opened there. shared_account: several units, one account. account_other_name:
one account under two names. unit_number_reused: another code, name and account under a unit number.
one_unit_twice: two entitlements whose codes a delivery joined; this kind always stops both."""
STOPPING = ("new_code", "two_regions", "shared_account")
"""The kinds that stop a payment where a region's parameter says nothing."""
SHARED_ACCOUNT_UNITS = 2
"""From how many units on a shared account stops, where a region's parameter says nothing."""


def note_doubts(connection: Connection) -> None:
    """Find the doubts of the night, after its payments are opened; end those that it no longer shows."""
    SQL.run(
        connection, "terms", "numbers", "marks", "accounts", "sharing", "found", "finders", "gone", "noted"
    )


def rule_on_doubt(event: Event, doubt_id: int, outcome: str, reason: str, person: str) -> None:
    """A person rules that a doubt is `cleared` (two units, payments go on) or that both are the `same` unit.

    The same unit: the later entitlement gets nothing more; within one region its code is connected with
    the earlier one's, and its payments count for that one from the next night on.
    """
    if outcome not in ("cleared", "same"):
        raise LedgerRefused(f"a doubt is ruled cleared or same, not {outcome}")
    connection = event.connection
    values = {"id": doubt_id, "outcome": outcome, "reason": reason, "person": person}
    if not connection.scalar(text("SELECT EXISTS (SELECT FROM open_doubts WHERE id = :id)"), values):
        raise LedgerRefused(f"doubt {doubt_id} is not open: `stable-jobs doubt list` shows those that are")
    connection.execute(
        text(SQL["insert_doubt_rulings"]),
        values,
    )
    if outcome == "same":
        connection.execute(text(SQL["joined"]), values)
    event.detail.update({"doubt": doubt_id, "outcome": outcome})
