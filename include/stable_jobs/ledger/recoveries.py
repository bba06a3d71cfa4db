"""Recovery cases (追回): the money that finance says came back, and the two people who end a case.

Money that came back is not already paid, so finance's `prior_refunds` show it: the rows with our payment
reference add up to the amount left of the payment. A case ends as `recovered` only with such a row.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.proposals import Proposal, propose
from stable_jobs.ledger.statements import Statements

SQL = Statements("recoveries")

CLOSING = "recovery_closing"
OUTCOMES = ("recovered", "dropped")


def note_money_back(connection: Connection) -> None:
    """Record what the rows of `night_refunds` say is left of each paid payment, where that is news."""
    SQL.run(connection, "left")


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
        text(SQL["insert_recovery_closings"]),
        {"id": case_id, "outcome": outcome, "reason": proposal.reason, "by": person},
    )
    event.detail.update({"case": case_id, "outcome": outcome, "proposed_by": proposal.proposed_by})


def _region_of_open(event: Event, case_id: int) -> str:
    found = event.connection.scalar(
        text(SQL["region_of_open"]),
        {"id": case_id},
    )
    if found is None:
        raise LedgerRefused(
            f"recovery case {case_id} is not open: `stable-jobs recovery list` shows those that are"
        )
    return str(found)
