"""Sums of entitlements after the bank's word changed: recovery of what arrived twice, the rest recognised."""

# ruff: noqa: S608 - all of it is this module's own

from __future__ import annotations

EXCESS = """
    SELECT s.entitlement_id,
           s.outside + s.paid + s.open + s.waived - s.recovering - s.entitled_amount AS excess
    FROM balancing b JOIN entitlement_standing s ON s.entitlement_id = b.entitlement_id
"""
"""Of the entitlements in `balancing`: what stands above what is written as entitled."""

SUPERSEDED = """
    INSERT INTO recovery_closings (case_id, outcome, reason, closed_by)
    SELECT c.id, 'superseded', 'the bank''s word was settled', 'stable-jobs'
    FROM {which} x JOIN recovery_cases c ON c.entitlement_id = x.entitlement_id
    LEFT JOIN recovery_closings k ON k.case_id = c.id WHERE k.case_id IS NULL ORDER BY c.id
"""

RECOGNISED = f"""
    UPDATE entitlements e SET entitled_amount = e.entitled_amount + x.excess,
        decided_on = coalesce(ledger_date(), CAST(:on AS date), decided_on)
    FROM ({EXCESS}) x WHERE x.entitlement_id = e.id AND x.excess <> 0
"""

ARRIVED = (
    SUPERSEDED.format(which=f"(SELECT * FROM ({EXCESS}) found WHERE excess < 0)"),
    f"""
    INSERT INTO recovery_cases (entitlement_id, amount, reason, opened_on)
    SELECT entitlement_id, excess, 'paid_twice', coalesce(ledger_date(), CAST(:on AS date))
    FROM ({EXCESS}) x WHERE excess > 0 ORDER BY 1
    """,
    RECOGNISED,
    "DROP TABLE balancing",
)
"""Money above what a unit is entitled to is a recovery case. Where less stands than before, what stands is
recognised, and the next night decides what is due."""

CAME_BACK = (SUPERSEDED.format(which="balancing"), RECOGNISED, "DROP TABLE balancing")
"""What the unit does not have cannot be recovered from it: the next night weighs all of it again."""
