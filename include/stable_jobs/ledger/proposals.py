"""Proposals: one person proposes an act, another confirms it, and only then it takes effect.

A row each, in the chain of events. `ledger.proposal_kinds` has the effect of each kind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.statements import Statements
from stable_jobs.regions import NATION

SQL = Statements("proposals")


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
        text(SQL["insert_proposals"]),
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
        text(SQL["open_proposal"]),
        {"id": proposal_id},
    ).one_or_none()
    if found is None:
        raise LedgerRefused(
            f"proposal {proposal_id} waits for nobody: `stable-jobs proposal list` shows those that do"
        )
    return Proposal(*found)


def record_decision(event: Event, proposal: Proposal, outcome: str, reason: str, person: str) -> None:
    """Write down that a person `confirmed` or `rejected` it. Its proposer's confirmation is refused."""
    event.connection.execute(
        text(SQL["insert_proposal_decisions"]),
        {"id": proposal.id, "outcome": outcome, "reason": reason, "person": person},
    )
    event.detail.update(
        {"proposal": proposal.id, "about": proposal.kind, "subject": proposal.subject, "outcome": outcome}
    )
