"""The kinds of proposals, and what follows when another person confirms one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import policies, recoveries, settlements, withdrawals
from stable_jobs.ledger.codes import REGISTRATION, register_code
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.proposals import Proposal, open_proposal, record_decision


@dataclass(frozen=True)
class Kind:
    """A kind of proposal, in words, and what its confirmation does within the same event.

    apply: raises LedgerRefused where what was proposed no longer fits the ledger; then nothing is confirmed.
    """

    zh: str
    en: str
    apply: Callable[[Event, Proposal, str], None]
    """(event, the proposal, who confirms it)."""


KINDS: Mapping[str, Kind] = {
    REGISTRATION: Kind("登记统一社会信用代码", "registration of a licence's code", register_code),
    recoveries.CLOSING: Kind("追回结案", "end of a recovery case", recoveries.close_case),
    withdrawals.WITHDRAWAL: Kind("撤销夜间认定", "withdrawal of a night", withdrawals.withdraw_night),
    settlements.KIND: Kind(
        "银行答复矛盾的处理", "what the bank's contradicting answers come to", settlements.settle
    ),
    policies.KIND: Kind("政策参数", "Values of a region's policy", policies.confirm_values),
}
"""By `proposals.kind`."""


def decide_proposal(event: Event, proposal_id: int, outcome: str, reason: str, person: str) -> Proposal:
    """A person answers a proposal: `confirmed` by another person than its proposer, or `rejected`.

    LedgerRefused where it does not wait, for its own proposer's confirmation, and where the ledger has moved
    on.
    """
    proposal = open_proposal(event.connection, proposal_id)
    record_decision(event, proposal, outcome, reason, person)
    if outcome == "confirmed":
        kind = KINDS.get(proposal.kind)
        if kind is None:
            raise LedgerRefused(f"proposal {proposal_id} is of a kind that this version does not know")
        kind.apply(event, proposal, person)
    return proposal
