"""The steps of the night, each once, and the whole night in their order as the command line runs it.

Each step is a transaction on one business date: it reads what the step before registered, writes new names
and may be run again. Wrong data is recorded and never raised; an error means that the machinery broke. The
command line calls a step as a function (`lists(night, determined)`), a scheduler's task in a process of its
own (`lists.task(run, json)`): see `night.step`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from stable_jobs.contracts.model import DEPARTMENTS
from stable_jobs.errors import Problem, StableJobsError, StepError, StepsMissing, store_fault
from stable_jobs.intake.connectors import DroppedFiles
from stable_jobs.intake.landing import CollectResult, collect_department
from stable_jobs.intake.staging import stage_department
from stable_jobs.ledger.views import newest_of
from stable_jobs.lists.inputs import Inputs, QuarantineFile
from stable_jobs.lists.lists import RegionLists, publish_lists
from stable_jobs.night import alerts, owed
from stable_jobs.night.comparison import Comparison, compare_night
from stable_jobs.night.context import NightContext
from stable_jobs.night.figures import after_lists, hold_unlisted, require_listed
from stable_jobs.night.handed import (
    Determined,
    Validated,
    decide_in_force,
    require_departments,
    require_newest,
)
from stable_jobs.night.notices import Notices, open_notices, paid_by_us
from stable_jobs.night.policies import note_policies, policy_facts
from stable_jobs.night.step import Result, require_came, step
from stable_jobs.policy.determine import Decision, decided_on
from stable_jobs.policy.determine import determine as determine_regions
from stable_jobs.policy.parameters import participating_regions, resolve
from stable_jobs.publishing.publish import publish_folder
from stable_jobs.report.collect import Night, collect_report
from stable_jobs.report.render import render_edition
from stable_jobs.store import catalog
from stable_jobs.store.catalog import InForce
from stable_jobs.store.database import business_date_lock
from stable_jobs.store.validations import registered_codes
from stable_jobs.validation.run import load_expectations
from stable_jobs.validation.validate import validate_department, validate_units

log = logging.getLogger(__name__)
OWED_SHOWN = 60
"""Lines of what is owed that a log gets; all of it is on the report."""


@dataclass(frozen=True)
class Collected(Result[dict[str, int]]):
    """A department's deliveries. awaited: (extract, region) that may still come before they are due."""

    found: CollectResult
    awaited: tuple[tuple[str, str], ...]

    def tell(self, night: NightContext) -> None:
        """Each problem and what is awaited, into the log."""
        for problem in self.found.problems:
            log.warning("%s", problem.sentence())
        if self.awaited:
            waits = ", ".join(f"{extract} {region}" for extract, region in self.awaited)
            log.info("awaited until due: %s", waits)

    def as_json(self, night: NightContext) -> dict[str, int]:
        """How many `deliveries`, `refused` by now, and `awaited`."""
        refused = sum(one.status == "refused" for one in self.found.deliveries)
        return {
            "deliveries": len(self.found.deliveries),
            "refused": refused,
            "awaited": len(self.awaited),
        }


@step()
def collect(night: NightContext, department: str, *, waits: bool = False, is_sure: bool = False) -> Collected:
    """Copy what the department dropped for the date into the lake, check manifests, register deliveries.

    UsageError where nobody sent anything for the date, unless the caller is sure, or waits for what may still
    come from any department.
    """
    landing = night.settings.landing_root
    if not landing.is_dir():
        raise StepError(f"there is no landing folder {landing}: mount it, or set STABLE_JOBS_LANDING")
    mine = night.contracts_of(department)
    stores = (night.database, night.lake, DroppedFiles(landing))
    found = collect_department(*stores, mine, night.business_date)
    if is_sure:
        return Collected(found, ())
    awaited = tuple(owed.still_awaited(night, department))
    if not (waits and any(owed.still_awaited(night, other) for other in DEPARTMENTS)):
        require_came(night)
    return Collected(found, awaited)


@step(logged="{department}")
def validate(night: NightContext, department: str) -> Validated:
    """Stage what was collected, run the contract's rules, quarantine what broke a critical one."""
    mine = night.contracts_of(department)
    stores = (night.database, night.duck, night.lake)
    stage_department(*stores, mine, night.business_date, night.known_at, meanwhile=load_expectations)
    made = validate_department(
        night.duck, night.database, night.lake, mine, department, night.business_date, night.known_at
    )
    return Validated(tuple(made))


@dataclass(frozen=True)
class Owing(Result[list[str]]):
    """The deliveries that a department owes."""

    department: str
    deliveries: tuple[owed.Owed, ...]

    def tell(self, night: NightContext) -> None:
        """A notice with the deliveries; none of a night that binds nobody."""
        if night.is_binding:
            alerts.tell_owed(night, self.department, len(self.deliveries), self.as_json(night))

    def as_json(self, night: NightContext) -> list[str]:
        """A sentence for each delivery, as many as a log gets."""
        shown = [one.sentence() for one in self.deliveries[:OWED_SHOWN]]
        more = len(self.deliveries) - len(shown)
        return [*shown, f"and {more} more, see the report"] if more else shown


@step()
def list_owed(night: NightContext, department: str, validated: Validated) -> Owing:
    """The deliveries that the department owes: missing, refused or held."""
    require_departments(night, validated.validations, (department,))
    return Owing(department, tuple(owed.owed_by(night, department, validated.validations)))


@step(logged="decided")
def determine(night: NightContext, validated: list[Validated], *, is_sure: bool = False) -> Determined:
    """Decide every unit of every region that is not suspended.

    From here on the decision of a binding night is the decision of its date.

    validated: the results of this night's `validate`; they speak instead of newer ones. UsageError where one
    is of other deliveries than the last, or where nobody sent anything for the date and the caller is not
    sure.
    """
    if not is_sure:
        require_came(night)
    found = [one for made in validated for one in made.validations]
    require_newest(night, found)
    decision = decide(night, [one.id for one in found])
    if night.is_binding:
        decide_in_force(night, decision)
    stores = (night.duck, night.database, night.lake)
    units = validate_units(*stores, night.contracts, night.business_date, decision.unit_facts)
    return Determined(decision, (*found, *units))


def decide(night: NightContext, validation_ids: Collection[int] = ()) -> Decision:
    """The decision by the deliveries in force, registered; it is not in force by this alone."""
    if night.known_at is None:
        note_policies(night)
    in_force, held = deliveries_in_force(night, validation_ids)
    stores = (night.computing, night.database, night.lake)
    paid = paid_by_us(night)
    with night.database.connect() as connection:
        registered = registered_codes(connection, night.known_at)
    return determine_regions(
        *stores, night.contracts, night.policies, night.business_date, in_force, held, *paid, registered
    )


def deliveries_in_force(
    night: NightContext, validation_ids: Collection[int] = ()
) -> tuple[list[InForce], frozenset[tuple[str, str]]]:
    """The deliveries that count tonight, and each (extract, region) that came and is held by a rule."""
    with night.database.connect() as connection:
        found = catalog.in_force(
            connection, night.business_date, night.contracts, night.known_at, validation_ids
        )
        held = catalog.held_outcomes(connection, night.business_date, night.known_at)
    return found, frozenset((one.extract, one.region_code) for one in held if not one.is_released)


@dataclass(frozen=True)
class PublishedLists(Result[dict[str, Any]]):
    """The lists in force for each region, decided or suspended."""

    regions: tuple[RegionLists, ...]

    def as_json(self, night: NightContext) -> dict[str, Any]:
        """`regions`, of them `held` and `changed`; `listed` units, `payable` (yuan)."""
        return {
            "regions": len(self.regions),
            "held": sum(one.is_held for one in self.regions),
            "listed": sum(one.units for one in self.regions),
            "payable": str(sum((one.payable for one in self.regions), Decimal("0.00"))),
            "changed": sum(one.is_new for one in self.regions),
        }


@step(logged="published")
def lists(night: NightContext, determined: Determined) -> PublishedLists:
    """Publish every region's lists and manifest; equal inputs write nothing.

    A region whose lists do not add up is held from here on (`unlisted`), and `fault` says why.
    """
    decision = determined.decision
    with night.database.connect() as connection:
        in_force = decided_on(connection, decision).in_force
    quarantined = [one.quarantine_name for one in in_force]
    _require_unchanged(night, [*(snapshot.name for snapshot in vars(decision).values()), *quarantined])
    made = publish_lists(
        night.duck,
        _list_inputs(night, decision, in_force),
        out=night.settings.out_root,
        workbook_rows=night.settings.workbook_rows,
    )
    hold_unlisted(night, decision, {one.region_code: one.fault for one in made if one.fault is not None})
    return PublishedLists(tuple(made))


def _require_unchanged(night: NightContext, names: Collection[str]) -> None:
    """LakeChanged where a file that is about to be read is not what was registered."""
    with night.database.connect() as connection:
        catalog.check_contents(connection, night.lake, names)


@step()
def compare(night: NightContext, determined: Determined) -> Comparison:
    """Publish what changed since the night before, and since this date was decided otherwise."""
    return compare_night(night, determined.decision, night.versions)


@dataclass(frozen=True)
class Announced(Result[dict[str, Any]]):
    """A decision and its notices in the ledger; notices: None for a decision that does not bind."""

    decision: Decision
    notices: Notices | None

    def tell(self, night: NightContext) -> None:
        """The suspended regions with their reasons, and the ledger's newest event."""
        if self.notices is not None:
            alerts.tell_suspended(night, self.decision)
            alerts.tell_anchor(night)

    def as_json(self, night: NightContext) -> dict[str, Any]:
        """Notices `opened`, with `units` and `payable` (yuan); regions `taken` over by the ledger as their
        newest night, and `older` ones, of which it knows a newer night."""
        made = self.notices
        if made is None:
            return {"opened": 0, "units": 0, "payable": "0.00", "taken": 0, "older": 0}
        with night.database.connect() as connection:
            taken = newest_of(connection, night.business_date)
        return {
            "opened": made.opened,
            "units": made.units,
            "payable": str(made.payable),
            "taken": taken,
            "older": len(made.older),
        }


@step(logged="announced")
def notices(night: NightContext, determined: Determined) -> Announced:
    """The ledger takes over the decision, and the notices that it opens are published.

    A night that binds nobody opens none.
    """
    made = open_notices(night, determined.decision) if night.is_binding else None
    return Announced(determined.decision, made)


@dataclass(frozen=True)
class Late(Result[list[str]]):
    """Regions, by code and name, that promised an answer on the same day."""

    regions: tuple[str, ...]

    def tell(self, night: NightContext) -> None:
        """That the deadline has passed."""
        if self.regions:
            alerts.tell_late(night, self.regions)

    def as_json(self, night: NightContext) -> list[str]:
        """The regions."""
        return list(self.regions)


@step(holds_date=False)
def list_late(night: NightContext) -> Late:
    """The regions that promised an answer on the same day, for a run that is not over."""
    policies, on = night.policies, night.business_date
    promised = [
        code
        for code in participating_regions(policies, on)
        if resolve(policies, code, "general", "same_day_promise", on).value
    ]
    return Late(tuple(f"{code} {night.names[code].both}" for code in promised))


@dataclass(frozen=True)
class Report(Result[dict[str, str]]):
    """A published validation report. broken: names of the night's steps that did not succeed."""

    path: Path
    decision: Decision
    broken: tuple[str, ...]

    def tell(self, night: NightContext) -> None:
        """StepsMissing if steps did not succeed or a region's lists do not add up."""
        if self.broken:
            raise StepsMissing(
                f"the report is at {self.path}, but steps did not succeed: {', '.join(self.broken)}"
            )
        require_listed(night, self.decision)

    def as_json(self, night: NightContext) -> dict[str, str]:
        """`path` of its first page."""
        return {"path": str(self.path)}


@step()
def report(
    night: NightContext,
    determined: Determined | None,
    comparison: Comparison | None = None,
    broken: Sequence[str] = (),
) -> Report:
    """Publish the night's validation report. An equal report writes nothing.

    comparison: None if `compare` broke; the report says so. broken: names of the steps that did not succeed.
    StepsMissing if there is no decision to report on.
    """
    if determined is None:
        raise StepsMissing(f"no decision to report on; steps that did not succeed: {', '.join(broken)}")
    inputs = _report_inputs(night, determined, comparison)
    found = collect_report(night.duck, night.database, night.lake, inputs)
    folder = night.settings.out_root / night.business_date.isoformat() / "validation"
    files = render_edition(found, lambda name: _published(folder / name))
    said = {"business_date": night.business_date.isoformat(), "versions": night.versions}
    publish_folder(folder, files, said)
    first = folder / min((name for name in files if name.startswith("index")), key=len)
    return Report(first, determined.decision, tuple(broken))


def _report_inputs(night: NightContext, determined: Determined, comparison: Comparison | None) -> Night:
    with night.database.connect() as connection:
        base = decided_on(connection, determined.decision)
        decision = after_lists(connection, determined.decision)
    read = [name for one in base.in_force for name in (one.staged_name, one.quarantine_name)]
    own = [one.name for one in (decision.held, decision.reconciliation, decision.orphans)]
    _require_unchanged(night, [*own, *read])
    return Night(
        business_date=night.business_date,
        contracts=night.contracts,
        validations=determined.validations,
        in_force=base.in_force,
        held_deliveries=base.held_deliveries,
        held=decision.held,
        reconciliation=decision.reconciliation,
        orphans=decision.orphans,
        names=night.names,
        is_demo=bool(night.demo_regions),
        versions=night.versions,
        known_at=night.known_at,
        comparison=None if comparison is None else comparison.facts,
        policy=policy_facts(night),
    )


def _published(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _list_inputs(night: NightContext, decision: Decision, in_force: Sequence[InForce]) -> Inputs:
    path = {kind: night.lake.path(snapshot.name) for kind, snapshot in vars(decision).items()}
    return Inputs(
        business_date=night.business_date,
        eligibility=path["eligibility"],
        payees=path["payees"],
        owed=path["owed"],
        orphans=path["orphans"],
        reconciliation=path["reconciliation"],
        held=path["held"],
        quarantine=_quarantine_files(night, in_force),
        names={code: (p.name_zh, p.name_en) for code, p in night.policies.regions.items()},
        versions=night.versions,
        files=_file_names(night, in_force),
        demo_regions=night.demo_regions,
    )


def _file_names(night: NightContext, in_force: Sequence[InForce]) -> dict[int, str]:
    """Of tonight's deliveries, and of the earlier dates from which one stands in."""
    dates = {night.business_date, *(one.business_date for one in in_force)}
    with night.database.connect() as connection:
        found = [one for day in sorted(dates) for one in catalog.deliveries_for(connection, day)]
    return {one.id: f"{one.business_date.isoformat()}/{one.file_name}" for one in found}


def _quarantine_files(night: NightContext, in_force: Sequence[InForce]) -> list[QuarantineFile]:
    names = sorted({(one.extract, one.quarantine_name) for one in in_force})
    return [
        QuarantineFile(night.contracts[extract].department, extract, night.lake.path(name))
        for extract, name in names
    ]


@dataclass(frozen=True)
class NightRun:
    """The results of a whole night. untaken: what lay in the landing folder and is no delivery, so that no
    report has a line of it. comparison: None if it broke; notices: None where the night binds nobody."""

    untaken: tuple[Problem, ...]
    determined: Determined
    comparison: Comparison | None
    lists: PublishedLists
    notices: Notices | None
    report: Report


def run_night(night: NightContext, progress: Callable[[str], None]) -> NightRun:
    """Run every step under the business date's lock; `progress` hears each step's name before it starts.

    A second run of the same date waits, finds the snapshots and ends without change. StepError naming the
    step that broke, with the error as its cause. Whether anybody delivered, the caller has asked before.
    """

    @contextmanager
    def named(name: str) -> Iterator[None]:
        progress(name)
        try:
            yield
        except StableJobsError:
            raise
        except Exception as error:
            broken = StepError(f"step {name!r} broke: {type(error).__name__}: {error}")
            raise store_fault(error) or broken from error

    untaken, validated = list[Problem](), list[Validated]()
    comparison, announced = None, None
    with business_date_lock(night.database, night.business_date):
        for department in DEPARTMENTS:
            with named(f"collect {department}"):
                untaken += collect(night, department, is_sure=True).found.unrecorded
        for department in DEPARTMENTS:
            with named(f"validate {department}"):
                validated.append(validate(night, department))
        with named("determine"):
            determined = determine(night, validated, is_sure=True)
        try:
            with named("compare"):
                comparison = compare(night, determined)
        except StableJobsError as error:
            progress(f"compare did not succeed, the night goes on: {error}")
        with named("lists"):
            published = lists(night, determined)
        if night.is_binding:
            with named("notices"):
                announced = notices(night, determined).notices
        with named("report"):
            reported = report(night, determined, comparison)
    return NightRun(tuple(untaken), determined, comparison, published, announced, reported)
