"""People's acts, by name, for the command line and the server; and each kind of proposal with its effect."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_type_hints

from sqlalchemy import Engine

from stable_jobs.disbursement import corrections
from stable_jobs.errors import LedgerRefused, UsageError
from stable_jobs.ledger import policies, proposals
from stable_jobs.ledger.batches import assign_approver, known_batch, missing_level, record_answer
from stable_jobs.ledger.event import SYSTEM, Event, ledger_event
from stable_jobs.ledger.notices import add_objection, decide_objection
from stable_jobs.ledger.people import Hand, acting, check_reason
from stable_jobs.ledger.policies import accept_total
from stable_jobs.ledger.proposals import (
    REGISTRATION,
    Proposal,
    accept_account,
    open_proposal,
    propose_closing,
    propose_code,
    propose_settlement,
    propose_withdrawal,
    record_decision,
    register_code,
)
from stable_jobs.ledger.rulings import (
    enter_budget,
    hold_region,
    release_region,
    rule_on_doubt,
    rule_on_refund,
)
from stable_jobs.messages.ledger_refusals import TEXT_OF, refusal
from stable_jobs.settings import Settings

if TYPE_CHECKING:
    from pydantic import BaseModel


# --- The kinds of proposals ---

Apply = Callable[[Event, Proposal, str], None]
"""(event, the proposal, who confirms it): what follows within the same event. It raises LedgerRefused where
what was proposed no longer fits the ledger; then nothing is confirmed."""

KINDS: Mapping[str, Apply] = {
    REGISTRATION: register_code,
    proposals.CLOSING: proposals.close_case,
    proposals.WITHDRAWAL: proposals.withdraw_night,
    proposals.CONTRADICTION: proposals.settle,
    policies.POLICY_VALUES: policies.confirm_values,
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
            raise LedgerRefused(refusal("act_unknown", number=proposal_id))
        apply(event, proposal, person)
    return proposal


# --- The acts ---
# An act needs one permission. Its parameters are those of its function, checked at every call.

WORK, APPROVE, CONFIRM, RELEASE, MANAGE = "work", "approve", "confirm", "release", "manage"
"""The permissions of acts: values of `review.access.Permission`."""
WHERE = frozenset({"event", "engine", "settings"})
WORDS = ("reason", "evidence")
"""Parameters that people write in words, kept for good and read by many."""


@dataclass(frozen=True)
class Act:
    """One thing that a person does.

    do: its first parameter is the open `event`, or the `engine` or `settings` for what opens its own; its
    `by`, else its `person` is whoever acts. subject: of the event, with parameters in braces.
    """

    name: str
    permission: str
    do: Callable[..., Any]
    kind: str = ""
    subject: str = ""

    @cached_property
    def actor_parameter(self) -> str:
        """The parameter that takes the name of whoever acts."""
        known = inspect.signature(self.do).parameters
        return next(name for name in ("by", "person") if name in known)

    @cached_property
    def model(self) -> type[BaseModel]:
        """The parameters that are asked for."""
        from pydantic import ConfigDict, create_model

        hints = get_type_hints(self.do)
        fields: dict[str, Any] = {
            name: (hints[name], ... if one.default is one.empty else one.default)
            for name, one in inspect.signature(self.do).parameters.items()
            if name not in WHERE and name != self.actor_parameter
        }
        config = ConfigDict(extra="forbid", hide_input_in_errors=True, str_max_length=2000)
        return create_model(self.name, __config__=config, **fields)

    def read(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The function's arguments. UsageError, without the values, for what is missing or wrong."""
        from pydantic import ValidationError

        try:
            asked = self.model.model_validate(dict(parameters))
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise UsageError(f"{self.name}: {wrong}") from None
        found = {name: getattr(asked, name) for name in type(asked).model_fields}
        for name in WORDS:
            if isinstance(found.get(name), str):
                found[name] = check_reason(found[name], TEXT_OF[name])
        return found


def perform(
    name: str, parameters: Mapping[str, Any], *, person: str, hand: Hand, engine: Engine, settings: Settings
) -> Any:
    """Do an act in a person's name; its function's result as plain JSON.

    UsageError for wrong parameters, LedgerRefused if the ledger does not accept the act.
    """
    act = ACTS[name]
    asked = act.read(parameters)
    if person == SYSTEM:
        raise UsageError(f"{SYSTEM} is the name of what no person did")
    values = {**asked, act.actor_parameter: person}
    with acting(hand):
        where = next(iter(inspect.signature(act.do).parameters))
        if where != "event":
            return as_json(act.do({"engine": engine, "settings": settings}[where], **values))
        subject = act.subject.format_map(asked)
        with ledger_event(engine, act.kind, actor=person, subject=subject) as event:
            return as_json(act.do(event, **values))


def as_json(value: Any) -> Any:
    """The value in JSON's own types."""
    from pydantic_core import to_json

    return json.loads(to_json(value))


def answer(
    event: Event, batch_no: str, batch_hash: str, level: int, answer: str, reason: str, person: str
) -> dict[str, Any]:
    """Answer for a batch at the command line; the approval that is missing then, if the batch is open."""
    record_answer(
        event,
        batch_no,
        batch_hash=batch_hash,
        level=level,
        person=person,
        answer=answer,
        reason=reason,
        answered_in="command line",
    )
    batch = known_batch(event.connection, batch_no)
    return {"state": batch.state, "missing": missing_level(event.connection, batch)}


def assign(event: Event, approver: str, region_code: str, level: int, is_assigned: bool, by: str) -> bool:
    """Assign an approver or end that; whether the approver was assigned before."""
    from stable_jobs.ledger.views import is_assigned as was_assigned

    known = was_assigned(event.connection, approver, region_code, level)
    assign_approver(event, approver, region_code, level, is_assigned, by)
    return known


def accept_delivery(engine: Engine, delivery_id: int, reason: str, by: str) -> list[str]:
    """Release a delivery that a rule holds; the rules."""
    from stable_jobs.night.owed import accept_held_delivery

    return [one.rule_id for one in accept_held_delivery(engine, delivery_id, reason=reason, released_by=by)]


def rule_on_doubts(event: Event, doubt_ids: list[int], outcome: str, reason: str, person: str) -> None:
    """Rule on all of these doubts or on none."""
    for number in doubt_ids:
        rule_on_doubt(event, number, outcome, reason, person)
    event.detail.update({"doubts": doubt_ids})


def propose_policy(settings: Settings, region_code: str, on: date, reason: str, by: str) -> list[int]:
    """Vouch for what the files say of a region from that date on; the proposal and how many regions."""
    from stable_jobs.night import policies
    from stable_jobs.night.context import open_night

    with (
        open_night(settings, on) as night,
        ledger_event(
            night.database, "policy proposed", actor=by, subject=f"{region_code} from {on}"
        ) as event,
    ):
        return list(policies.propose_policy(night, event, region_code, reason, by))


ACTS: Mapping[str, Act] = {
    act.name: act
    for act in (
        Act("hold", WORK, hold_region, "hold", "{region_code}"),
        Act("release", WORK, release_region, "release", "{region_code}"),
        Act("add-objection", WORK, add_objection, "objection", "{region_code} {uscc}"),
        Act("decide-objection", WORK, decide_objection, "objection decided", "objection {objection_id}"),
        Act("answer-batch", APPROVE, answer, "approval", "{batch_no}"),
        Act("assign-approver", MANAGE, assign, "approvers", "{approver}"),
        Act("correct-account", WORK, corrections.correct),
        Act("confirm-account", CONFIRM, corrections.confirm),
        Act("propose-recovery-closing", WORK, propose_closing, "recovery proposed", "case {case_id}"),
        Act("rule-on-refund", WORK, rule_on_refund, "refund ruling", "refund {refund_id}"),
        Act("rule-on-doubts", WORK, rule_on_doubts, "doubt ruling", "doubts {doubt_ids}"),
        Act("propose-code", WORK, propose_code, "code proposed", "{code}"),
        Act("propose-policy", WORK, propose_policy),
        Act("accept-total", WORK, accept_total, "total accepted", "{region_code} {on}"),
        Act("propose-settlement", WORK, propose_settlement, "settlement proposed", "{end_to_end_id}"),
        Act("accept-account", CONFIRM, accept_account, "account accepted", "{end_to_end_id}"),
        Act(
            "propose-night-withdrawal",
            WORK,
            propose_withdrawal,
            "night withdrawal proposed",
            "night {business_date}",
        ),
        Act("set-budget", WORK, enter_budget, "budget", "{pooling_region} {policy_year}"),
        Act("accept-delivery", RELEASE, accept_delivery),
        Act("decide-proposal", CONFIRM, decide_proposal, "proposal answered", "proposal {proposal_id}"),
    )
}
"""By name. A line here is all that a new act needs."""
