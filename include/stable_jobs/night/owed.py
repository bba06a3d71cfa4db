"""The deliveries that departments owe for a date, and a person's acceptance of a held one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from stable_jobs import settings
from stable_jobs.contracts.model import Contract
from stable_jobs.errors import UsageError
from stable_jobs.ledger.event import ledger_event
from stable_jobs.messages import words_of
from stable_jobs.messages.ledger_refusals import coded, refusal
from stable_jobs.messages.night import DELIVERY_STATE
from stable_jobs.night.context import NightContext
from stable_jobs.policy.owed import needed_extracts
from stable_jobs.regions import NATION
from stable_jobs.report.data import DeliveryLine
from stable_jobs.report.deliveries import Known, delivery_lines
from stable_jobs.report.parts import slot_of
from stable_jobs.settings import SHANGHAI, now
from stable_jobs.store import catalog
from stable_jobs.store.catalog import Release, Validation, delivery_by_id, held_outcomes, release_delivery
from stable_jobs.words import Words

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


# --- Owed deliveries ---
# The deliveries that a department owes for a business date: not sent yet, refused, or held by a rule.

STOPPED = ("refused", "held")


@dataclass(frozen=True)
class Owed:
    """A delivery that the department must send for one region. `status`: missing, refused or held.

    `expected` and `found` are rows of a held one; other content of a file does not belong in a log.
    """

    extract: str
    region_code: str
    region: Words
    status: str
    what: Words
    next_step: Words
    expected: Words | None = None
    found: Words | None = None

    def sentence(self) -> str:
        """One line for a log, Chinese before English."""
        place = f"{self.extract} {self.region_code} {self.region.both}"
        said = f"{self.what.zh.rstrip('。')}。{self.what.en}"
        measure = {"expected": self.expected, "found": self.found}
        measured = "".join(f"; {name} {words.both}" for name, words in measure.items() if words is not None)
        return f"{place} [{self.status}]: {said}{measured}; next: {self.next_step.both}"


def not_sent(night: NightContext, department: str) -> list[tuple[str, str]]:
    """(extract, region) that a region's parameters need and of which nothing readable by name and manifest
    has come for the business date, neither for the region nor for all; sorted."""
    mine = night.contracts_of(department)
    with night.database.connect() as connection:
        came = catalog.deliveries_for(
            connection, night.business_date, department=department, known_at=night.known_at
        )
    slots = {(one.extract, one.region_code) for one in came if one.status != "refused"}
    return sorted(
        (extract, region)
        for region, extracts in needed_extracts(night.policies, night.business_date).items()
        for extract in extracts
        if extract in mine and not slots & {(extract, region), (extract, NATION)}
    )


def still_awaited(night: NightContext, department: str) -> list[tuple[str, str]]:
    """Of what was not sent, that whose contract's due time has not come; as known then: nothing."""
    if night.known_at is not None:
        return []
    moment = settings.now()
    return [
        (extract, region)
        for extract, region in not_sent(night, department)
        if moment < due_at(night, night.contracts[extract], region)
    ]


def due_at(night: NightContext, contract: Contract, region: str) -> datetime:
    """Until when a region's delivery of the business date may come, by the contract's terms for it."""
    midnight = datetime.combine(night.business_date, time(), SHANGHAI)
    return midnight + timedelta(hours=contract.for_region(region, night.business_date).due_hours)


def owed_by(night: NightContext, department: str, validations: Sequence[Validation]) -> list[Owed]:
    """Everything owed, by extract and region. Quarantined rows within the tolerance are not in it.

    validations: the results of this night's `validate` of the department.
    """
    stopped = [
        one for c in night.contracts_of(department).values() for one in _stopped(night, c, validations)
    ]
    told = {(one.extract, one.region_code) for one in stopped}
    missing = [
        _missing(night, *pair) for pair in not_sent(night, department) if not told & {pair, (pair[0], NATION)}
    ]
    return sorted([*stopped, *missing], key=lambda one: (one.extract, one.region_code))


def _stopped(night: NightContext, contract: Contract, validations: Sequence[Validation]) -> Iterator[Owed]:
    with night.database.connect() as connection:
        deliveries = catalog.deliveries_for(
            connection, night.business_date, extract=contract.extract, known_at=night.known_at
        )
        releases = catalog.releases(connection, night.known_at)
    outcomes = [o for v in validations if v.extract == contract.extract for o in v.outcomes]
    last = {one.region_code: one for one in deliveries}
    lines = delivery_lines(Known(contract, night.names, outcomes, releases), list(last.values()), ())
    newest = {line.place.code: line for line in lines}
    yield from (_line(contract, line) for line in newest.values() if line.status in STOPPED)


def _line(contract: Contract, line: DeliveryLine) -> Owed:
    trouble = line.trouble
    where = (contract.extract, line.place.code, line.place.name, line.status)
    if trouble is None:
        return Owed(*where, words_of("refused", line.status), words_of("refused", "next"))
    measure = (trouble.expected, trouble.found) if line.status == "held" else ()
    return Owed(*where, trouble.what, trouble.next_step, *measure)


def _missing(night: NightContext, extract: str, region: str) -> Owed:
    place = slot_of(region, night.names)
    what, next_step = words_of("owed", "not_sent"), words_of("owed", "next")
    return Owed(extract, region, place.name, "missing", what, next_step)


# --- Acceptance of a held delivery ---
# A person takes a delivery that a table rule or the tolerance holds.


def accept_held_delivery(engine: Engine, delivery_id: int, *, reason: str, released_by: str) -> list[Release]:
    """Release a delivery from every rule that holds it; bound to its bytes and those rules. One audit event.

    Released again it stays as it was, and no event is left. UsageError where there is no such delivery, it
    was refused, nothing holds it, or reason or name is blank.
    """
    subject = f"delivery {delivery_id}"
    with ledger_event(engine, "delivery_release", actor=released_by, subject=subject) as event:
        rules = _holding(event.connection, delivery_id)
        released = [
            release_delivery(
                event.connection,
                delivery_id,
                rule_id=rule,
                reason=reason,
                released_by=released_by,
                released_at=now(),
            )
            for rule in rules
        ]
        event.detail.update({"delivery": delivery_id, "sha256": released[0].sha256, "rules": rules})
        return released


def _holding(connection: Connection, delivery_id: int) -> list[str]:
    """The rules that hold the delivery, released from already or not."""
    try:
        delivery = delivery_by_id(connection, delivery_id)
    except KeyError:
        raise UsageError(refusal("delivery_unknown", number=delivery_id)) from None
    held = held_outcomes(connection, delivery.business_date)
    rules = sorted({one.rule_id for one in held if one.delivery_id == delivery_id})
    if not rules:
        raise UsageError(
            refusal("delivery_not_held", number=delivery_id, status=coded(DELIVERY_STATE, delivery.status))
        )
    return rules
