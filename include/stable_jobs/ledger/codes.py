"""Codes that a licence bears though their check character is wrong: two people register them for a region."""

from __future__ import annotations

from sqlalchemy import text

from stable_jobs.credit_code import has_code_shape, is_credit_code, is_identity_number
from stable_jobs.errors import LedgerRefused, UsageError
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.proposals import Proposal, propose
from stable_jobs.ledger.statements import Statements

SQL = Statements("codes")

REGISTRATION = "code_registration"


def propose_code(event: Event, code: str, region: str, *, evidence: str, reason: str, person: str) -> int:
    """A code for a region, by one person; it counts from the next night on once another confirms it.

    evidence: the licence, and where it is kept. UsageError if no licence can have it; LedgerRefused for a
    code that is registered there.
    """
    _check(code)
    known = text("SELECT EXISTS (SELECT FROM registered_codes WHERE (code, region_code) = (:code, :region))")
    if event.connection.scalar(known, {"code": code, "region": region}):
        raise LedgerRefused(
            f"code {code} is registered for region {region}: `stable-jobs code list` shows it"
        )
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
        text(SQL["insert_registered_codes"]),
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
