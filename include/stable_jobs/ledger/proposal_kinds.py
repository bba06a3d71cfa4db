"""The kinds of proposals, and the effect of each one's confirmation by another person."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import policies, recoveries, settlements, withdrawals
from stable_jobs.ledger.codes import REGISTRATION, register_code
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.proposals import Proposal, open_proposal, record_decision

Apply = Callable[[Event, Proposal, str], None]
"""(event, the proposal, who confirms it): what follows within the same event. It raises LedgerRefused where
what was proposed no longer fits the ledger; then nothing is confirmed."""

KINDS: Mapping[str, Apply] = {
    REGISTRATION: register_code,
    recoveries.CLOSING: recoveries.close_case,
    withdrawals.WITHDRAWAL: withdrawals.withdraw_night,
    settlements.KIND: settlements.settle,
    policies.KIND: policies.confirm_values,
}
"""By `proposals.kind`; `messages.ledger.PROPOSAL_KIND` has their names."""


def decide_proposal(event: Event, proposal_id: int, outcome: str, reason: str, person: str) -> Proposal:
    """A person answers a proposal: `confirmed` by another person than its proposer, or `rejected`.

    LedgerRefused where it does not wait, for its own proposer's confirmation, and where the ledger has moved
    on.
    """
    proposal = open_proposal(event.connection, proposal_id)
    record_decision(event, proposal, outcome, reason, person)
    if outcome == "confirmed":
        apply = KINDS.get(proposal.kind)
        if apply is None:
            raise LedgerRefused(f"proposal {proposal_id} is of a kind that this version does not know")
        apply(event, proposal, person)
    return proposal
