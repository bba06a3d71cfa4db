"""What a department still owes for a business date: not sent yet, refused, or held by a rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from stable_jobs import settings
from stable_jobs.contracts.model import Contract
from stable_jobs.night.desk import Desk
from stable_jobs.night.steps import contracts_of
from stable_jobs.policy.held import needed_extracts
from stable_jobs.regions import NATION
from stable_jobs.report.data import DeliveryLine
from stable_jobs.report.deliveries import Known, delivery_lines
from stable_jobs.report.parts import Words
from stable_jobs.report.words import slot_of, words_of
from stable_jobs.settings import SHANGHAI
from stable_jobs.store import catalog
from stable_jobs.store.catalog import Validation

STOPPED = ("refused", "held")


@dataclass(frozen=True)
class Owed:
    """What the department must send, or send again, for one region. `status`: missing, refused or held.

    `expected` and `found` are rows of a held one: what else was found in a file is not for a log.
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


def not_sent(desk: Desk, department: str) -> list[tuple[str, str]]:
    """(extract, region) that a region's parameters need and of which nothing readable by name and manifest
    has come for the business date, neither for the region nor for all; sorted."""
    mine = contracts_of(desk, department)
    with desk.database.connect() as connection:
        came = catalog.deliveries_for(
            connection, desk.business_date, department=department, known_at=desk.known_at
        )
    slots = {(one.extract, one.region_code) for one in came if one.status != "refused"}
    return sorted(
        (extract, region)
        for region, extracts in needed_extracts(desk.policies, desk.business_date).items()
        for extract in extracts
        if extract in mine and not slots & {(extract, region), (extract, NATION)}
    )


def still_awaited(desk: Desk, department: str) -> list[tuple[str, str]]:
    """Of what was not sent, that whose contract's due time has not come; as known then: nothing."""
    if desk.known_at is not None:
        return []
    moment = settings.now()
    return [
        (extract, region)
        for extract, region in not_sent(desk, department)
        if moment < due_at(desk, desk.contracts[extract], region)
    ]


def due_at(desk: Desk, contract: Contract, region: str) -> datetime:
    """Until when a region's delivery of the business date may come, by the contract's terms for it."""
    midnight = datetime.combine(desk.business_date, time(), SHANGHAI)
    return midnight + timedelta(hours=contract.for_region(region, desk.business_date).due_hours)


def owed_by(desk: Desk, department: str, validations: Sequence[Validation]) -> list[Owed]:
    """Everything owed, by extract and region. Quarantined rows within the tolerance are not in it.

    validations: what this night's `validate` of the department returned.
    """
    stopped = [one for c in contracts_of(desk, department).values() for one in _stopped(desk, c, validations)]
    told = {(one.extract, one.region_code) for one in stopped}
    missing = [
        _missing(desk, *pair) for pair in not_sent(desk, department) if not told & {pair, (pair[0], NATION)}
    ]
    return sorted([*stopped, *missing], key=lambda one: (one.extract, one.region_code))


def _stopped(desk: Desk, contract: Contract, validations: Sequence[Validation]) -> Iterator[Owed]:
    with desk.database.connect() as connection:
        deliveries = catalog.deliveries_for(
            connection, desk.business_date, extract=contract.extract, known_at=desk.known_at
        )
        releases = catalog.releases(connection, desk.known_at)
    outcomes = [o for v in validations if v.extract == contract.extract for o in v.outcomes]
    last = {one.region_code: one for one in deliveries}
    lines = delivery_lines(Known(contract, desk.names, outcomes, releases), list(last.values()), ())
    newest = {line.place.code: line for line in lines}
    yield from (_line(contract, line) for line in newest.values() if line.status in STOPPED)


def _line(contract: Contract, line: DeliveryLine) -> Owed:
    trouble = line.trouble
    where = (contract.extract, line.place.code, line.place.name, line.status)
    if trouble is None:
        return Owed(*where, words_of("refused", line.status), words_of("refused", "next"))
    measure = (trouble.expected, trouble.found) if line.status == "held" else ()
    return Owed(*where, trouble.what, trouble.next_step, *measure)


def _missing(desk: Desk, extract: str, region: str) -> Owed:
    place = slot_of(region, desk.names)
    what, next_step = words_of("owed", "not_sent"), words_of("owed", "next")
    return Owed(extract, region, place.name, "missing", what, next_step)
