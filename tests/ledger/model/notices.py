"""Notices, objections and the deadline in the model."""

from __future__ import annotations

from datetime import date

from tests.ledger.model.records import Forbidden, Model, Objection
from tests.ledger.plans import FIRST_CODES


def close(model: Model, on: date) -> int:
    model.clock += 1
    cleared = 0
    for notice in model.notices:
        if not notice.is_closed and notice.notice_ends_on <= on and model.is_current(notice.region, on):
            notice.closed_on = on
            mine = [p for p in model.payments() if p.notice is notice and p.state == "on_notice"]
            cleared += len(mine)
            for payment in mine:
                payment.state = "cleared"
    return cleared


def raise_objection(model: Model, region: str, uscc: str) -> Objection:
    on_notice = [
        p
        for p in model.payments()
        if p.unit[0] == region
        and FIRST_CODES[p.unit[1]] == FIRST_CODES[uscc]
        and p.state in ("on_notice", "objected")
    ]
    if not on_notice:
        raise Forbidden
    payment = on_notice[-1]
    payment.state = "objected"
    payment.objections.append(Objection(payment))
    return payment.objections[-1]


def decide_objection(model: Model, objection: Objection, outcome: str, person: str) -> None:
    if objection.outcome:
        raise Forbidden
    objection.outcome, objection.decided_by = outcome, person
    payment = objection.payment
    if payment.state == "objected" and outcome == "upheld":
        payment.state = "withdrawn"
        model.units[payment.unit].recognise()
    elif payment.state == "objected" and all(o.outcome for o in payment.objections):
        payment.state = "cleared" if payment.notice.is_closed else "on_notice"


def waive(model: Model, on: date, is_over: dict[str, bool]) -> int:
    waived = [
        p
        for p in model.payments()
        if p.state in ("returned", "objected")
        and p.unit[0] in is_over
        and (is_over[p.unit[0]] or p.unit[2] < on.year)
    ]
    for payment in waived:
        payment.state = "waived"
    return len(waived)
