"""What people decide beside approvals, as rules for the ledger and its model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from stable_jobs import acts
from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import notices as ledger_notices
from stable_jobs.ledger import policies, proposals, rulings
from stable_jobs.store.loading import load_rows, temporary_table
from tests.ledger.both import Both
from tests.ledger.model import bank, nights, notices
from tests.ledger.model.records import Forbidden, UnitKey
from tests.ledger.plans import PLENTY, POOL, UNITS, A, B

person = st.sampled_from(["first", "second", "both", "officer"])
region = st.sampled_from([A, B, "000000"])
place = st.sampled_from([A, B])
index = st.integers(0, 5)


def values(said: str) -> dict[str, dict[str, str]]:
    """A region's values, of which one is what its files say."""
    return {"general.refund_rate.small": {"value": said, "from": "2020-01-01", "reference": "某文"}}


class People(Both):
    """Objections, policies, holds, refunds in doubt, recovery, the deadline, the budget."""

    @precondition(lambda self: self.in_state("on_notice", "objected"))
    @rule(which=index, who=person, outcome=st.sampled_from(["", "upheld", "dismissed"]))
    def object(self, which: int, who: str, outcome: str) -> None:
        on_notice = [payment.unit for payment in self.in_state("on_notice", "objected")]
        number = self.object_to(on_notice[which % len(on_notice)], who)
        if outcome and number:
            self.decide(number, outcome, who)

    @rule(place=st.integers(0, 3), who=person)
    def object_to_anybody(self, place: int, who: str) -> None:
        self.object_to((*UNITS[place][:2], self.on.year), who)

    def object_to(self, unit: UnitKey, who: str) -> int | None:
        region, code, _ = unit
        found = self.both(
            "object",
            self.by(
                who, lambda event: ledger_notices.add_objection(event, region, code, "laid off ten", who)
            ),
            lambda: notices.raise_objection(self.model, region, code),
        )
        if found is None:
            return None
        self.model.objections[found[0]] = found[1]
        return int(found[0])

    @precondition(lambda self: self.model.objections)
    @rule(which=index, outcome=st.sampled_from(["upheld", "dismissed", "dismissed"]), who=person)
    def decide_objection(self, which: int, outcome: str, who: str) -> None:
        number = list(self.model.objections)[-1 - which % len(self.model.objections)]
        self.decide(number, outcome, who)

    def decide(self, number: int, outcome: str, who: str) -> None:
        self.both(
            "decide objection",
            self.by(who, lambda event: ledger_notices.decide_objection(event, number, outcome, "heard", who)),
            lambda: notices.decide_objection(self.model, self.model.objections[number], outcome, who),
        )

    @rule(place=place, said=st.sampled_from("ab"))
    def edit_policy(self, place: str, said: str) -> None:
        """Somebody writes other values into the region's files: nothing of the ledger changes."""
        self.model.values[place] = said

    @rule(place=place, first=person, second=person)
    def confirm_policy(self, place: str, first: str, second: str) -> None:
        self.agree_on_policy(place, self.on, first, second)

    def agree_on_policy(self, place: str, on: date, first: str, second: str) -> None:
        """One person vouches for the files, another confirms; who does both is refused, and takes it back."""
        said = self.model.values[place]

        def proposed() -> None:
            if self.model.confirmed_on(place, on) == said:
                raise Forbidden

        def agreed() -> None:
            if first == second:
                raise Forbidden
            self.model.confirmed.append((place, on, said))

        given = {place: values(said)}
        found = self.both(
            "propose policy",
            self.by(first, lambda event: policies.propose_values(event, given, place, on, "a letter", first)),
            proposed,
        )
        if found is None:
            return
        number = found[0][0]
        decide = acts.decide_proposal
        confirmed = self.by(second, lambda event: decide(event, number, "confirmed", "", second))
        if self.both("confirm policy", confirmed, agreed) is None:
            self.by(first, lambda event: decide(event, number, "rejected", "not mine", first))()

    @precondition(lambda self: len(self.model.holds) < 2)
    @rule(region=region, who=person)
    def hold(self, region: str, who: str) -> None:
        self.both(
            "hold",
            self.by(who, lambda event: rulings.hold_region(event, region, "wait", who)),
            lambda: self.model.holds.append((region, who)),
        )

    @precondition(lambda self: self.model.holds)
    @rule(region=region, who=person)
    def release(self, region: str, who: str) -> None:
        self.both(
            "release",
            self.by(who, lambda event: rulings.release_region(event, region, "go on", who)),
            lambda: bank.release(self.model, region, who),
        )

    @precondition(lambda self: self.model.reported)
    @rule(which=index, ruling=st.sampled_from(["same", "outside"]), who=person)
    def rule_on_refund(self, which: int, ruling: str, who: str) -> None:
        keys = self.doubtful() or list(self.model.reported)
        self.rule_on(keys[which % len(keys)], ruling, who)

    def doubtful(self) -> list[tuple[str, int, str]]:
        known = self.model.reported.items()
        return [key for key, found in known if found.standing == "doubtful" and not found.ruling]

    def rule_on(self, key: tuple[str, int, str], ruling: str, who: str) -> None:
        query = """
            SELECT id FROM reported_refunds
            WHERE (region_code, policy_year, voucher_no) = (:region, :year, :no)
        """
        number = self.books.ask(query, region=key[0], year=key[1], no=key[2])[0][0]
        self.both(
            "rule on refund",
            self.by(who, lambda event: rulings.rule_on_refund(event, number, ruling, "checked", who)),
            lambda: bank.rule(self.model, self.model.reported[key], ruling, who),
        )

    @precondition(lambda self: self.model.doubts)
    @rule(which=index, ruling=st.sampled_from(["cleared", "cleared", "same"]), who=person)
    def rule_on_a_doubt(self, which: int, ruling: str, who: str) -> None:
        pairs = self.open_doubts() or list(self.model.doubts)
        self.rule_on_pair(pairs[which % len(pairs)], ruling, who)

    def open_doubts(self) -> list[tuple[UnitKey, UnitKey]]:
        return [pair for pair, found in self.model.doubts.items() if not found.ruling]

    def rule_on_pair(self, pair: tuple[UnitKey, UnitKey], ruling: str, who: str) -> None:
        query = """
            SELECT d.id FROM doubts d JOIN entitlements e ON e.id = d.entitlement_id
            WHERE (e.region_code, e.uscc, e.policy_year) = (:region, :code, :year) AND d.kind = 'two_regions'
        """
        ((number,),) = self.books.ask(query, region=pair[0][0], code=pair[0][1], year=pair[0][2])
        self.both(
            "rule on doubt",
            self.by(who, lambda event: rulings.rule_on_doubt(event, number, ruling, "asked", who)),
            lambda: bank.rule_on_doubt(self.model.doubts[pair], ruling, who),
        )

    @precondition(lambda self: any(known.cases for known in self.model.units.values()))
    @rule(which=index, outcome=st.sampled_from(["recovered", "dropped"]), who=person, other=person)
    def close_recovery(self, which: int, outcome: str, who: str, other: str) -> None:
        cases = [(*key, n) for key, known in self.model.units.items() for n in range(len(known.cases))]
        region, code, year, place = cases[-1 - which % len(cases)]
        query = """
            SELECT c.id FROM recovery_cases c JOIN entitlements e ON e.id = c.entitlement_id
            WHERE (region_code, uscc, policy_year) = (:region, :code, :year) ORDER BY c.id
        """
        numbers = self.books.ask(query, region=region, code=code, year=year)
        of = self.model.units[region, code, year]
        self.both(
            f"close recovery as {outcome}",
            self.by_two(
                who,
                other,
                lambda e: proposals.propose_closing(e, numbers[place][0], outcome, "so", who),
            ),
            lambda: bank.close_recovery(self.model, of, of.cases[place], outcome, who, other),
        )

    def by_two(self, who: str, other: str, proposing: Callable[[Any], int]) -> Callable[[], None]:
        """One proposes and the other confirms; what is refused is taken back."""

        def done() -> None:
            number = self.by(who, proposing)()
            try:
                self.answer(number, "confirmed", other)
            except LedgerRefused:
                self.answer(number, "rejected", who)
                raise

        return done

    def answer(self, number: int, outcome: str, who: str) -> None:
        self.by(who, lambda e: acts.decide_proposal(e, number, outcome, "so", who))()

    @precondition(lambda self: self.model.newest)
    @rule(who=person, other=person)
    def withdraw_night(self, who: str, other: str) -> None:
        """The night that was taken over last, wherever it is the newest."""
        self.both(
            "withdraw night",
            self.by_two(
                who,
                other,
                lambda e: proposals.propose_withdrawal(e, self.on, "000000", "a slip", who)[0],
            ),
            lambda: nights.withdraw(self.model, self.on, who, other),
        )

    @precondition(lambda self: self.in_state("returned", "objected"))
    @rule(over=st.tuples(st.booleans(), st.booleans()))
    def waive(self, over: tuple[bool, bool]) -> None:
        deadlines = [(code, self.on - timedelta(days=late)) for code, late in zip((A, B), over, strict=True)]

        def deed(event: Any) -> int:
            columns = {"region_code": "text", "deadline": "date"}
            temporary_table(event.connection, "night_deadlines", columns)
            load_rows(event.connection, "night_deadlines", deadlines)
            return rulings.waive_overdue(event)

        is_over = dict(zip((A, B), over, strict=True))
        self.same("waive", self.by("stable-jobs", deed), lambda: notices.waive(self.model, self.on, is_over))

    @rule(amount=st.sampled_from([Decimal(160), PLENTY]), who=person)
    def enter_budget(self, amount: Decimal, who: str) -> None:
        year = self.on.year
        self.both(
            "budget",
            self.by(who, lambda event: rulings.enter_budget(event, POOL, year, amount, "more", who)),
            lambda: bank.enter_budget(self.model, year, amount, who),
        )
