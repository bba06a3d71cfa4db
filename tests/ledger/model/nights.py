"""What a night does to the model."""

from __future__ import annotations

from decimal import Decimal

from tests.ledger.conftest import Night
from tests.ledger.model.batches import check_batch, void_around
from tests.ledger.model.records import (
    ZERO,
    Case,
    Entitlement,
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
    older = [r for r in sorted(night.regions) if r in model.newest and model.newest[r].night.on > night.on]
    told = model.in_ledger(night)
    taken = []
    for region in sorted(set(night.regions) - set(older)):
        held = bool(night.regions[region].get("is_held"))
        known = model.newest.get(region)
        if known is None or (known.night, known.is_held) != (night, held):
            model.newest[region] = Newest(night, held, model.clock)
            if not held:
                taken.append(region)
                model.joined |= {change for change in night.codes if change[0] == region}
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
    notice = Notice(region, night.regions[region]["clears_on"])
    mine = [key for key in model.units if key[0] == region and key[2] == night.on.year]
    for key in sorted({*said, *mine}):
        outside = model.newest[region].outside[key] = model.outside(night, key)
        if model.is_under_way(key) or model.is_doubtful(key):
            model.newest[region].excused.add(key)
        _decide_unit(model, key, said.get(key), outside, notice)
    model.notices.append(notice)


def _note(model: Model, row: Said) -> None:
    standing = _standing(model, row)
    if standing:
        model.reported.setdefault(voucher(row), Reported(unit_of(row), standing))


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
        _settle(model, key, entitlement, said["scheme"], said["entitlement"], outside, notice)
    elif said and is_sure and entitlement and said["decision"] == "ineligible" and said["is_revoked"]:
        _settle(model, key, entitlement, said["scheme"], ZERO, outside, None)
    elif entitlement:
        entitlement.recognise()
    if entitlement and entitlement.open and is_eligible and said:
        _correct_from_extract(entitlement.open, said["account_no"])


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
        of.cases.append(Case(-due))


def _correct_from_extract(payment: Payment, account_no: str | None) -> None:
    if payment.state == "returned" and account_no not in (None, payment.attempts[-1].account_no):
        payment.state = "corrected"
