"""Acts of two people: proposals, and codes, recoveries, settlements and withdrawals that are proposed so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.credit_code import has_code_shape, is_credit_code, is_identity_number
from stable_jobs.errors import LedgerRefused, UsageError
from stable_jobs.ledger.batches import BATCHES_SQL
from stable_jobs.ledger.event import Event, Statements
from stable_jobs.messages.ledger_refusals import NONE, refusal
from stable_jobs.messages.message import Message
from stable_jobs.regions import NATION

# --- Proposals ---
# Proposals: one person proposes an act, another confirms it, and only then it takes effect.
#
# A row each, in the chain of events. `acts` has the effect of each kind.

PROPOSALS_SQL = Statements("proposals")


@dataclass(frozen=True)
class Proposal:
    """An act that a person asks another one to confirm.

    kind: of `proposal_kinds.KINDS`; subject: its case, code or date; content: plain JSON
    that the kind defines, without an account number.
    """

    id: int
    kind: str
    region_code: str
    subject: str
    content: Mapping[str, Any]
    reason: str
    proposed_by: str


def propose(
    event: Event,
    kind: str,
    *,
    subject: str,
    reason: str,
    person: str,
    region_code: str = NATION,
    content: Mapping[str, Any] | None = None,
) -> int:
    """Write a proposal down; its number. LedgerRefused where one about the same subject waits already."""
    number = event.connection.scalar(
        text(PROPOSALS_SQL["insert_proposals"]),
        {
            "kind": kind,
            "region": region_code,
            "subject": subject,
            "content": json.dumps(dict(content or {}), ensure_ascii=False),
            "reason": reason,
            "person": person,
        },
    )
    event.detail.update({"proposal": number, "about": kind, "subject": subject})
    return int(number or 0)


def open_proposal(connection: Connection, proposal_id: int) -> Proposal:
    """A proposal that waits for an answer; LedgerRefused for any other number."""
    found = connection.execute(
        text(PROPOSALS_SQL["open_proposal"]),
        {"id": proposal_id},
    ).one_or_none()
    if found is None:
        raise LedgerRefused(refusal("proposal_not_waiting", number=proposal_id))
    return Proposal(*found)


def record_decision(event: Event, proposal: Proposal, outcome: str, reason: str, person: str) -> None:
    """Write down that a person `confirmed` or `rejected` it. Its proposer's confirmation is refused."""
    event.connection.execute(
        text(PROPOSALS_SQL["insert_proposal_decisions"]),
        {"id": proposal.id, "outcome": outcome, "reason": reason, "person": person},
    )
    event.detail.update(
        {"proposal": proposal.id, "about": proposal.kind, "subject": proposal.subject, "outcome": outcome}
    )


# --- Codes of licences ---
# Codes that a licence bears though their check character is wrong: two people register them for a region.

CODES_SQL = Statements("codes")

REGISTRATION = "code_registration"


def propose_code(event: Event, code: str, region: str, *, evidence: str, reason: str, person: str) -> int:
    """A code for a region, by one person; it counts from the next night on once another confirms it.

    evidence: the licence, and where it is kept. UsageError if no licence can have it; LedgerRefused for a
    code that is registered there.
    """
    _check(code)
    known = text("SELECT EXISTS (SELECT FROM registered_codes WHERE (code, region_code) = (:code, :region))")
    if event.connection.scalar(known, {"code": code, "region": region}):
        raise LedgerRefused(refusal("code_registered", uscc=code, region=region))
    return propose(
        event,
        REGISTRATION,
        subject=code,
        region_code=region,
        content={"evidence": evidence},
        reason=reason,
        person=person,
    )


def register_code(event: Event, proposal: Proposal, person: str) -> None:
    """The effect of the second person's confirmation: the code counts."""
    event.connection.execute(
        text(CODES_SQL["insert_registered_codes"]),
        {
            "code": proposal.subject,
            "region": proposal.region_code,
            "evidence": proposal.content["evidence"],
            "proposal": proposal.id,
        },
    )


def _check(code: str) -> None:
    if is_identity_number(code):
        raise UsageError("this is a person's identity-card number: no licence bears it as its code")
    if not has_code_shape(code):
        raise UsageError(
            f"{code} is no code of a licence; expected 18 characters without I, O, S, V and Z that begin "
            "with an authority, a kind and a division; next: read the licence again"
        )
    if is_credit_code(code):
        raise UsageError(f"{code} is right as it is: it needs no registration")


# --- Recoveries ---
# Recovery cases (追回): the money that finance says came back, and the two people who end a case.
#
# Money that came back is not already paid, so finance's `prior_refunds` show it: the rows with our payment
# reference add up to the amount left of the payment. A case ends as `recovered` only with such a row.

RECOVERIES_SQL = Statements("recoveries")

CLOSING = "recovery_closing"
RECOVERY_OUTCOMES = ("recovered", "dropped")


def note_money_back(connection: Connection) -> None:
    """Record what the rows of `night_refunds` say is left of each paid payment, where that is news."""
    RECOVERIES_SQL.run(connection, "left")


def propose_closing(event: Event, case_id: int, outcome: str, reason: str, person: str) -> int:
    """A person asks that a case end: the money is back (`recovered`) or is left (`dropped`); the proposal.

    LedgerRefused for a case that is not open.
    """
    if outcome not in RECOVERY_OUTCOMES:
        raise LedgerRefused(refusal("closing_outcome", outcome=outcome))
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
        text(RECOVERIES_SQL["insert_recovery_closings"]),
        {"id": case_id, "outcome": outcome, "reason": proposal.reason, "by": person},
    )
    event.detail.update({"case": case_id, "outcome": outcome, "proposed_by": proposal.proposed_by})


def _region_of_open(event: Event, case_id: int) -> str:
    found = event.connection.scalar(
        text(RECOVERIES_SQL["region_of_open"]),
        {"id": case_id},
    )
    if found is None:
        raise LedgerRefused(refusal("case_not_open", number=case_id))
    return str(found)


# --- Settlements ---
# A line about which the bank contradicts itself: its result is settled by two people, by the bank's letter.
#
# The same way ends what a reject as a duplicate leaves open: the bank has the payment and says no more.

SETTLEMENTS_SQL = Statements("settlements")
BALANCE_SQL = Statements("balance")

CONTRADICTION = "contradiction"
SETTLEMENT_OUTCOMES = ("paid", "returned")


def propose_settlement(event: Event, end_to_end_id: str, outcome: str, reason: str, person: str) -> int:
    """One person says what became of the line, by the bank's letter; the proposal's number.

    LedgerRefused where the bank has neither contradicted itself about it nor left it open as a duplicate.
    """
    if outcome not in SETTLEMENT_OUTCOMES:
        raise LedgerRefused(refusal("settlement_outcome", outcome=outcome))
    line = _line(event.connection, end_to_end_id)
    content = {"outcome": outcome, "known": line.known, "since": str(line.since)}
    return propose(
        event,
        CONTRADICTION,
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
    SETTLEMENTS_SQL.run(connection, "settled", "answered", **values)
    _move(connection, line, values)
    event.detail.update({"end_to_end_id": proposal.subject, "settled": outcome, "known": line.known})


def _line(connection: Connection, end_to_end_id: str) -> Any:
    found = connection.execute(text(SETTLEMENTS_SQL["line"]), {"id": end_to_end_id}).one_or_none()
    if found is None:
        raise LedgerRefused(refusal("nothing_to_settle", line=end_to_end_id))
    return found


def _move(connection: Connection, line: Any, values: dict[str, Any]) -> None:
    """Put the payment where its lines' results are, what the unit has beside it aside, and the sums right."""
    now = connection.execute(text(SETTLEMENTS_SQL["standing"]), values).one()
    target = _target(now)
    if target is not None:
        if now.other_state == "instructed" and target == "returned":
            raise LedgerRefused(refusal("other_under_way"))
        touched = [now.other] if now.other is not None and now.other_state != "instructed" else []
        SETTLEMENTS_SQL.run(connection, "voided", payments=[line.payment_id, *touched])
        BATCHES_SQL.run(connection, "unbatched", payments=[line.payment_id, *touched])
        if touched:
            connection.execute(text(SETTLEMENTS_SQL["withdrawn"]), values | {"payments": touched})
        connection.execute(text(SETTLEMENTS_SQL["moved"]), values | {"state": target})
        if target == "returned":
            connection.execute(text(SETTLEMENTS_SQL["same_account"]), values)
    connection.execute(text(SETTLEMENTS_SQL["balancing"]), values)
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
    found = event.connection.execute(
        text(SETTLEMENTS_SQL["new_account"]), {"id": end_to_end_id}
    ).one_or_none()
    if found is None:
        raise LedgerRefused(refusal("no_new_account", line=end_to_end_id))
    event.connection.execute(
        text(SETTLEMENTS_SQL["insert_account_acceptances"]),
        {"account": found.id, "reason": reason, "person": person},
    )
    event.detail.update({"new_account": found.id, "end_to_end_id": end_to_end_id})
    return str(found.account)


# --- Withdrawals of a night ---
# The withdrawal of a night by two people: it is no region's newest any more, and its promises end.
#
# Instructed payments stay, and so does the payment list of the night: the bank has it.

WITHDRAWALS_SQL = Statements("withdrawals")

WITHDRAWAL = "night_withdrawal"


@dataclass(frozen=True)
class Undone:
    """The acts of a region's night that its withdrawal takes back, and those that stay (yuan).

    announced: payments put on notice or cleared in its name, not instructed; batches: formed ones.
    """

    region_code: str
    night_id: int
    announced: int
    announced_yuan: Decimal
    batches: int
    instructed: int
    instructed_yuan: Decimal


def would_undo(connection: Connection, business_date: date, region_code: str = NATION) -> list[Undone]:
    """By region, of the regions in `region_code` whose newest night is that date's."""
    values = {"on": business_date, "region": region_code}
    return [Undone(*row) for row in connection.execute(text(WITHDRAWALS_SQL["undone"]), values)]


OF_NIGHT = """
    (n.opened_on = w.business_date OR EXISTS (
        SELECT FROM notice_closings k WHERE k.notice_id = n.id AND k.closed_on = w.business_date))
"""
"""A payment's notice was opened or closed in the name of the night: its days are to run again."""


def propose_withdrawal(
    event: Event, business_date: date, region_code: str, reason: str, person: str
) -> tuple[int, list[Undone]]:
    """A person asks that the night of a date be taken back, of a region and those below it; the proposal.

    LedgerRefused if it is no region's newest night.
    """
    found = would_undo(event.connection, business_date, region_code)
    if not found:
        raise LedgerRefused(_not_newest(event.connection, business_date, region_code))
    number = propose(
        event,
        WITHDRAWAL,
        subject=f"night {business_date.isoformat()}",
        reason=reason,
        person=person,
        region_code=region_code,
        content={
            "business_date": business_date.isoformat(),
            "nights": {one.region_code: one.night_id for one in found},
        },
    )
    return number, found


def _not_newest(connection: Connection, business_date: date, region_code: str) -> Message:
    newest = connection.scalar(text(WITHDRAWALS_SQL["not_newest"]), {"region": region_code})
    return refusal("night_not_newest", on=business_date, region=region_code, newest=newest or NONE)


def withdraw_night(event: Event, proposal: Proposal, person: str) -> None:
    """Another person has confirmed it. LedgerRefused where the night is not the newest any more."""
    connection = event.connection
    before = [
        one
        for one in would_undo(connection, date.fromisoformat(proposal.content["business_date"]))
        if one.region_code in proposal.content["nights"]
    ]
    WITHDRAWALS_SQL.run(connection, "nights", proposal=proposal.id)
    WITHDRAWALS_SQL.run(connection, "voided")
    BATCHES_SQL.run(connection, "unbatched")
    WITHDRAWALS_SQL.run(connection, "taken_back", "superseded", "recognised")
    event.detail.update(
        business_date=proposal.content["business_date"],
        regions=sorted(proposal.content["nights"]),
        announced=sum(one.announced for one in before),
        instructed=sum(one.instructed for one in before),
        confirmed_by=person,
    )
