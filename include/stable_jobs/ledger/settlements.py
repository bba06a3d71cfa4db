"""A line about which the bank contradicts itself: its result is settled by two people, by the bank's letter.

The same way ends what a reject as a duplicate leaves open: the bank has the payment and says no more.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.batches import SQL as BATCHES_SQL
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.proposals import Proposal, propose
from stable_jobs.ledger.statements import Statements

SQL = Statements("settlements")
BALANCE_SQL = Statements("balance")

KIND = "contradiction"
OUTCOMES = ("paid", "returned")


def propose_settlement(event: Event, end_to_end_id: str, outcome: str, reason: str, person: str) -> int:
    """One person says what became of the line, by the bank's letter; the proposal's number.

    LedgerRefused where the bank has neither contradicted itself about it nor left it open as a duplicate.
    """
    if outcome not in OUTCOMES:
        raise LedgerRefused(f"a line is settled as {' or '.join(OUTCOMES)}, not as {outcome}")
    line = _line(event.connection, end_to_end_id)
    content = {"outcome": outcome, "known": line.known, "since": str(line.since)}
    return propose(
        event,
        KIND,
        region_code=line.region_code,
        subject=end_to_end_id,
        content=content,
        reason=reason,
        person=person,
    )


def settle(event: Event, proposal: Proposal, person: str) -> None:
    """Another person confirms it: the line's result is that one, and the payment and its sums follow.

    LedgerRefused where it is settled meanwhile, or where money of the unit is under way that it would touch.
    """
    connection, outcome = event.connection, str(proposal.content["outcome"])
    line = _line(connection, proposal.subject)
    values = {
        "line": line.line_id,
        "payment": line.payment_id,
        "entitlement": line.entitlement_id,
        "outcome": outcome,
        "proposal": proposal.id,
        "on": line.on,
        "reason": f"settled: {proposal.subject} {outcome}",
    }
    SQL.run(connection, "settled", "answered", **values)
    _move(connection, line, values)
    event.detail.update({"end_to_end_id": proposal.subject, "settled": outcome, "known": line.known})


def _line(connection: Connection, end_to_end_id: str) -> Any:
    found = connection.execute(text(SQL["line"]), {"id": end_to_end_id}).one_or_none()
    if found is None:
        raise LedgerRefused(
            f"about {end_to_end_id} nothing is to be settled: `stable-jobs returns list` shows what is"
        )
    return found


def _move(connection: Connection, line: Any, values: dict[str, Any]) -> None:
    """Put the payment where its lines' results are, what the unit has beside it aside, and the sums right."""
    now = connection.execute(text(SQL["standing"]), values).one()
    target = _target(now)
    if target is not None:
        if now.other_state == "instructed" and target == "returned":
            raise LedgerRefused(
                "another payment of the unit is under way: settle this once the bank has answered it"
            )
        touched = [now.other] if now.other is not None and now.other_state != "instructed" else []
        SQL.run(connection, "voided", payments=[line.payment_id, *touched])
        BATCHES_SQL.run(connection, "unbatched", payments=[line.payment_id, *touched])
        if touched:
            connection.execute(text(SQL["withdrawn"]), values | {"payments": touched})
        connection.execute(text(SQL["moved"]), values | {"state": target})
        if target == "returned":
            connection.execute(text(SQL["same_account"]), values)
    connection.execute(text(SQL["balancing"]), values)
    BALANCE_SQL.run(connection, "came_back" if target == "returned" else "arrived", "recognised", **values)


def _target(now: Any) -> str | None:
    """The state that the results make of the payment; None where it has it, or has ended otherwise."""
    if now.newest is None:
        return None
    if now.has_arrived:
        return None if now.state == "paid" else "paid"
    return "returned" if now.state in ("paid", "instructed") else None


def accept_account(event: Event, end_to_end_id: str, reason: str, person: str) -> str:
    """A person who saw the bank's reason accepts the account that the newest extract brings; its last digits.

    end_to_end_id: of the line that came back. LedgerRefused where no new account waits for that unit.
    """
    found = event.connection.execute(text(SQL["new_account"]), {"id": end_to_end_id}).one_or_none()
    if found is None:
        raise LedgerRefused(
            f"no new account waits after {end_to_end_id}: `stable-jobs returns list` shows those that do"
        )
    event.connection.execute(
        text(SQL["insert_account_acceptances"]),
        {"account": found.id, "reason": reason, "person": person},
    )
    event.detail.update({"new_account": found.id, "end_to_end_id": end_to_end_id})
    return str(found.account)
