"""Everything that can happen to the ledger, in any order: nights, batches, the bank, what people decide."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from sqlalchemy import text

from stable_jobs import acts
from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import batches as ledger_batches
from stable_jobs.ledger import entitlements, policies, proposals, returns
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.notices import put_in_force
from stable_jobs.ledger.people import Hand, acting
from stable_jobs.ledger.rulings import paid_by_us_query
from tests.ledger.conftest import Night, refund
from tests.ledger.model import bank, batches, nights, notices
from tests.ledger.model.records import Batch, Payment
from tests.ledger.people import People, index, person, values
from tests.ledger.plans import FIRST_CODES, PLENTY, SAME, A, B, Plan, made, plans

SAID = ["paid", "paid", "returned", "returned", "rejected", "duplicate", "pending", ""]
FIRST, NEXT_YEAR = date(2020, 5, 11), date(2021, 1, 15)
ASSIGNED = {("first", 1), ("second", 2), ("both", 1), ("both", 2), ("officer", 1)}
ALL = "SELECT (SELECT count(*) FROM approvals), (SELECT count(*) FROM audit_events)"
SENT = "SELECT end_to_end_id, amount FROM instructions WHERE instructed_on >= :on"
WRITTEN = "SELECT table_name FROM event_tables WHERE event = :event"
EVERY_NIGHT = {"decisions_in_force", "policy_nights", "policy_values", "region_nights", "region_totals"}
Row = dict[str, Any]


class _Undone(Exception):
    """Ends an event that leaves nothing."""


class LedgerMachine(People):
    """Rules draw what happens; `settle` lets everybody do what they should."""

    def __init__(self) -> None:
        super().__init__()
        self.on = FIRST - timedelta(days=1)
        self.of_date: list[Night] = []
        self.files: list[list[Row]] = []
        self.is_settled = False

    # -- nights -----------------------------------------------------------------------------------------

    @initialize(plan=plans, begun=st.sampled_from(["", "instructed", "paid", "returned"]))
    def begin(self, plan: Plan, begun: str) -> None:
        self.books.assign(*sorted(ASSIGNED))
        self.model.approvers |= ASSIGNED
        for place in (A, B):
            self.edit_policy(place, "a")
            self.agree_on_policy(place, FIRST - timedelta(days=800), "first", "second")
        self.night(plan | ({"days": 0} if begun else {}), 1)
        if begun:
            self.disburse()
        if begun in ("paid", "returned"):
            self.bank_says([answer(i, begun) for i in self.unanswered()])

    @rule(plan=plans, gap=st.sampled_from([0, 1, 1, 3, 8, 300]))
    def night(self, plan: Plan, gap: int) -> None:
        """The next night, or with no gap this one decided otherwise."""
        if gap:
            self.on = (
                NEXT_YEAR if gap == 300 and self.on < NEXT_YEAR else self.on + timedelta(days=gap % 300 + 1)
            )
            self.of_date = []
        self.of_date.append(self.made(self.on, plan))
        self.take("night", self.of_date[-1])

    @rule(plan=plans, gap=st.sampled_from([1, 8]))
    def night_and_disbursement(self, plan: Plan, gap: int) -> None:
        self.night(plan, gap)
        self.disburse()

    @precondition(lambda self: self.sent_this_year())
    @rule(plan=plans, which=index)
    def finance_reports(self, plan: Plan, which: int) -> None:
        """A night on which finance reports money that is ours or just like ours: nobody can tell."""
        payment = self.sent_this_year()[which % len(self.sent_this_year())]
        self.on += timedelta(days=1)
        night = self.made(self.on, plan)
        named = {
            FIRST_CODES[u["uscc"]]: u["uscc"] for u in night.units if u["region_code"] == payment.unit[0]
        }
        like_ours = refund(
            named.get(FIRST_CODES[payment.unit[1]], payment.unit[1]),
            region_code=payment.unit[0],
            policy_year=payment.unit[2],
            scheme=payment.scheme,
            amount=payment.amount,
            voucher_no=f"like {payment.next_id()}",
        )
        night = self.counted(replace(night, refunds=(*night.refunds, like_ours)))
        self.take("night", night)
        self.of_date = [night]

    @precondition(lambda self: self.recoverable())
    @rule(plan=plans, which=index, left=st.sampled_from([Decimal(0), Decimal(40), Decimal(60)]))
    def money_comes_back(self, plan: Plan, which: int, left: Decimal) -> None:
        """A night on which finance's row with our reference says what is left of a payment."""
        payment = self.recoverable()[which % len(self.recoverable())]
        self.on += timedelta(days=1)
        night = self.made(self.on, plan)
        row = refund(
            payment.unit[1],
            region_code=payment.unit[0],
            policy_year=payment.unit[2],
            scheme=payment.scheme,
            amount=left,
            voucher_no=f"left of {payment.attempts[-1].end_to_end_id}",
            payment_reference=payment.attempts[-1].end_to_end_id,
        )
        others = [r for r in night.refunds if r["payment_reference"] != row["payment_reference"]]
        night = self.counted(replace(night, refunds=(*others, row)))
        self.take("night", night)
        self.of_date = [night]

    def recoverable(self) -> list[Payment]:
        """Paid this year, of units with an open recovery case first of all."""
        paid = [p for p in self.in_state("paid") if p.unit[2] == self.on.year]
        owing = [p for p in paid if any(not c.outcome for c in self.model.units[p.unit].cases)]
        return owing or paid

    def sent_this_year(self) -> list[Payment]:
        return [payment for payment in self.in_state("instructed", "paid") if payment.unit[2] == self.on.year]

    def made(self, on: date, plan: Plan) -> Night:
        """The plan's night, without finance's rows about payments given up: test_refunds has those."""
        night = made(on, plan, self.model.joined)
        given_up = {
            attempt.end_to_end_id
            for payment, attempt in self.model.attempts().values()
            if payment.state in ("withdrawn", "waived")
        }
        told = tuple(row for row in night.refunds if row["payment_reference"] not in given_up)
        return self.counted(replace(night, refunds=told))

    def counted(self, night: Night) -> Night:
        """The night with what its decision counts as paid and says is left to pay (`policy.paid`).

        Without finance's rows that say another amount of a payment of this date: test_refunds has those.
        """
        sent = dict(self.books.ask(SENT, on=night.on))
        told = (r for r in night.refunds if sent.get(r["payment_reference"], r["amount"]) == r["amount"])
        night = replace(night, refunds=tuple(told))
        walk = {(region, old): new for region, old, new in night.codes}
        found = self.books.ask(paid_by_us_query(night.on))
        ours = {(one[0], walk.get(one[:2], one[1]), *one[2:]) for one in found}

        def said(row: Row) -> Row:
            mine = [one for one in ours if one[:3] == (row["region_code"], row["uscc"], night.on.year)]
            known = {one[4] for one in mine if one[4]}, {one[5] for one in mine if one[5]}
            beside = [
                one["amount"] for one in night.refunds
                if (one["region_code"], one["uscc"], one["policy_year"]) ==
                   (row["region_code"], row["uscc"], night.on.year)
                and one["payment_reference"] not in known[0] and one["voucher_no"] not in known[1]
            ]  # fmt: skip
            paid = sum((one[3] for one in mine), Decimal(0)) + sum(beside, Decimal(0))
            return row | {"already_paid": paid, "payable": max(row["entitlement"] - paid, Decimal(0))}

        return replace(night, units=tuple(said(row) for row in night.units))

    def take(self, name: str, night: Night) -> None:
        self.same(name, lambda: self.apply(night), lambda: nights.apply(self.model, night))

    def apply(self, night: Night) -> list[str]:
        """As the step `notices` does: the values are noted, and what they stop is held."""
        with ledger_event(self.books.engine, "policy values", business_date=night.on) as event:
            policies.note_values(event, {r: values(self.model.values[r]) for r in night.regions})
        older = self.books.apply(night, before=policies.suspend_stopped)
        if self.told.deeds["night"] % 3 == 0:  # a third of them, for the time it takes
            self.comes_again(night)
        return older

    def comes_again(self, night: Night) -> None:
        """Where the ledger takes a night over again unread, reading it writes nothing but the night."""
        again = replace(night, on=night.on + timedelta(days=1), key=f"{night.key} again")
        with suppress(_Undone), ledger_event(self.books.engine, "night", business_date=again.on) as event:
            connection = event.connection
            put_in_force(event, self.books.fill(connection, again))
            policies.note_values(event, {r: values(self.model.values[r]) for r in again.regions})
            policies.suspend_stopped(connection, is_again=True)
            with connection.begin_nested() as unread:
                is_without_news = entitlements.take_over_again(connection)
                unread.rollback()
            if is_without_news:
                self.told.deeds["a night without news"] += 1
                entitlements.apply_night(connection)
                written = set(connection.scalars(text(WRITTEN), {"event": event.id}))
                assert "region_nights" in written
                assert written <= EVERY_NIGHT, written
            raise _Undone

    @rule(plan=plans, which=st.sampled_from(["same", "earlier decision", "older"]))
    def night_again(self, plan: Plan, which: str) -> None:
        """A re-run, a decision that another one of the same date had replaced, a backfill."""
        if which == "older":
            self.take("older night", self.made(self.on - timedelta(days=400), plan | {"absent": ""}))
        else:
            self.of_date.append(self.counted(self.of_date.pop(-1 if which == "same" else 0)))
            self.take(f"{which} again", self.of_date[-1])

    # -- from notice to money ---------------------------------------------------------------------------

    @rule()
    def close(self) -> None:
        self.same("close", lambda: self.books.close(self.on), lambda: notices.close(self.model, self.on))

    @rule()
    def form(self) -> None:
        night = self.of_date[-1]
        self.same(
            "form",
            lambda: {b.batch_no: (b.count, b.total) for b in self.books.form(night)},
            lambda: {no: (len(b.lines), b.total) for no, b in batches.form(self.model, night).items()},
        )

    def batch(self, which: int) -> tuple[str, Batch]:
        """One of the open batches; if there are none, of all."""
        numbers = self.formed() or list(self.model.batches)
        number = numbers[which % len(numbers)]
        return number, self.model.batches[number]

    def formed(self) -> list[str]:
        return [number for number, batch in self.model.batches.items() if batch.state == "formed"]

    @precondition(lambda self: self.model.batches)
    @rule(
        which=index,
        level=st.integers(1, 2),
        who=person,
        said=st.sampled_from(["approved", "approved", "refused"]),
        is_right=st.sampled_from([True, True, True, False]),
    )
    def say(self, which: int, level: int, who: str, said: str, is_right: bool) -> None:
        self.approve(*self.batch(which), level, who, said, is_right)

    def approve(
        self, number: str, batch: Batch, level: int, who: str, said: str = "approved", is_right: bool = True
    ) -> None:
        real = self.ledger_batch(number)
        given = {"batch_hash": real.hash if is_right else "0" * 64, "answer": said, "reason": "because"}
        self.both(
            "approval",
            lambda: self.books.approve(real, level, who, **given),
            lambda: batches.approve(self.model, batch, level, who, said, is_right),
        )

    @precondition(lambda self: self.model.batches)
    @rule(which=index, level=st.integers(1, 2), who=person, said=st.sampled_from(["approved", "refused"]))
    def say_on_trust(self, which: int, level: int, who: str, said: str) -> None:
        """Nobody checked who answers: a bureau's ledger takes nothing of it, whoever it would be."""
        number, _ = self.batch(which)
        real, before = self.ledger_batch(number), self.books.ask(ALL)
        with acting(Hand(None, "test")), suppress(LedgerRefused):
            self.books.approve(real, level, who, answer=said, reason="because")
        assert self.books.ask(ALL) == before

    def ledger_batch(self, number: str) -> ledger_batches.Batch:
        with self.books.engine.connect() as connection:
            found = ledger_batches.batch_by_no(connection, number)
        assert found is not None
        return found

    @precondition(lambda self: self.model.batches)
    @rule(which=index)
    def publish(self, which: int) -> None:
        number, batch = self.batch(which)
        self.both(
            "publish",
            lambda: self.books.publish(self.ledger_batch(number), self.on),
            lambda: batches.publish(self.model, batch, self.on),
        )

    @rule()
    def disburse(self) -> None:
        """What the nightly run does, with everybody at hand."""
        self.close()
        self.form()
        self.publish_all("first", "second")

    def publish_all(self, *people: str) -> None:
        for number in self.formed():
            batch = self.model.batches[number]
            for level in range(1, batch.level + 1):
                self.approve(number, batch, level, people[level - 1])
            self.publish(self.formed().index(number))

    # -- the bank ---------------------------------------------------------------------------------------

    def unanswered(self) -> list[str]:
        return [i for i, (_, attempt) in self.model.attempts().items() if attempt.outcome is None]

    @precondition(lambda self: self.model.attempts())
    @rule(
        outcomes=st.tuples(*[st.sampled_from(SAID)] * 4),
        stray=st.sampled_from(["", "", "unknown", "wrong amount", "contradiction", "contradiction", "twice"]),
    )
    def bank_answers(self, outcomes: tuple[str, ...], stray: str) -> None:
        known = {i: attempt.outcome for i, (_, attempt) in self.model.attempts().items()}
        rows = [answer(i, o) for i, o in zip(self.unanswered(), outcomes, strict=False) if o]
        other = {"paid": "returned", "returned": "paid"}
        strays = {
            "unknown": [answer("20-610100-NOBODY-01-01", "paid")],
            "wrong amount": [answer(list(known)[-1], "paid", Decimal("0.01"))],
            "contradiction": [answer(i, other[o]) for i, o in known.items() if o],
            "twice": [row | {"outcome": "paid"} for row in rows],
        }
        self.bank_says(rows + strays.get(stray, []))

    def bank_says(self, rows: list[Row]) -> None:
        self.files.append(rows)
        name = f"answer {len(self.files)}"
        self.same(
            "bank",
            lambda: self.books.answer(rows, name=name, on=self.on),
            lambda: returns.AnswerCounts(is_new=True, **bank.take_answer(self.model, rows, self.on)),
        )

    def to_settle(self) -> list[str]:
        return [i for i, (_, attempt) in self.model.attempts().items() if bank.may_settle(attempt)]

    @precondition(lambda self: self.to_settle())
    @rule(which=index, outcome=st.sampled_from(["paid", "returned"]), who=person, other=person)
    def settle_case(self, which: int, outcome: str, who: str, other: str) -> None:
        """What the bank contradicts itself about, or has and says no more of."""
        self.settle_line(self.to_settle()[which % len(self.to_settle())], outcome, who, other)

    def settle_line(self, line: str, outcome: str, who: str, other: str) -> None:
        def real() -> None:
            with self.event("settlement", who) as event:
                number = proposals.propose_settlement(event, line, outcome, "a letter", who)
            try:
                with self.event("confirmation", other) as event:
                    acts.decide_proposal(event, number, "confirmed", "", other)
            except LedgerRefused:
                with self.event("rejection", who) as event:
                    acts.decide_proposal(event, number, "rejected", "refused", who)
                raise

        self.both("settle", real, lambda: bank.settle(self.model, line, outcome, (who, other), self.on))

    @precondition(lambda self: any(unit.offers for unit in self.model.units.values()))
    @rule(which=index, who=person)
    def accept_account(self, which: int, who: str) -> None:
        """The account that followed a return."""
        offered = [unit for unit in self.model.units.values() if unit.offers]
        self.accept(offered[which % len(offered)].attempts[0].end_to_end_id, who)

    def accept(self, line: str, who: str) -> None:
        self.both(
            "accept account",
            self.by(who, lambda event: proposals.accept_account(event, line, "asked", who)),
            lambda: bank.accept_account(self.model, line, who),
        )

    @precondition(lambda self: self.files)
    @rule(which=index)
    def bank_says_it_again(self, which: int) -> None:
        number = which % len(self.files)
        given = self.books.answer(self.files[number], name=f"answer {number + 1}", on=self.on)
        assert given == returns.AnswerCounts(is_new=False)

    @precondition(lambda self: self.in_state("returned"))
    @rule(which=index, account=st.sampled_from(["991", "992", ""]), who=person, other=person)
    def correct_account(self, which: int, account: str, who: str, other: str) -> None:
        """By any attempt of the payment: only the last counts. An empty account is the one that failed."""
        every = self.model.attempts()
        returned = [i for i, (payment, _) in every.items() if payment.state == "returned"]
        named = returned[which % len(returned)]
        number = account or every[named][1].account_no
        name = f"单位{FIRST_CODES[every[named][0].unit[1]][-6:]}"
        given = {"account_name": name, "account_no": number, "bank_code": "1", "bank_name": "乙"}
        found = self.both(
            "enter account",
            self.by(who, lambda event: returns.enter_account(event, named, who, **given)),
            lambda: bank.enter_account(self.model, named, number, who),
        )
        if found:
            self.model.corrections[found[0]] = found[1]
            self.confirm_account(0, other, "")

    @precondition(lambda self: self.model.corrections)
    @rule(which=index, who=person, types=st.sampled_from(["", "", "", "9"]))
    def confirm_account(self, which: int, who: str, types: str) -> None:
        """Typed again, or with a figure too many."""
        number = list(self.model.corrections)[-1 - which % len(self.model.corrections)]
        correction = self.model.corrections[number]
        typed = correction.account_no + types
        self.both(
            "confirm account",
            self.by(who, lambda event: returns.confirm_account(event, number, who, typed)),
            lambda: bank.confirm_account(self.model, correction, who, typed),
        )

    # -- everybody does what they should ----------------------------------------------------------------

    @precondition(lambda self: not self.is_settled)
    @rule(others=st.booleans())
    def settle(self, others: bool) -> None:
        """Every question answered and one more night: whoever is eligible has the money, nobody waits."""
        self.is_settled = True
        for number, objection in list(self.model.objections.items()):
            if not objection.outcome:
                self.decide(number, "dismissed", "officer")
        for held in {code for code, _ in self.model.holds}:
            self.release(held, "releaser")
        for place in (A, B):
            self.agree_on_policy(place, self.on, "officer", "second")
        for key in self.doubtful():
            self.rule_on(key, "same", "officer")
        for pair in self.open_doubts():
            self.rule_on_pair(pair, "cleared", "officer")
        for line in self.to_settle():
            self.settle_line(line, "returned", "releaser", "head")
            self.settle_line(line, "paid", "releaser", "head") if line in self.to_settle() else None
        self.bank_says([answer(i, "paid") for i in self.unanswered()])
        for line in self.to_settle():
            self.settle_line(line, "paid", "releaser", "head")
        self.settle_night(("100", "150", "difficult 300", "60") if others else ("150", "100", "100", "100"))
        self.bank_says([answer(i, "paid") for i in self.unanswered()])
        self.everybody_has_what_is_due()

    def settle_night(self, says: tuple[str, ...]) -> None:
        last = (("last", 1), ("very last", 2))
        self.books.assign(*last)
        self.model.approvers |= set(last)
        self.enter_budget(PLENTY, "head")
        plan = {
            "says": says,
            "accounts": (7, 7, 7, 7),
            "refunds": [],
            "days": 0,
            "held": "",
            "absent": "",
            "is_silent": False,
        }
        self.night(plan | {"budget": PLENTY} | SAME, 9)
        for unit in self.model.units.values():
            if unit.offers and unit.is_doubtful and not unit.is_accepted:
                self.accept(unit.attempts[0].end_to_end_id, "releaser")
        self.close()
        self.form()
        self.publish_all("last", "very last")

    def everybody_has_what_is_due(self) -> None:
        for said in self.model.in_ledger(self.of_date[-1]).units:
            key = said["region_code"], said["uscc"], self.on.year
            known = self.model.units[key]
            if self.model.is_stopped_by_doubt(key):
                continue
            assert known.open is None
            left = said["entitlement"] - known.settled - known.dropped
            assert left <= 0 or known.is_barred(said["scheme"], left), said


def answer(end_to_end_id: str, outcome: str, amount: Decimal | None = None) -> Row:
    """`rejected`: returned by our file's fault."""
    fault = "our_file" if outcome == "rejected" else None
    said = "returned" if fault else outcome
    return {"end_to_end_id": end_to_end_id, "outcome": said, "amount": amount, "fault": fault}
