"""The bank and what people decide, in the model."""

from __future__ import annotations

from decimal import Decimal

from tests.ledger.model.records import (
    ZERO,
    Attempt,
    Case,
    Correction,
    Entitlement,
    Forbidden,
    Model,
    Payment,
    Reported,
    Said,
)


def take_answer(model: Model, rows: list[Said]) -> dict[str, int]:
    model.clock += 1
    counts = dict.fromkeys(("applied", "repeated", "pending", "refused"), 0)
    known = model.attempts()
    for row in rows:
        counts[_take_row(model, known.get(row["end_to_end_id"]), row)] += 1
    return counts


def _take_row(model: Model, found: tuple[Payment, Attempt] | None, row: Said) -> str:
    if found is None or row["amount"] not in (None, found[1].amount):
        return "refused"
    payment, attempt = found
    if row["outcome"] == "pending":
        return "pending"
    if attempt.outcome is not None:
        return "repeated" if attempt.outcome == row["outcome"] else "refused"
    attempt.outcome = payment.state = row["outcome"]
    payment.answered_at = model.clock
    return "applied"


def enter_account(model: Model, end_to_end_id: str, account_no: str, person: str) -> Correction:
    found = model.attempts().get(end_to_end_id)
    if found is None or found[0].state != "returned" or found[0].attempts[-1] is not found[1]:
        raise Forbidden
    found[0].corrections.append(Correction(found[0], len(found[0].attempts), account_no, person))
    return found[0].corrections[-1]


def confirm_account(model: Model, correction: Correction, person: str, typed: str) -> None:
    payment = correction.payment
    if (
        payment.state != "returned"
        or correction.after_attempt != len(payment.attempts)
        or person == correction.entered_by
        or typed != correction.account_no
    ):
        raise Forbidden
    correction.confirmed_by = person
    payment.state = "corrected"


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
