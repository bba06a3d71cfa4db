"""One function per step of the night. A scheduler's task calls one; the command line calls them in order.

Each is a transaction on one business date: it reads what the step before registered, writes new names and
may be run again. What is wrong with data is recorded and never raised; what raises is a step that broke.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from stable_jobs import __version__
from stable_jobs.contracts.model import Contract
from stable_jobs.intake.connectors.dropped_file import DroppedFiles
from stable_jobs.intake.landing import CollectResult, collect_department
from stable_jobs.intake.staging import stage_department
from stable_jobs.lists.inputs import Inputs, QuarantineFile
from stable_jobs.lists.lists import RegionLists, publish_lists
from stable_jobs.night.comparison import Comparison, compare_night, load_comparison
from stable_jobs.night.context import NightContext
from stable_jobs.night.paid_by_us import paid_by_us
from stable_jobs.night.policies import note_policies, policy_facts
from stable_jobs.night.unlisted import after_lists, hold_unlisted
from stable_jobs.policy.determine import Decision, decided_on, determine
from stable_jobs.publishing.publish import publish_folder
from stable_jobs.report.collect import Night, collect_report
from stable_jobs.report.render import render_edition
from stable_jobs.settings import code_fingerprint
from stable_jobs.store import catalog
from stable_jobs.store.catalog import InForce, Validation
from stable_jobs.store.registered import registered_codes
from stable_jobs.validation.suite import load_expectations
from stable_jobs.validation.units import validate_units
from stable_jobs.validation.validate import validate_department


def contracts_of(night: NightContext, department: str) -> Mapping[str, Contract]:
    """The contracts of one department, by extract."""
    return {name: contract for name, contract in night.contracts.items() if contract.department == department}


def collect(night: NightContext, department: str) -> CollectResult:
    """Copy what the department dropped for the date into the lake, check manifests, register deliveries."""
    connector = DroppedFiles(night.settings.landing_root)
    mine = contracts_of(night, department)
    return collect_department(night.database, night.lake, connector, mine, night.business_date)


def validate(night: NightContext, department: str) -> list[Validation]:
    """Stage what was collected, run the contract's rules, quarantine what broke a critical one."""
    mine = contracts_of(night, department)
    stores = (night.database, night.duck, night.lake)
    stage_department(*stores, mine, night.business_date, night.known_at, meanwhile=load_expectations)
    return validate_department(
        night.duck, night.database, night.lake, mine, department, night.business_date, night.known_at
    )


def determine_eligibility(night: NightContext, validation_ids: Collection[int] = ()) -> Decision:
    """Decide every unit of every region that is not held.

    validation_ids: what this night's `validate` steps returned; they speak instead of newer ones.
    """
    if night.known_at is None:
        note_policies(night)
    in_force, held = deliveries_in_force(night, validation_ids)
    stores = (night.duck, night.database, night.lake)
    paid = paid_by_us(night)
    with night.database.connect() as connection:
        registered = registered_codes(connection, night.known_at)
    return determine(
        *stores, night.contracts, night.policies, night.business_date, in_force, held, *paid, registered
    )


def check_units(night: NightContext, decision: Decision) -> list[Validation]:
    """Run the rules about a unit's joined facts: counted and shown, never a reason to drop a unit."""
    stores = (night.duck, night.database, night.lake)
    return validate_units(*stores, night.contracts, night.business_date, decision.unit_facts)


def deliveries_in_force(
    night: NightContext, validation_ids: Collection[int] = ()
) -> tuple[list[InForce], frozenset[tuple[str, str]]]:
    """What counts tonight, and which (extract, region) came and is held by a rule."""
    with night.database.connect() as connection:
        found = catalog.in_force(
            connection, night.business_date, night.contracts, night.known_at, validation_ids
        )
        held = catalog.held_outcomes(connection, night.business_date, night.known_at)
    return found, frozenset((one.extract, one.region_code) for one in held if not one.is_released)


def lists(night: NightContext, decision: Decision) -> list[RegionLists]:
    """Publish every region's lists and manifest; equal inputs write nothing.

    A region whose lists do not add up is held from here on (`unlisted`), and `fault` says why.
    """
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
    return made


def _require_unchanged(night: NightContext, names: Collection[str]) -> None:
    """LakeChanged where a file that is about to be read is not what was registered."""
    with night.database.connect() as connection:
        catalog.check_contents(connection, night.lake, names)


def compare(night: NightContext, decision: Decision) -> Comparison:
    """Publish what changed since the night before, and since this date was decided otherwise."""
    return compare_night(night, decision, versions(night))


def report(
    night: NightContext, decision: Decision, validations: Sequence[Validation], comparison: Path | None = None
) -> Path:
    """Publish the night's validation report; the path of its first page. An equal report writes nothing.

    validations: what this night's `validate` steps and `check_units` returned. comparison: the manifest that
    `compare` published; None if it broke.
    """
    inputs = _report_inputs(night, decision, validations, comparison)
    found = collect_report(night.duck, night.database, night.lake, inputs)
    folder = night.settings.out_root / night.business_date.isoformat() / "validation"
    files = render_edition(found, lambda name: _published(folder / name))
    publish_folder(
        folder, files, {"business_date": night.business_date.isoformat(), "versions": versions(night)}
    )
    return folder / min((name for name in files if name.startswith("index")), key=len)


def _report_inputs(
    night: NightContext, decision: Decision, validations: Sequence[Validation], comparison: Path | None
) -> Night:
    with night.database.connect() as connection:
        base = decided_on(connection, decision)
        decision = after_lists(connection, decision)
    read = [name for one in base.in_force for name in (one.staged_name, one.quarantine_name)]
    own = [one.name for one in (decision.held, decision.reconciliation, decision.orphans)]
    _require_unchanged(night, [*own, *read])
    return Night(
        business_date=night.business_date,
        contracts=night.contracts,
        validations=validations,
        in_force=base.in_force,
        held_deliveries=base.held_deliveries,
        held=decision.held,
        reconciliation=decision.reconciliation,
        orphans=decision.orphans,
        names=night.names,
        is_demo=bool(night.demo_regions),
        versions=versions(night),
        known_at=night.known_at,
        comparison=None if comparison is None else load_comparison(comparison).facts,
        policy=policy_facts(night),
    )


def _published(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def versions(night: NightContext) -> dict[str, str]:
    """What the night was computed with: for manifests and the report, never in rows."""
    contracts = {name: contract.fingerprint for name, contract in night.contracts.items()}
    return {
        "stable_jobs": __version__,
        "code": code_fingerprint(),
        "policies": night.policies.fingerprint,
        "contracts": catalog.fingerprint(**contracts),
    }


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
        versions=versions(night),
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
