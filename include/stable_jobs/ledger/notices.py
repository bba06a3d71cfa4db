"""Public notice: closed when its days are over, and objections that hold one unit only."""

from __future__ import annotations

from sqlalchemy import text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.night import decision_that_counts
from stable_jobs.ledger.statements import run_statements


def close_due_notices(event: Event) -> int:
    """Close the notices that are due on the event's date and clear their units; how many units were cleared.

    Only in regions whose newest night is this one, as the date's decision in force has it, and is not held:
    what the night no longer bears out fell out when it was applied. LedgerRefused where the ledger has not
    taken that decision over.
    """
    decision_that_counts(event.connection, event.connection.scalar(text("SELECT ledger_date()")))
    return run_statements(event.connection, (CLOSED, CLEARED))


CLOSED = """
    INSERT INTO notice_closings (notice_id)
    SELECT n.id FROM notices n
    JOIN newest_nights w ON w.region_code = n.region_code AND w.business_date = ledger_date()
        AND NOT w.is_held AND w.decision_id = coalesce(decision_in_force(ledger_date()), w.decision_id)
    LEFT JOIN notice_closings c ON c.notice_id = n.id
    WHERE c.notice_id IS NULL AND n.clears_on <= ledger_date() ORDER BY n.id
"""

CLEARED = """
    UPDATE payments p SET state = 'cleared', reason = 'notice ended', changed_on = ledger_date()
    FROM notice_closings c WHERE c.notice_id = p.notice_id AND p.state = 'on_notice'
      AND c.event_id = ledger_event()
"""


def add_objection(event: Event, region_code: str, uscc: str, reason: str, person: str) -> int:
    """Hold a unit that is on notice; the objection's id. LedgerRefused if the unit is not on notice."""
    found = event.connection.execute(
        text("""
            SELECT p.id FROM payments p JOIN entitlements e ON e.id = p.entitlement_id
            WHERE e.region_code = :region AND e.uscc IN (SELECT unit_codes(:region, :uscc))
                  AND p.state IN ('on_notice', 'objected')
            ORDER BY e.policy_year DESC LIMIT 1
        """),
        {"region": region_code, "uscc": uscc},
    ).scalar_one_or_none()
    if found is None:
        raise LedgerRefused(
            f"{uscc} in region {region_code} is not on notice: an objection comes too late or too early"
        )
    number = event.connection.scalar(
        text("""
            INSERT INTO objections (payment_id, reason, entered_by) VALUES (:payment, :reason, :person)
            RETURNING id
        """),
        {"payment": found, "reason": reason, "person": person},
    )
    event.connection.execute(
        text("""
            UPDATE payments SET state = 'objected', reason = 'objection',
                changed_on = coalesce(ledger_date(), changed_on)
            WHERE id = :payment AND state = 'on_notice'
        """),
        {"payment": found},
    )
    event.detail.update({"objection": number, "payment": found})
    return int(number or 0)


def decide_objection(event: Event, objection_id: int, outcome: str, reason: str, person: str) -> None:
    """`upheld`: the payment is withdrawn. `dismissed`: it goes on, once no other objection is open.

    LedgerRefused for an unknown objection, one that was decided, or a payment that fell out meanwhile.
    """
    known = event.connection.execute(
        text("""
            SELECT b.payment_id, p.state, k.outcome FROM objections b JOIN payments p ON p.id = b.payment_id
            LEFT JOIN objection_decisions k ON k.objection_id = b.id WHERE b.id = :id
        """),
        {"id": objection_id},
    ).one_or_none()
    if known is None:
        raise LedgerRefused(f"there is no objection {objection_id}: `stable-jobs objection list` shows them")
    if known.outcome is not None:
        raise LedgerRefused(f"objection {objection_id} was decided: {known.outcome}")
    event.connection.execute(
        text("""
            INSERT INTO objection_decisions (objection_id, outcome, reason, decided_by)
            VALUES (:id, :outcome, :reason, :person)
        """),
        {"id": objection_id, "outcome": outcome, "reason": reason, "person": person},
    )
    event.detail.update({"objection": objection_id, "outcome": outcome})
    if known.state == "objected":
        event.connection.execute(
            text(UPHELD if outcome == "upheld" else DISMISSED), {"payment": known.payment_id}
        )
        event.connection.execute(text(RECOGNISED), {"payment": known.payment_id})


UPHELD = """
    UPDATE payments SET state = 'withdrawn', reason = 'objection_upheld',
        changed_on = coalesce(ledger_date(), changed_on) WHERE id = :payment
"""

DISMISSED = """
    UPDATE payments p SET reason = 'objection dismissed', changed_on = coalesce(ledger_date(), changed_on),
        state = CASE WHEN EXISTS (SELECT FROM notice_closings c WHERE c.notice_id = p.notice_id)
                     THEN 'cleared' ELSE 'on_notice' END
    WHERE id = :payment AND NOT EXISTS (
        SELECT FROM objections b LEFT JOIN objection_decisions k ON k.objection_id = b.id
        WHERE b.payment_id = p.id AND k.objection_id IS NULL)
"""

RECOGNISED = """
    UPDATE entitlements e SET entitled_amount = s.outside + s.paid + s.open + s.waived - s.recovering
    FROM entitlement_standing s, payments p
    WHERE p.id = :payment AND s.entitlement_id = p.entitlement_id AND e.id = s.entitlement_id
      AND e.entitled_amount <> s.outside + s.paid + s.open + s.waived - s.recovering
"""
"""What was withdrawn is no longer recognised as entitled."""
