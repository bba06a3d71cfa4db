"""Recovery cases (追回): what finance says came back, and the two people who end a case.

Money that came back is not already paid, so finance's `prior_refunds` show it: the rows with our payment
reference add up to what is left of the payment. A case ends as `recovered` only with such a row.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.proposals import Proposal, propose
from stable_jobs.ledger.statements import run_statements

CLOSING = "recovery_closing"
OUTCOMES = ("recovered", "dropped")


def note_money_back(connection: Connection) -> None:
    """Record what the rows of `night_refunds` say is left of each paid payment, where that is news."""
    run_statements(connection, (LEFT,))


LEFT = """
    INSERT INTO reported_recoveries (payment_reference, paid_amount, left_amount, vouchers)
    SELECT f.payment_reference, i.amount, f.amount, f.vouchers
    FROM (
        SELECT n.region_code, n.uscc, n.policy_year, n.payment_reference, sum(n.amount) AS amount,
               string_agg(n.voucher_no, ' ' ORDER BY n.voucher_no) AS vouchers
        FROM night_refunds n JOIN night_regions r ON r.region_code = n.region_code AND NOT r.is_held
        WHERE n.payment_reference IS NOT NULL AND n.policy_year = extract(year FROM ledger_date())
        GROUP BY n.region_code, n.uscc, n.policy_year, n.payment_reference
    ) f
    JOIN instructions i ON i.end_to_end_id = f.payment_reference
        AND i.attempt = (SELECT max(attempt) FROM instructions WHERE payment_id = i.payment_id)
    JOIN payments p ON p.id = i.payment_id AND p.state = 'paid'
    JOIN entitlements e ON e.id = p.entitlement_id
        AND (e.region_code, e.uscc, e.policy_year) = (f.region_code, f.uscc, f.policy_year)
    LEFT JOIN LATERAL (
        SELECT o.left_amount FROM reported_recoveries o WHERE o.payment_reference = f.payment_reference
        ORDER BY o.id DESC LIMIT 1) o ON true
    WHERE f.amount <> coalesce(o.left_amount, i.amount) ORDER BY f.payment_reference
"""
"""By the attempt that was paid. Another unit's reference proves nothing."""


def propose_closing(event: Event, case_id: int, outcome: str, reason: str, person: str) -> int:
    """A person asks that a case end: the money is back (`recovered`) or is left (`dropped`); the proposal.

    LedgerRefused for a case that is not open.
    """
    if outcome not in OUTCOMES:
        raise LedgerRefused(f"a person closes a recovery case as recovered or dropped, not as {outcome}")
    region = _region_of_open(event, case_id)
    return propose(
        event,
        CLOSING,
        subject=f"case {case_id}",
        reason=reason,
        person=person,
        region_code=region,
        content={"case": case_id, "outcome": outcome},
    )


def close_case(event: Event, proposal: Proposal, person: str) -> None:
    """Another person has confirmed it: the case ends. LedgerRefused if finance does not show the money."""
    case_id, outcome = int(proposal.content["case"]), str(proposal.content["outcome"])
    _region_of_open(event, case_id)
    event.connection.execute(
        text("""
            INSERT INTO recovery_closings (case_id, outcome, reason, closed_by)
            VALUES (:id, :outcome, :reason, :by)
        """),
        {"id": case_id, "outcome": outcome, "reason": proposal.reason, "by": person},
    )
    event.detail.update({"case": case_id, "outcome": outcome, "proposed_by": proposal.proposed_by})


def _region_of_open(event: Event, case_id: int) -> str:
    found = event.connection.scalar(
        text("""
            SELECT e.region_code FROM recovery_cases c JOIN entitlements e ON e.id = c.entitlement_id
            LEFT JOIN recovery_closings k ON k.case_id = c.id WHERE c.id = :id AND k.case_id IS NULL
        """),
        {"id": case_id},
    )
    if found is None:
        raise LedgerRefused(
            f"recovery case {case_id} is not open: `stable-jobs recovery list` shows those that are"
        )
    return str(found)
