"""How far the money is, region by region: every payment of a policy year by its state."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, text

from stable_jobs.ledger.statements import Statements

SQL = Statements("figures")

STATES = (
    "on_notice",
    "objected",
    "cleared",
    "batched",
    "instructed",
    "paid",
    "returned",
    "corrected",
    "withdrawn",
    "waived",
)
"""In the order of the life cycle."""


@dataclass(frozen=True)
class Share:
    """Payments of one region and state: how many and how much (yuan)."""

    region_code: str
    state: str
    count: int
    total: Decimal


def payments_by_state(connection: Connection, policy_year: int) -> list[Share]:
    """Every region and state that has payments, by region."""
    query = SQL["payments_by_state"]
    return [Share(*row) for row in connection.execute(text(query), {"year": policy_year})]
