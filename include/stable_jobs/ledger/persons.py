"""The decisions of people beside approvals: stopping a region's payments, a budget, waived payments."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.statements import Statements

SQL = Statements("persons")


def hold_region(event: Event, region_code: str, reason: str, person: str) -> int:
    """Stop the payments of a region and all below it at once; the hold's number."""
    number = event.connection.scalar(
        text(
            "INSERT INTO payment_stops (region_code, reason, stopped_by)"
            " VALUES (:region, :reason, :by) RETURNING id"
        ),
        {"region": region_code, "reason": reason, "by": person},
    )
    event.detail.update({"hold": number, "region": region_code})
    return int(number or 0)


def release_region(event: Event, region_code: str, reason: str, person: str) -> int:
    """Release every hold of exactly this region; how many. The database refuses the person who held it."""
    released = event.connection.execute(
        text(SQL["insert_payment_stop_ends"]),
        {"region": region_code, "reason": reason, "by": person},
    ).rowcount
    if not released:
        raise LedgerRefused(f"payments of region {region_code} are not held")
    event.detail.update({"region": region_code, "released": released})
    return released


def enter_budget(
    event: Event, pooling_region: str, policy_year: int, amount: Decimal, reason: str, person: str
) -> None:
    """A refund budget (yuan) that stands instead of finance's for the pooling region and year."""
    event.connection.execute(
        text(SQL["insert_budget_entries"]),
        {"region": pooling_region, "year": policy_year, "amount": amount, "reason": reason, "by": person},
    )
    event.detail.update({"pooling_region": pooling_region, "policy_year": policy_year, "amount": str(amount)})


def waive_overdue(event: Event) -> int:
    """After a region's deadline, waive payments returned and not corrected, or objected and not decided.

    Reads `night_deadlines` (region_code, deadline). How many payments.
    """
    return event.connection.execute(text(SQL["update_payments"])).rowcount
