"""Batches in the model."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.ledger.conftest import Night
from tests.ledger.model.records import ZERO, Attempt, Batch, Forbidden, Line, Model, Payment, Said


def form(model: Model, night: Night) -> dict[str, Batch]:
    model.clock += 1
    going = [r for r in night.regions if model.is_current(r, night.on) and model.newest[r].night == night]
    night = model.in_ledger(night)
    for batch in model.batches.values():
        if batch.state == "formed" and batch.region in going:
            check_batch(model, batch, night)
    going = [r for r in going if not model.is_stopped(r, night.on)]
    chosen: dict[tuple[str, int], list[tuple[Any, Line]]] = {}
    for order, line, level in _chosen(model, night, going):
        chosen.setdefault((line.payment.unit[0], level), []).append((order, line))
    places = sorted(chosen)
    numbers = [
        _add_batch(model, night, *place, [line for _, line in sorted(chosen[place], key=lambda x: x[0])])
        for place in places
    ]
    return {number: model.batches[number] for number in numbers}


def candidate(model: Model, payment: Payment, night: Night) -> tuple[Said, str, bool] | None:
    """What the night says of a payment that may go out now, with its account; None: it may not."""
    region, uscc, year = payment.unit
    said = next((u for u in night.units if (u["region_code"], u["uscc"]) == (region, uscc)), None)
    if said is None or year != night.on.year or not said["is_paid_known"] or model.is_doubtful(payment.unit):
        return None
    if model.is_stopped_by_doubt(payment.unit):
        return None
    entered = payment.entered_account()
    is_known = said["decision"] == "eligible" or (said["reasons"] == "account_known_unknown" and entered)
    account = entered.account_no if entered else said["account_no"]
    known = model.units[payment.unit]
    if not entered and (account in known.failed or (known.is_doubtful and account not in known.accepted)):
        return None
    answered_at = payment.attempts[-1].at if payment.attempts else 0
    changed_at = max([answered_at, *(r.ruled_at for r in model.reported.values() if r.unit == payment.unit)])
    if known.is_stopped or not is_known or account is None or changed_at > model.newest[region].at:
        return None
    return said, account, entered is not None


def _chosen(model: Model, night: Night, going: list[str]) -> list[tuple[Any, Line, int]]:
    waiting = []
    for payment in model.payments():
        found = candidate(model, payment, night) if payment.unit[0] in going else None
        if found and payment.state in ("cleared", "corrected"):
            order = (found[0]["priority"], payment.unit[1], payment.unit[0])
            waiting.append(
                (order, Line(payment, payment.next_id(), found[1], found[2]), found[0]["review_level"])
            )
    left = _budget_left(model, night)
    chosen = []
    for order, line, level in sorted(waiting, key=lambda x: x[0]):
        if not line.payment.attempts:
            left -= line.payment.amount
        if line.payment.attempts or left >= 0:
            chosen.append((order, line, level))
    return chosen


def _budget_left(model: Model, night: Night) -> Decimal:
    year = night.on.year
    spent = [
        p.amount
        for p in model.payments()
        if p.unit[2] == year and p.state in ("batched", "instructed", "paid", "returned", "corrected")
    ]
    given: Decimal = next(r["refund_budget"] for r in night.regions.values())
    return model.budgets.get(year, (given, set()))[0] - sum(spent, ZERO)


def _add_batch(model: Model, night: Night, region: str, level: int, lines: list[Line]) -> str:
    stem = f"{region}-{night.on:%Y%m%d}-L{level}-"
    number = stem + str(1 + sum(no.startswith(stem) for no in model.batches))
    batch = Batch(region, level, lines)
    for line in lines:
        payment = line.payment
        payment.state = "batched"
        batch.preparers |= {o.decided_by for o in payment.objections if o.outcome}
        batch.preparers |= {
            r.ruled_by for r in model.reported.values() if r.unit == payment.unit and r.ruling
        }
        unit = model.units[payment.unit]
        batch.preparers |= {who for a in unit.attempts for who in a.settled_by}
        if not line.is_entered:
            batch.preparers |= unit.accepted.get(line.account_no, set())
        batch.preparers |= {
            found.ruled_by for pair, found in model.doubts.items() if payment.unit in pair and found.ruling
        }
        for c in payment.corrections if line.is_entered else ():
            batch.preparers |= {c.entered_by, c.confirmed_by} if c.confirmed_by else set()
        for case in model.units[payment.unit].cases:
            batch.preparers |= case.closers
    batch.preparers |= model.budgets.get(night.on.year, (ZERO, set()))[1]
    batch.preparers |= _releasers(model, region, night.on)
    model.batches[number] = batch
    return number


def _releasers(model: Model, region: str, on: date) -> set[str]:
    """Whoever released a hold over the region since its last night that is more than a year old."""
    over = [at for code, day, at in model.taken if code == region and day < on - timedelta(days=366)]
    since = max(over, default=0)
    return {who for held, who, at in model.released if held in (region, "000000") and at > since}


def check_batch(model: Model, batch: Batch, night: Night) -> None:
    """Void a formed batch that would not be formed again as it is."""
    for line in batch.lines:
        found = candidate(model, line.payment, night)
        if found is None or (found[1], found[0]["review_level"]) != (line.account_no, batch.level):
            free(batch, "voided")
            return


def void_around(model: Model, payment: Payment) -> None:
    for batch in model.batches.values():
        if batch.state == "formed" and any(line.payment is payment for line in batch.lines):
            free(batch, "voided")


def free(batch: Batch, state: str) -> None:
    batch.state = state
    for line in batch.lines:
        line.payment.state = "corrected" if line.payment.attempts else "cleared"


def approve(model: Model, batch: Batch, level: int, person: str, said: str, is_right_hash: bool) -> None:
    if is_right_hash and batch.answers.get(level) == (person, said):
        return
    given = batch.answers.values()
    if (
        batch.state != "formed"
        or not is_right_hash
        or level > batch.level
        or level in batch.answers
        or (level == 2 and batch.answers.get(1, ("", ""))[1] != "approved")
        or person in batch.preparers
        or person in [who for who, _ in given]
        or (person, level) not in model.approvers
    ):
        raise Forbidden
    batch.answers[level] = (person, said)
    if said == "refused":
        free(batch, "refused")


def publish(model: Model, batch: Batch, on: date) -> None:
    approved = sum(answer == "approved" for _, answer in batch.answers.values())
    units = [line.payment.unit for line in batch.lines]
    doubt = any(
        model.is_doubtful(unit) or model.is_stopped_by_doubt(unit) or model.units[unit].is_stopped
        for unit in units
    )
    current = model.is_current(batch.region, on) and not model.is_stopped(batch.region, on)
    if batch.state != "formed" or approved < batch.level or not current or doubt:
        raise Forbidden
    batch.state = "published"
    for line in batch.lines:
        line.payment.state = "instructed"
        attempt = Attempt(line.end_to_end_id, line.payment.amount, line.account_no, line.is_entered)
        line.payment.attempts.append(attempt)
