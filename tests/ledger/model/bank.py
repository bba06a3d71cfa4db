"""The bank and what people decide, in the model."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.ledger.model.batches import void_around
from tests.ledger.model.records import (
    ZERO,
    Attempt,
    Case,
    Correction,
    Doubt,
    Entitlement,
    Forbidden,
    Model,
    Payment,
    Reported,
    Said,
)


def take_answer(model: Model, rows: list[Said], on: date) -> dict[str, int]:
    model.clock += 1
    names = ("applied", "repeated", "pending", "refused", "duplicate", "contradiction")
    counts = dict.fromkeys(names, 0)
    known = model.attempts()
    for row in rows:
        counts[_take_row(model, known.get(row["end_to_end_id"]), row, on)] += 1
    return counts


def _take_row(model: Model, found: tuple[Payment, Attempt] | None, row: Said, on: date) -> str:
    if found is None or row["amount"] not in (None, found[1].amount):
        return "refused"
    payment, attempt = found
    if row["outcome"] == "pending":
        return "pending"
    outcome = row["outcome"]
    if outcome == "duplicate":
        attempt.is_duplicate = True
        return "duplicate" if attempt.outcome is None else "repeated"
    if attempt.outcome is not None and outcome != attempt.outcome and outcome not in attempt.said:
        attempt.said.add(outcome)
        attempt.case = outcome
        return "contradiction"
    if attempt.outcome is not None:
        return "repeated"
    attempt.said.add(outcome)
    attempt.outcome, attempt.at, attempt.is_payees = outcome, model.clock, not row.get("fault")
    payment.state = outcome
    if outcome == "returned":
        payment.state = "paid" if payment.arrived else "returned" if attempt.is_payees else "corrected"
    if any(a.settled_by for a in payment.attempts):
        model.units[payment.unit].balance(on, came_back=False)
    return "applied"


def may_settle(attempt: Attempt) -> bool:
    return bool(attempt.case or (attempt.is_duplicate and attempt.outcome is None))


def propose_settlement(model: Model, found: tuple[Payment, Attempt] | None) -> None:
    if found is None or not may_settle(found[1]):
        raise Forbidden


def settle(model: Model, end_to_end_id: str, outcome: str, people: tuple[str, str], on: date) -> None:
    """Two people say what became of a line; the payment, what stands beside it and the sums follow."""
    payment, attempt = model.attempts()[end_to_end_id]
    unit = model.units[payment.unit]
    newest = payment.attempts[-1]
    arrived = outcome == "paid" or any(a.outcome == "paid" for a in payment.attempts if a is not attempt)
    now = outcome if newest is attempt else newest.outcome
    target = None
    if now is not None and arrived and payment.state != "paid":
        target = "paid"
    elif now is not None and not arrived and payment.state in ("paid", "instructed"):
        target = "returned"
    other = unit.open if unit.open is not payment else None
    under_way = other is not None and other.state == "instructed"
    if len({*people}) == 1 or (under_way and target == "returned"):
        raise Forbidden
    model.clock += 1
    if outcome != attempt.outcome:
        attempt.is_payees = True
    attempt.outcome, attempt.case, attempt.at = outcome, None, model.clock
    attempt.settled_by |= {*people}
    if target:
        for one in (payment, *([other] if other is not None and not under_way else [])):
            void_around(model, one)
        if other is not None and not under_way:
            other.state = "withdrawn"
        payment.state = target
        if target == "returned" and not newest.is_payees:
            payment.state = "corrected"
    unit.balance(on, came_back=target == "returned")
    if payment.unit[0] in model.newest:
        model.newest[payment.unit[0]].excused.add(payment.unit)


def accept_account(model: Model, end_to_end_id: str, person: str) -> None:
    found = model.attempts().get(end_to_end_id)
    unit = model.units[found[0].unit] if found else None
    if unit is None or not unit.is_doubtful or not unit.offers or unit.is_accepted:
        raise Forbidden
    unit.is_accepted = True
    unit.accepted.setdefault(unit.offers[-1], set()).add(person)


def enter_account(model: Model, end_to_end_id: str, account_no: str, person: str) -> Correction:
    found = model.attempts().get(end_to_end_id)
    other = model.units[found[0].unit].open if found and found[1].has_failed else None
    if found and other and other is not found[0] and other.state in ("on_notice", "objected", "cleared"):
        other.corrections.append(Correction(other, 0, account_no, person))
        return other.corrections[-1]
    if found is None or found[0].state != "returned" or found[0].attempts[-1] is not found[1]:
        raise Forbidden
    found[0].corrections.append(Correction(found[0], len(found[0].attempts), account_no, person))
    return found[0].corrections[-1]


def confirm_account(model: Model, correction: Correction, person: str, typed: str) -> None:
    payment = correction.payment
    is_new = correction.after_attempt == 0 and payment.state in ("on_notice", "objected", "cleared")
    if (
        not (payment.state == "returned" or is_new)
        or correction.after_attempt != len(payment.attempts)
        or person == correction.entered_by
        or typed != correction.account_no
    ):
        raise Forbidden
    if is_new and correction.confirmed_by:
        raise Forbidden
    correction.confirmed_by = person
    payment.state = payment.state if is_new else "corrected"


def enter_budget(model: Model, year: int, amount: Decimal, person: str) -> None:
    model.budgets[year] = (amount, model.budgets.get(year, (ZERO, set()))[1] | {person})


def release(model: Model, region: str, person: str) -> None:
    mine = [who for held, who in model.holds if held == region]
    if not mine or person in mine:
        raise Forbidden
    model.clock += 1
    model.released.append((region, person, model.clock))
    model.holds = [hold for hold in model.holds if hold[0] != region]


def rule(model: Model, refund: Reported, ruling: str, person: str) -> None:
    if refund.standing != "doubtful" or refund.ruling:
        raise Forbidden
    model.clock += 1
    refund.ruling, refund.ruled_by, refund.ruled_at = ruling, person, model.clock


def rule_on_doubt(doubt: Doubt, ruling: str, person: str) -> None:
    if doubt.ruling:
        raise Forbidden
    doubt.ruling, doubt.ruled_by = ruling, person


def close_recovery(model: Model, of: Entitlement, case: Case, outcome: str, person: str, other: str) -> None:
    if case.outcome or person == other or (outcome == "recovered" and money_back(model, of) < case.amount):
        raise Forbidden
    case.outcome, case.closers = outcome, {person, other}


def money_back(model: Model, of: Entitlement) -> Decimal:
    """What finance says came back of the unit's payments and no case has used up."""
    paid = [p for p in of.payments if p.state == "paid"]
    left = [(p.amount, model.left.get(p.attempts[-1].end_to_end_id, p.amount)) for p in paid]
    back = sum((max(amount - rest, ZERO) for amount, rest in left), ZERO)
    return back - sum((c.amount for c in of.cases if c.outcome == "recovered"), ZERO)
