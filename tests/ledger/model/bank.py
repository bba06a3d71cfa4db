"""The bank and what people decide, in the model."""

from __future__ import annotations

from decimal import Decimal

from tests.ledger.model.records import (
    ZERO,
    Attempt,
    Case,
    Correction,
    Doubt,
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


def confirm_account(model: Model, correction: Correction, person: str) -> None:
    payment = correction.payment
    if (
        payment.state != "returned"
        or correction.after_attempt != len(payment.attempts)
        or person == correction.entered_by
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


def close_recovery(model: Model, case: Case, outcome: str) -> None:
    if case.outcome:
        raise Forbidden
    case.outcome = outcome
