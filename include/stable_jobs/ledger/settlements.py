"""A line about which the bank contradicts itself: its result is settled by two people, by the bank's letter.

The same way ends what a reject as a duplicate leaves open: the bank has the payment and says no more.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.balance import ARRIVED, CAME_BACK
from stable_jobs.ledger.candidates import UNBATCHED
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.proposals import Proposal, propose
from stable_jobs.ledger.statements import run_statements

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
    run_statements(connection, (SETTLED, ANSWERED), **values)
    _move(connection, line, values)
    event.detail.update({"end_to_end_id": proposal.subject, "settled": outcome, "known": line.known})


def _line(connection: Connection, end_to_end_id: str) -> Any:
    found = connection.execute(text(LINE), {"id": end_to_end_id}).one_or_none()
    if found is None:
        raise LedgerRefused(
            f"about {end_to_end_id} nothing is to be settled: `stable-jobs returns list` shows what is"
        )
    return found


LINE = """
    SELECT i.line_id, i.payment_id, p.entitlement_id, e.region_code, r.outcome AS known,
           coalesce(c.opened_on, d.answered_on) AS since,
           greatest(coalesce(c.opened_on, d.answered_on), (SELECT max(n.business_date) FROM region_nights n
               WHERE n.region_code = e.region_code)) AS on
    FROM instructions i JOIN payments p ON p.id = i.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    LEFT JOIN line_results r ON r.line_id = i.line_id
    LEFT JOIN (SELECT line_id, max(opened_on) AS opened_on FROM open_contradictions GROUP BY line_id) c
        ON c.line_id = i.line_id
    LEFT JOIN duplicate_lines d ON d.line_id = i.line_id
    WHERE i.end_to_end_id = :id AND (c.line_id IS NOT NULL OR d.line_id IS NOT NULL)
"""
"""on: the newest business date that the ledger knows of the region: the settlement belongs to it."""

SETTLED = """
    INSERT INTO settlements (line_id, outcome, proposal_id, settled_on)
    VALUES (:line, :outcome, :proposal, :on)
"""

ANSWERED = """
    INSERT INTO bank_results (line_id, answer_id, row_no, outcome, amount, reason_text)
    SELECT i.line_id, k.answer_id, k.row_no, :outcome, i.amount, 'settled by letter'
    FROM instructions i
    JOIN bank_answer_rows k ON k.end_to_end_id = i.end_to_end_id AND k.standing = 'duplicate'
    WHERE i.line_id = :line AND NOT EXISTS (SELECT FROM bank_results r WHERE r.line_id = i.line_id)
    ORDER BY k.answer_id, k.row_no LIMIT 1
"""
"""A line that had no result gets its first one."""

STANDING = """
    SELECT p.state, newest.outcome AS newest, newest.fault, EXISTS (
        SELECT FROM instructions i JOIN line_results r ON r.line_id = i.line_id
        WHERE i.payment_id = p.id AND r.outcome = 'paid') AS has_arrived,
        other.id AS other, other.state AS other_state
    FROM payments p
    JOIN LATERAL (
        SELECT r.outcome, r.fault FROM instructions i LEFT JOIN line_results r ON r.line_id = i.line_id
        WHERE i.payment_id = p.id ORDER BY i.attempt DESC LIMIT 1) newest ON true
    LEFT JOIN payments other ON other.entitlement_id = p.entitlement_id AND other.id <> p.id
        AND other.state NOT IN ('paid', 'withdrawn', 'waived')
    WHERE p.id = :payment
"""


def _move(connection: Connection, line: Any, values: dict[str, Any]) -> None:
    """Put the payment where its lines' results are, what the unit has beside it aside, and the sums right."""
    now = connection.execute(text(STANDING), values).one()
    target = _target(now)
    if target is not None:
        if now.other_state == "instructed" and target == "returned":
            raise LedgerRefused(
                "another payment of the unit is under way: settle this once the bank has answered it"
            )
        touched = [now.other] if now.other is not None and now.other_state != "instructed" else []
        run_statements(connection, (VOIDED, UNBATCHED), payments=[line.payment_id, *touched])
        if touched:
            connection.execute(text(WITHDRAWN), values | {"payments": touched})
        connection.execute(text(MOVED), values | {"state": target})
        if target == "returned":
            connection.execute(text(SAME_ACCOUNT), values)
    connection.execute(text(BALANCING), values)
    run_statements(connection, CAME_BACK if target == "returned" else ARRIVED, **values)


def _target(now: Any) -> str | None:
    """The state that the results make of the payment; None where it has it, or has ended otherwise."""
    if now.newest is None:
        return None
    if now.has_arrived:
        return None if now.state == "paid" else "paid"
    return "returned" if now.state in ("paid", "instructed") else None


VOIDED = """
    UPDATE batches SET state = 'voided', reason = 'the bank''s word was settled'
    WHERE state = 'formed' AND id IN (
        SELECT batch_id FROM payment_lines WHERE payment_id = ANY(CAST(:payments AS bigint[])))
"""

WITHDRAWN = """
    UPDATE payments SET state = 'withdrawn', reason = :reason, changed_on = greatest(changed_on, :on)
    WHERE id = ANY(CAST(:payments AS bigint[]))
"""
"""The next night decides anew what is due."""

MOVED = """
    UPDATE payments SET state = :state, reason = :reason, changed_on = greatest(changed_on, :on)
    WHERE id = :payment
"""

SAME_ACCOUNT = """
    UPDATE payments p SET state = 'corrected', reason = 'same account: ' || r.fault
    FROM instructions i JOIN line_results r ON r.line_id = i.line_id
    WHERE p.id = :payment AND i.payment_id = p.id AND p.state = 'returned' AND NOT is_payees_fault(r.fault)
      AND i.attempt = (SELECT max(attempt) FROM instructions WHERE payment_id = p.id)
"""

BALANCING = """
    CREATE TEMPORARY TABLE balancing ON COMMIT DROP AS SELECT CAST(:entitlement AS bigint) AS entitlement_id
"""


def accept_account(event: Event, end_to_end_id: str, reason: str, person: str) -> str:
    """A person who saw the bank's reason accepts the account that the newest extract brings; its last digits.

    end_to_end_id: of the line that came back. LedgerRefused where no new account waits for that unit.
    """
    found = event.connection.execute(text(NEW_ACCOUNT), {"id": end_to_end_id}).one_or_none()
    if found is None:
        raise LedgerRefused(
            f"no new account waits after {end_to_end_id}: `stable-jobs returns list` shows those that do"
        )
    event.connection.execute(
        text("""
            INSERT INTO account_acceptances (new_account_id, reason, accepted_by)
            VALUES (:account, :reason, :person)
        """),
        {"account": found.id, "reason": reason, "person": person},
    )
    event.detail.update({"new_account": found.id, "end_to_end_id": end_to_end_id})
    return str(found.account)


NEW_ACCOUNT = """
    SELECT n.id, CASE WHEN length(n.account_no) >= 8 THEN '****' || right(n.account_no, 4)
                      ELSE '****' END AS account
    FROM new_accounts n JOIN doubtful_accounts d ON d.entitlement_id = n.entitlement_id
    JOIN payments p ON p.entitlement_id = n.entitlement_id
    JOIN instructions i ON i.payment_id = p.id AND i.end_to_end_id = :id
    LEFT JOIN account_acceptances a ON a.new_account_id = n.id
    WHERE a.new_account_id IS NULL
      AND n.id = (SELECT max(id) FROM new_accounts WHERE entitlement_id = n.entitlement_id)
"""
"""The newest one only: what an extract brought before it no longer stands."""
