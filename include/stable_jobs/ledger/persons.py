"""What people decide beside approvals: holding a region, a budget, the waived."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event


def hold_region(event: Event, region_code: str, reason: str, person: str) -> int:
    """Stop the payments of a region and all below it at once; the hold's number."""
    number = event.connection.scalar(
        text(
            "INSERT INTO region_holds (region_code, reason, held_by)"
            " VALUES (:region, :reason, :by) RETURNING id"
        ),
        {"region": region_code, "reason": reason, "by": person},
    )
    event.detail.update({"hold": number, "region": region_code})
    return int(number or 0)


def release_region(event: Event, region_code: str, reason: str, person: str) -> int:
    """Release every hold of exactly this region; how many. The database refuses the person who held it."""
    released = event.connection.execute(
        text("""
            INSERT INTO region_hold_releases (hold_id, reason, released_by)
            SELECT id, :reason, :by FROM standing_holds WHERE region_code = :region
        """),
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
        text("""
            INSERT INTO budget_entries (pooling_region, policy_year, amount, reason, entered_by)
            VALUES (:region, :year, :amount, :reason, :by)
        """),
        {"region": pooling_region, "year": policy_year, "amount": amount, "reason": reason, "by": person},
    )
    event.detail.update({"pooling_region": pooling_region, "policy_year": policy_year, "amount": str(amount)})


def waive_overdue(event: Event) -> int:
    """After a region's deadline, what is returned and not corrected, or objected and not decided, is waived.

    Reads `night_deadlines` (region_code, deadline). How many payments.
    """
    return event.connection.execute(
        text("""
            UPDATE payments p SET state = 'waived', reason = 'deadline', changed_on = ledger_date()
            FROM entitlements e LEFT JOIN night_deadlines d ON d.region_code = e.region_code
            WHERE p.entitlement_id = e.id AND p.state IN ('returned', 'objected')
              AND (ledger_date() > d.deadline OR e.policy_year < extract(year FROM ledger_date()))
        """)
    ).rowcount
