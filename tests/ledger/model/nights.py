"""What a night does to the model."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.ledger.conftest import Night
from tests.ledger.model.batches import check_batch, free, void_around
from tests.ledger.model.records import (
    ZERO,
    Case,
    Entitlement,
    Forbidden,
    Model,
    Newest,
    Notice,
    Payment,
    Reported,
    Said,
    UnitKey,
    unit_of,
    voucher,
)


def apply(model: Model, night: Night) -> list[str]:
    """Take over a night; the regions for which a newer one is known."""
    model.clock += 1
    model.decided[night.on] = night
    for region in night.regions:
        model.noted[region, night.on] = model.values[region]
    older = [r for r in sorted(night.regions) if r in model.newest and model.newest[r].night.on > night.on]
    told = model.in_ledger(night)
    taken = []
    for region in sorted(set(night.regions) - set(older)):
        held = bool(night.regions[region].get("is_suspended")) or model.is_unconfirmed(region, night.on)
        known = model.newest.get(region)
        if night.regions[region].get("is_silent"):
            continue
        if known is None or (known.night, known.is_suspended) != (night, held):
            model.standing.setdefault(region, []).append(Newest(night, held, model.clock))
            model.taken.append((region, night.on, model.clock))
            if not held:
                taken.append(region)
                model.joined |= {(code[0], code[1], code[2]) for code in night.codes if code[0] == region}
                model.stopping[region] = night.regions[region]["stopping_doubts"]
                _decide_region(model, told, region)
    model.note_doubts(night.on.year)
    for batch in model.batches.values():
        if batch.state == "formed" and batch.region in taken:
            check_batch(model, batch, told)
    return older


def _decide_region(model: Model, night: Night, region: str) -> None:
    said = {(region, u["uscc"], night.on.year): u for u in night.units if u["region_code"] == region}
    for row in night.refunds:
        if row["region_code"] == region:
            _note(model, row)
    for row in night.refunds:
        if row["region_code"] == region:
            _note_left(model, night, row)
    notice = Notice(region, night.regions[region]["notice_ends_on"], night.on)
    mine = [key for key in model.units if key[0] == region and key[2] == night.on.year]
    for key in sorted({*said, *mine}):
        outside = model.newest[region].outside[key] = model.outside(night, key)
        if model.is_under_way(key) or model.is_doubtful(key):
            model.newest[region].excused.add(key)
        _decide_unit(model, key, said.get(key), outside, notice)
    model.notices.append(notice)
    for key in mine:
        _offer(model.units[key], said.get(key))


def _note(model: Model, row: Said) -> None:
    standing = _standing(model, row)
    if standing:
        model.reported.setdefault(voucher(row), Reported(unit_of(row), standing))


def _note_left(model: Model, night: Night, row: Said) -> None:
    """What all rows with that reference say is left of our payment."""
    reference = row["payment_reference"]
    found = model.attempts().get(reference or "")
    if found is None or found[0].unit != unit_of(row) or found[0].state != "paid":
        return
    if found[1] is found[0].attempts[-1]:
        alike = [
            r for r in night.refunds if (r["payment_reference"], unit_of(r)) == (reference, unit_of(row))
        ]
        model.left[reference] = sum((r["amount"] for r in alike), ZERO)


def _standing(model: Model, row: Said) -> str | None:
    entitlement = model.units.get(unit_of(row))
    payments = entitlement.payments if entitlement else []
    if row["payment_reference"] is not None:
        named = [a for p in payments for a in p.attempts if a.end_to_end_id == row["payment_reference"]]
        return ("ours" if named[0].amount == row["amount"] else "differs") if named else None
    same = [p for p in payments if (p.scheme, p.amount) == (row["scheme"], row["amount"])]
    return "doubtful" if any(p.state in ("instructed", "paid") for p in same) else None


def _decide_unit(model: Model, key: UnitKey, said: Said | None, outside: Decimal, notice: Notice) -> None:
    entitlement = model.units.get(key)
    is_eligible = bool(said and said["decision"] == "eligible")
    if model.is_under_way(key):
        return
    is_sure = bool(said and said["is_paid_known"]) and not model.is_doubtful(key)
    if entitlement:
        _fall(model, entitlement, said, outside, is_sure)
    if said and is_sure and is_eligible and (entitlement or said["entitlement"] > 0):
        entitlement = model.units.setdefault(key, Entitlement(said["scheme"], ZERO, outside))
        due = said["entitlement"]
        _settle(model, key, entitlement, said["scheme"], due, outside, notice.opened_on, notice)
    elif said and is_sure and entitlement and said["decision"] == "ineligible" and said["is_revoked"]:
        _settle(model, key, entitlement, said["scheme"], ZERO, outside, notice.opened_on, None)
    elif entitlement:
        entitlement.recognise()
    if entitlement and entitlement.open and is_eligible and said:
        _correct_from_extract(entitlement, entitlement.open, said["account_no"])


def _fall(model: Model, of: Entitlement, said: Said | None, outside: Decimal, is_sure: bool) -> None:
    """Withdraw the open payment if the night does not bear it out."""
    payment = of.open
    if payment is None:
        return
    if said is None or said["decision"] == "ineligible":
        falls = True
    elif said["decision"] == "undecided":
        falls = not payment.attempts
    else:
        due = said["entitlement"] - outside - of.settled - of.dropped
        falls = is_sure and (said["scheme"], due) != (payment.scheme, payment.amount)
    if falls:
        void_around(model, payment)
        payment.state = "withdrawn"


def _settle(
    model: Model,
    key: UnitKey,
    of: Entitlement,
    scheme: str,
    entitled: Decimal,
    outside: Decimal,
    on: date,
    notice: Notice | None,
) -> None:
    if (entitled, outside) != (of.entitled, of.outside):
        for case in of.cases:
            case.outcome = case.outcome or "superseded"
    of.outside, of.scheme = outside, scheme
    due = entitled - outside - of.settled - of.open_amount
    due = max(due - of.dropped, ZERO) if due > 0 else due
    of.entitled = entitled if due < 0 else outside + of.settled + of.open_amount + due
    if due > 0 and (notice is None or of.is_barred(of.scheme, due)):
        of.recognise()
    elif due > 0 and notice:
        of.payments.append(Payment(key, len(of.payments) + 1, of.scheme, due, notice))
    elif due < 0:
        of.cases.append(Case(-due, on))


def _correct_from_extract(of: Entitlement, payment: Payment, account_no: str | None) -> None:
    if payment.state == "returned" and account_no is not None and account_no not in of.failed:
        payment.state = "corrected"


def withdraw(model: Model, on: date, person: str, other: str) -> None:
    """Two people take back the night of a date; what it promised and nobody was told to pay goes with it."""
    regions = [region for region, newest in model.newest.items() if newest.night.on == on]
    if not regions or person == other:
        raise Forbidden
    for number, batch in model.batches.items():
        if batch.state == "formed" and batch.region in regions and f"-{on:%Y%m%d}-" in number:
            free(batch, "voided")
    for payment in model.payments():
        notice, is_open = payment.notice, payment.state in ("on_notice", "objected", "cleared")
        if notice.region in regions and is_open and on in (notice.opened_on, notice.closed_on):
            payment.state = "withdrawn"
    for key, entitlement in model.units.items():
        if key[0] in regions:
            for case in entitlement.cases:
                if case.opened_on == on:
                    case.outcome = case.outcome or "superseded"
            entitlement.recognise()
    for region in regions:
        model.standing[region] = [one for one in model.standing[region] if one.night.on != on]
        for newest in model.standing[region][-1:]:
            told = model.in_ledger(newest.night).units
            newest.excused |= {(u["region_code"], u["uscc"], newest.night.on.year) for u in told}


def _offer(of: Entitlement, said: Said | None) -> None:
    """An account that follows a return waits for a person."""
    if not said or said["decision"] != "eligible" or not of.is_doubtful:
        return
    account = said["account_no"]
    if account is not None and account not in of.failed and of.offers[-1:] != [account]:
        of.offers.append(account)
        of.is_accepted = False
