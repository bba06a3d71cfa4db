"""What people decide beside approvals, as rules for the ledger and its model."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from stable_jobs.ledger import doubts, persons, refunds
from stable_jobs.ledger import notices as ledger_notices
from stable_jobs.store.loading import load_rows, temporary_table
from tests.ledger.both import Both
from tests.ledger.model import bank, notices
from tests.ledger.model.records import UnitKey
from tests.ledger.plans import PLENTY, POOL, UNITS, A, B

person = st.sampled_from(["first", "second", "both", "officer"])
region = st.sampled_from([A, B, "000000"])
index = st.integers(0, 5)


class People(Both):
    """Objections, holds, refunds in doubt, recovery, the deadline, the budget."""

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

    @precondition(lambda self: len(self.model.holds) < 2)
    @rule(region=region, who=person)
    def hold(self, region: str, who: str) -> None:
        self.both(
            "hold",
            self.by(who, lambda event: persons.hold_region(event, region, "wait", who)),
            lambda: self.model.holds.append((region, who)),
        )

    @precondition(lambda self: self.model.holds)
    @rule(region=region, who=person)
    def release(self, region: str, who: str) -> None:
        self.both(
            "release",
            self.by(who, lambda event: persons.release_region(event, region, "go on", who)),
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
            self.by(who, lambda event: refunds.rule_on_refund(event, number, ruling, "checked", who)),
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
            self.by(who, lambda event: doubts.rule_on_doubt(event, number, ruling, "asked", who)),
            lambda: bank.rule_on_doubt(self.model.doubts[pair], ruling, who),
        )

    @precondition(lambda self: any(known.cases for known in self.model.units.values()))
    @rule(which=index, outcome=st.sampled_from(["recovered", "dropped"]))
    def close_recovery(self, which: int, outcome: str) -> None:
        cases = [(*key, n) for key, known in self.model.units.items() for n in range(len(known.cases))]
        *key, place = cases[-1 - which % len(cases)]
        query = """
            SELECT c.id FROM recovery_cases c JOIN entitlements e ON e.id = c.entitlement_id
            WHERE (region_code, uscc, policy_year) = (:region, :code, :year) ORDER BY c.id
        """
        numbers = self.books.ask(query, region=key[0], code=key[1], year=key[2])
        case = self.model.units[key[0], key[1], key[2]].cases[place]
        self.both(
            "close recovery",
            self.by(
                "officer", lambda e: persons.close_recovery(e, numbers[place][0], outcome, "so", "officer")
            ),
            lambda: bank.close_recovery(self.model, case, outcome),
        )

    @precondition(lambda self: self.in_state("returned", "objected"))
    @rule(over=st.tuples(st.booleans(), st.booleans()))
    def waive(self, over: tuple[bool, bool]) -> None:
        deadlines = [(code, self.on - timedelta(days=late)) for code, late in zip((A, B), over, strict=True)]

        def deed(event: Any) -> int:
            columns = {"region_code": "text", "deadline": "date"}
            temporary_table(event.connection, "night_deadlines", columns)
            load_rows(event.connection, "night_deadlines", deadlines)
            return persons.waive_overdue(event)

        is_over = dict(zip((A, B), over, strict=True))
        self.same("waive", self.by("stable-jobs", deed), lambda: notices.waive(self.model, self.on, is_over))

    @rule(amount=st.sampled_from([Decimal(160), PLENTY]), who=person)
    def enter_budget(self, amount: Decimal, who: str) -> None:
        year = self.on.year
        self.both(
            "budget",
            self.by(who, lambda event: persons.enter_budget(event, POOL, year, amount, "more", who)),
            lambda: bank.enter_budget(self.model, year, amount, who),
        )
