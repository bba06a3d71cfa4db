"""Everything that can happen to the ledger, in any order: nights, batches, the bank, what people decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from stable_jobs.ledger import batches as ledger_batches
from stable_jobs.ledger import returns
from stable_jobs.ledger.refunds import PAID_BY_US
from tests.ledger.conftest import Night, refund
from tests.ledger.model import bank, batches, nights, notices
from tests.ledger.model.records import Batch, Payment
from tests.ledger.people import People, index, person
from tests.ledger.plans import FIRST_CODES, PLENTY, SAME, Plan, made, plans

FIRST, NEXT_YEAR = date(2020, 5, 11), date(2021, 1, 15)
ASSIGNED = {("first", 1), ("second", 2), ("both", 1), ("both", 2), ("officer", 1)}
Row = dict[str, Any]


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

    def sent_this_year(self) -> list[Payment]:
        return [payment for payment in self.in_state("instructed", "paid") if payment.unit[2] == self.on.year]

    def made(self, on: date, plan: Plan) -> Night:
        return self.counted(made(on, plan, self.model.joined))

    def counted(self, night: Night) -> Night:
        """The night with what its decision counts as paid and says is left to pay (`policy.paid`)."""
        walk = {(region, old): new for region, old, new in night.codes}
        found = self.books.ask(PAID_BY_US.format(on=night.on.isoformat()))
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
        self.same(name, lambda: self.books.apply(night), lambda: nights.apply(self.model, night))

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
        outcomes=st.tuples(*[st.sampled_from(["paid", "paid", "returned", "returned", "pending", ""])] * 4),
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
            lambda: returns.AnswerCounts(is_new=True, **bank.take_answer(self.model, rows)),
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
        given = {"account_name": "甲", "account_no": number, "bank_code": "1", "bank_name": "乙"}
        found = self.both(
            "enter account",
            self.by(who, lambda event: returns.enter_account(event, named, who, **given)),
            lambda: bank.enter_account(self.model, named, number, who),
        )
        if found:
            self.model.corrections[found[0]] = found[1]
            self.confirm_account(0, other)

    @precondition(lambda self: self.model.corrections)
    @rule(which=index, who=person)
    def confirm_account(self, which: int, who: str) -> None:
        number = list(self.model.corrections)[-1 - which % len(self.model.corrections)]
        self.both(
            "confirm account",
            self.by(who, lambda event: returns.confirm_account(event, number, who)),
            lambda: bank.confirm_account(self.model, self.model.corrections[number], who),
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
        for key in self.doubtful():
            self.rule_on(key, "same", "officer")
        for pair in self.open_doubts():
            self.rule_on_pair(pair, "cleared", "officer")
        self.bank_says([answer(i, "paid") for i in self.unanswered()])
        self.settle_night(("100", "150", "difficult 300", "60") if others else ("150", "100", "100", "100"))
        self.bank_says([answer(i, "paid") for i in self.unanswered()])
        self.everybody_has_what_is_due()

    def settle_night(self, says: tuple[str, ...]) -> None:
        last = (("last", 1), ("very last", 2))
        self.books.assign(*last)
        self.model.approvers |= set(last)
        self.enter_budget(PLENTY, "head")
        plan = {"says": says, "accounts": (7, 7, 7, 7), "refunds": [], "days": 0, "held": "", "absent": ""}
        self.night(plan | {"budget": PLENTY} | SAME, 9)
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
    return {"end_to_end_id": end_to_end_id, "outcome": outcome, "amount": amount}
