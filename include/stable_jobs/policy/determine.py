"""The decision of a night: a core without side effects, and the shell that registers what it made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from stable_jobs.contracts.model import Contract
from stable_jobs.errors import StepError
from stable_jobs.policy.aggregates import REPORTED, SUM
from stable_jobs.policy.extracts import Extracts, InputFile, Inputs, count_of
from stable_jobs.policy.facts import gather
from stable_jobs.policy.layoff import READS, laid_off
from stable_jobs.policy.load import Policies
from stable_jobs.policy.owed import HELD_COLUMNS, open_rows, owed, regions_of_night, suspended_regions
from stable_jobs.policy.parameters import parameter_table, typed_table
from stable_jobs.policy.reconcile import assert_balanced, orphans, reconciliation
from stable_jobs.policy.situation import ROW, region_table, resolved_rows, setting, terms
from stable_jobs.policy.verdict import eligibility, judged
from stable_jobs.regions import NATION
from stable_jobs.settings import code_fingerprint
from stable_jobs.store.catalog import (
    InForce,
    Snapshot,
    check_contents,
    deliveries_by_id,
    find_snapshot,
    fingerprint,
    inputs_of,
    register_snapshot,
    snapshot_by_id,
)
from stable_jobs.store.engine import Computing
from stable_jobs.store.lake import Lake
from stable_jobs.store.working import working_tables

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend
    from sqlalchemy import Connection, Engine

KINDS = (
    "unit_facts", "eligibility", "payees", "owed", "orphans", "reconciliation", "held", "terms", "refunds",
)  # fmt: skip
UNIT = ("region_code", "uscc")
PAYEES = ("region_code", "uscc", "account_name", "account_no", "bank_code", "bank_name", "account_source")

Keep = Callable[[str, "ir.Table"], "ir.Table"]
"""Writes a table of that kind somewhere and gives it back as read from there."""


@dataclass(frozen=True)
class Decision:
    """The registered snapshots of one night's decision."""

    unit_facts: Snapshot
    eligibility: Snapshot
    payees: Snapshot
    owed: Snapshot
    orphans: Snapshot
    reconciliation: Snapshot
    held: Snapshot
    terms: Snapshot
    refunds: Snapshot

    @property
    def id(self) -> int:
        """The id of its eligibility table, by which `decision_by_id` finds the decision."""
        return self.eligibility.id


def decide(
    backend: BaseBackend, inputs: Inputs, policies: Policies, on: date, keep: Keep
) -> dict[str, ir.Table]:
    """Decide every region at once, by kind (`KINDS`). Writes only through `keep`: what-if too.

    PolicyError for a missing parameter; StepError where units or yuan do not add up.
    """
    with working_tables(backend) as working:
        return _decide(Extracts(inputs, working), policies, on, keep)


def _decide(extracts: Extracts, policies: Policies, on: date, keep: Keep) -> dict[str, ir.Table]:
    materialize = extracts.working.materialize
    held = suspended_regions(extracts, policies, on)
    gone = {row["region_code"] for row in held}
    tonight = regions_of_night(extracts, policies, on)
    going = [code for code in tonight if code not in gone]
    rows = parameter_table(policies, on, going)
    gathered = gather(extracts, on, tonight)
    gathered = replace(gathered, facts=keep("unit_facts", gathered.facts))
    region = materialize(region_table(extracts, policies, rows, on))
    scene = setting(gathered.facts, region, rows, on)
    results = materialize(resolved_rows(scene))
    results = materialize(results.join(laid_off(scene.wide(results, *READS), on), ROW))
    decided = materialize(judged(scene.wide(results)))
    table = keep("eligibility", eligibility(decided))
    assert_one_row_per_unit(gathered.units, gathered.facts, table, going)
    lines = reconciliation(extracts, gathered, table, parameter_table(policies, on), held)
    return {
        "unit_facts": gathered.facts,
        "eligibility": table,
        "payees": keep("payees", payees(gathered.accounts, table)),
        "owed": keep(
            "owed", owed(materialize(open_rows(scene, results, decided)), extracts.inputs.contracts)
        ),
        "orphans": keep("orphans", orphans(extracts, gathered)),
        "reconciliation": _balanced(keep("reconciliation", lines), extracts),
        "held": keep("held", typed_table(held, HELD_COLUMNS).order_by(*HELD_COLUMNS)),
        "terms": keep("terms", terms(region, rows)),
        "refunds": keep("refunds", gathered.refunds.order_by(*REPORTED)),
    }


def payees(accounts: ir.Table, table: ir.Table) -> ir.Table:
    """The account of every unit whose row is taken; no account of anybody else leaves the facts."""
    taken = table.filter(table.is_taken).select(*UNIT)
    return accounts.semi_join(taken, UNIT).select(*PAYEES).order_by(*UNIT)


def assert_one_row_per_unit(units: ir.Table, facts: ir.Table, table: ir.Table, going: list[str]) -> None:
    """StepError if a join made or lost a unit: facts for every unit, one general row for each decided one."""
    general = table.filter(table.scheme == "general")
    every = {"units": units, "distinct units": units.select(*UNIT).distinct(), "facts": facts}
    decided = {
        "units to decide": units.filter(units.region_code.isin(going)) if going else units.limit(0),
        "general rows": general,
        "distinct general rows": general.select(*UNIT).distinct(),
    }
    for tables in (every, decided):
        found = {name: count_of(t) for name, t in tables.items()}
        if len(set(found.values())) > 1:
            raise StepError(f"determine: a join changed the number of units: {found}; nothing was registered")


def _balanced(lines: ir.Table, extracts: Extracts) -> ir.Table:
    good = extracts.accepted("premium_payments")
    bad = extracts.quarantined("premium_payments")
    both = good.select("region_code", "employer_amount", "employee_amount").union(
        bad.select("employer_amount", "employee_amount", region_code=bad.home_region.fill_null(NATION))
        .select("region_code", "employer_amount", "employee_amount")
    )  # fmt: skip
    amount = both.employer_amount.fill_null(0) + both.employee_amount.fill_null(0)
    assert_balanced(lines, both.group_by("region_code").aggregate(sent=amount.sum().cast(SUM)))
    return lines


def input_files(lake: Lake, in_force: Sequence[InForce]) -> tuple[InputFile, ...]:
    """The catalog's deliveries in force as files to read."""
    return tuple(
        InputFile(
            extract=f.extract,
            region_code=f.region_code,
            delivery_id=f.delivery_id,
            staged=lake.path(f.staged_name),
            quarantine=lake.path(f.quarantine_name),
            held_parts=f.held_parts,
        )
        for f in in_force
    )


def determine(
    computing: Computing,
    engine: Engine,
    lake: Lake,
    contracts: Mapping[str, Contract],
    policies: Policies,
    business_date: date,
    in_force: Sequence[InForce],
    held_deliveries: frozenset[tuple[str, str]] = frozenset(),
    paid_by_us: str | None = None,
    paid_fingerprint: str = "",
    registered: tuple[tuple[str, str], ...] = (),
) -> Decision:
    """Decide the business date and register all snapshots in one transaction; made before from the
    same: found, on whichever engine.

    held_deliveries: (extract, region) whose delivery came and is not accepted, for the reason on the report.
    paid_by_us: Parquet file of what our ledger instructed (`paid.OURS`), paid_fingerprint what it is known
    by; None and "": nothing. StepError for one without the other. registered: (region, code) that two people
    registered though the code rule refuses it.
    """
    if (paid_by_us is None) != (paid_fingerprint == ""):
        raise StepError("determine: expected paid_by_us and paid_fingerprint, or neither; found one alone")
    made_from = fingerprint_inputs(
        contracts, policies, business_date, in_force, held_deliveries, paid_fingerprint, registered
    )
    key = fingerprint(**made_from)
    with engine.connect() as connection:
        found = find_decision(connection, key)
        check_contents(connection, lake, _read_names(found, in_force))
    if found is not None:
        return found
    backend = computing.backend
    names: dict[str, str] = {}
    inputs = Inputs(input_files(lake, in_force), contracts, held_deliveries, paid_by_us, registered)
    tables = decide(backend, inputs, policies, business_date, partial(_keep, backend, lake, names))
    rows = {kind: count_of(table) for kind, table in tables.items()}
    content = {kind: lake.keep(names[kind]) for kind in KINDS}
    with engine.begin() as connection:
        made = {
            kind: register_snapshot(
                connection, kind=kind, business_date=business_date, fingerprint=key, name=names[kind],
                rows=rows[kind], inputs=made_from, content=content[kind],
            )
            for kind in KINDS
        }  # fmt: skip
    return Decision(**made)


def _read_names(found: Decision | None, in_force: Sequence[InForce]) -> list[str]:
    """The files that are about to be read: those of the decision made before, else those it is made from."""
    if found is not None:
        return [snapshot.name for snapshot in vars(found).values()]
    return [name for one in in_force for name in (one.staged_name, one.quarantine_name)]


def fingerprint_inputs(
    contracts: Mapping[str, Contract], policies: Policies, business_date: date,
    in_force: Sequence[InForce], held_deliveries: frozenset[tuple[str, str]], paid_fingerprint: str = "",
    registered: tuple[tuple[str, str], ...] = (),
) -> dict[str, object]:  # fmt: skip
    """Everything the decision depends on, for the catalog's fingerprint."""
    return {
        "step": "determine",
        "business_date": business_date,
        "in_force": sorted(
            [f.extract, f.region_code, f.delivery_id, f.staged_name, f.quarantine_name, list(f.held_parts)]
            for f in in_force
        ),
        "held_deliveries": sorted(list(pair) for pair in held_deliveries),
        "contracts": {extract: contract.fingerprint for extract, contract in contracts.items()},
        "policies": policies.fingerprint,
        "paid_by_us": paid_fingerprint,
        "registered": [list(pair) for pair in registered],
        "code": code_fingerprint(),
    }


@dataclass(frozen=True)
class DecidedOn:
    """The deliveries that a decision was made from: those that counted, and the (extract, region) whose
    delivery came and was held then."""

    in_force: tuple[InForce, ...]
    held_deliveries: frozenset[tuple[str, str]]


def decided_on(connection: Connection, decision: Decision) -> DecidedOn:
    """The inputs that the decision registered; later deliveries, validations, releases change nothing."""
    inputs = inputs_of(connection, decision.id)
    on = decision.eligibility.business_date
    rows: list[list[Any]] = inputs["in_force"]
    sent = [one.business_date for one in deliveries_by_id(connection, [row[2] for row in rows])]
    return DecidedOn(
        in_force=tuple(
            InForce(extract, region, delivery_id, day, staged, quarantine, day < on, tuple(held))
            for (extract, region, delivery_id, staged, quarantine, held), day in zip(rows, sent, strict=True)
        ),
        held_deliveries=frozenset((extract, region) for extract, region in inputs["held_deliveries"]),
    )


def find_decision(connection: Connection, key: str) -> Decision | None:
    """The whole decision registered under that fingerprint, or None."""
    found = {kind: find_snapshot(connection, kind, key) for kind in KINDS}
    present = {kind: snapshot for kind, snapshot in found.items() if snapshot is not None}
    return Decision(**present) if len(present) == len(KINDS) else None


def decision_by_id(connection: Connection, decision_id: int) -> Decision:
    """The decision with that `Decision.id`; KeyError if there is none."""
    eligibility = snapshot_by_id(connection, decision_id)
    found = find_decision(connection, eligibility.fingerprint)
    if found is None or found.id != decision_id:
        raise KeyError(decision_id)
    return found


def _keep(backend: BaseBackend, lake: Lake, names: dict[str, str], kind: str, table: ir.Table) -> ir.Table:
    names[kind] = lake.new_name(kind)
    path = lake.path(names[kind])
    table.to_parquet(path)
    return backend.read_parquet(path)


def keep_in(backend: BaseBackend, folder: str) -> Keep:
    """For a what-if: writes `<folder>/<kind>.parquet` and nothing else."""

    def keep(kind: str, table: ir.Table) -> ir.Table:
        path = f"{folder}/{kind}.parquet"
        table.to_parquet(path)
        return backend.read_parquet(path)

    return keep
