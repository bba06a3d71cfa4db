"""The ledger and its model side by side: each deed is done to both, and what always holds is looked at."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, RuleStrategy, invariant
from sqlalchemy import text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event, ledger_event
from tests.ledger.conftest import Books
from tests.ledger.model.records import Forbidden, Model, Newest, Payment, UnitKey

ASKED = {
    "units": """
        SELECT concat_ws(' ', region_code, uscc, policy_year), scheme, entitled_amount, outside, paid, open,
               waived, to_recover FROM entitlement_balances
    """,
    "payments": """
        SELECT concat_ws(' ', region_code, uscc, policy_year, p.ordinal), p.scheme, p.amount, p.state
        FROM payments p JOIN entitlements e ON e.id = p.entitlement_id
    """,
    "batches": "SELECT batch_no, state, count, total FROM batches",
    "instructions": """
        SELECT i.end_to_end_id, i.amount, l.account_no, r.outcome FROM instructions i
        JOIN payment_lines l ON l.id = i.line_id LEFT JOIN line_results r ON r.line_id = i.line_id
    """,
}


@dataclass
class Told:
    """What all sequences did together."""

    deeds: Counter[str]
    events: int = 0
    sequences: int = 0


class EveryRule(RuleStrategy):
    """Any rule that is possible now. Hypothesis would leave out a random half of them in each sequence, and
    most ways from a decision to money need more than what is left."""

    def do_draw(self, data: Any) -> tuple[Any, dict[str, Any]]:
        rule = data.draw(st.sampled_from([rule for rule in self.rules if self.is_valid(rule)]))
        return rule, {name: data.draw(strategy) for name, strategy in rule.arguments_strategies.items()}


class Both(RuleBasedStateMachine):
    """One sequence. `books`, `reset` and `told` are set by whoever runs it."""

    books: Books
    reset: Callable[[], None]
    told: Told
    on: date

    def __init__(self) -> None:
        super().__init__()
        self._rules_strategy = EveryRule(self)
        type(self).reset()
        self.model = Model()
        self.seen_events = -1
        self.told.sequences += 1

    def both(self, name: str, real: Callable[[], Any], modelled: Callable[[], Any]) -> tuple[Any, Any] | None:
        """What each answered; None if both refused."""
        try:
            expected = modelled()
        except Forbidden:
            with pytest.raises(LedgerRefused):
                real()
            self.told.deeds[f"{name}, refused"] += 1
            return None
        self.told.deeds[name] += 1
        return real(), expected

    def same(self, name: str, real: Callable[[], Any], modelled: Callable[[], Any]) -> None:
        """Both do it and answer the same."""
        answered = self.both(name, real, modelled)
        assert answered is not None
        assert answered[0] == answered[1], name

    def event(self, kind: str, actor: str = "stable-jobs") -> AbstractContextManager[Event]:
        return ledger_event(self.books.engine, kind, actor=actor, business_date=self.on)

    def by(self, who: str, deed: Callable[[Any], Any]) -> Callable[[], Any]:
        """The deed as an event of that person's."""

        def done() -> Any:
            with self.event("deed", who) as event:
                return deed(event)

        return done

    def in_state(self, *states: str) -> list[Payment]:
        return [payment for payment in self.model.payments() if payment.state in states]

    def events(self) -> int:
        return int(self.books.ask("SELECT count(*) FROM audit_events")[0][0])

    @invariant()
    def both_say_the_same(self) -> None:
        """A step without an event changed nothing, and then the model must not have changed either."""
        events = self.events()
        if events != self.seen_events:
            self.ledger_says, self.seen_events = self.ask_ledger(), events
        assert self.ledger_says == model_says(self.model)
        settled = {a.end_to_end_id[:-3] for _, a in self.model.attempts().values() if a.settled_by}
        nobody_is_paid_twice(self.ledger_says, settled)
        for region, newest in self.model.newest.items():
            if not newest.is_suspended:
                nobody_is_forgotten(self.model, region, newest)

    def ask_ledger(self) -> dict[str, Any]:
        with self.books.engine.connect() as connection:
            disagreeing = text("SELECT region_code, uscc, detail FROM open_disagreements")
            assert connection.execute(disagreeing).all() == []
            return {
                name: {row[0]: tuple(row[1:]) for row in connection.execute(text(query))}
                for name, query in ASKED.items()
            }

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:
            self.told.events += self.events()
            assert self.books.breaks() == []


def model_says(model: Model) -> dict[str, Any]:
    return {
        "units": {
            " ".join(map(str, key)): (
                *(e.scheme, e.entitled, e.outside),
                *(e.paid, e.open_amount, e.total("waived"), e.recovering),
            )
            for key, e in model.units.items()
        },
        "payments": {
            " ".join(map(str, (*p.unit, p.ordinal))): (p.scheme, p.amount, p.state) for p in model.payments()
        },
        "batches": {number: (b.state, len(b.lines), b.total) for number, b in model.batches.items()},
        "instructions": {i: (a.amount, a.account_no, a.outcome) for i, (_, a) in model.attempts().items()},
    }


def nobody_is_paid_twice(ledger: dict[str, Any], settled: set[str]) -> None:
    """By what the ledger says, whatever the model thinks. settled: payments that people found paid twice."""
    for unit, (_, entitled, outside, paid, opened, waived, recovering) in ledger["units"].items():
        assert paid + opened <= entitled - outside + recovering, unit
        assert entitled == outside + paid + opened + waived - recovering, unit
    standing = Counter(
        i[:-3] for i, (_, _, outcome) in ledger["instructions"].items() if outcome != "returned"
    )
    assert [one for one, count in standing.items() if count > 1 and one not in settled] == []


def nobody_is_forgotten(model: Model, region: str, newest: Newest) -> None:
    """Whoever the newest night says is due something has it, or waits for it, or it is known why not."""
    for said in model.in_ledger(newest.night).units:
        if said["region_code"] == region and said["decision"] == "eligible" and said["is_paid_known"]:
            key = (region, said["uscc"], newest.night.on.year)
            assert key in newest.excused or _is_served(model, key, said["scheme"], said["entitlement"]), said


def _is_served(model: Model, key: UnitKey, scheme: str, entitlement: Decimal) -> bool:
    known = model.units.get(key)
    if known is None:
        return entitlement == 0
    has = model.newest[key[0]].outside[key] + known.settled + known.dropped + known.open_amount
    return has >= entitlement or known.is_barred(scheme, entitlement - has)
