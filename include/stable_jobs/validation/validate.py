"""The validation of a date: one extract's deliveries, and the joined facts of units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from stable_jobs.contracts.model import Contract, Rule, Scope
from stable_jobs.errors import StepError
from stable_jobs.settings import code_fingerprint
from stable_jobs.store import catalog
from stable_jobs.store.catalog import Delivery, DeliveryOutcome, RuleResult, Snapshot, Validation
from stable_jobs.store.engine import quote_identifier, quote_literal, read_parquet_sql
from stable_jobs.store.lake import Content, Lake
from stable_jobs.store.validations import FINDINGS, registered_codes
from stable_jobs.validation.findings import Findings, earlier_findings, take_over
from stable_jobs.validation.quarantine import (
    HOME_REGION,
    count_parts,
    judge,
    judged_parts,
    outcome_of,
    with_vanished,
    write_quarantine,
)
from stable_jobs.validation.queries import open_staged
from stable_jobs.validation.run import FAILURES, count_rows, run_rules

if TYPE_CHECKING:
    import duckdb
    from sqlalchemy import Connection, Engine


# --- Deliveries ---
# Validation of one extract's deliveries of a business date, all regions at once.
#
#     staged rows → row rules → quarantine → parts balanced → delivery rules → recorded, in one transaction
#
# Faults in data stop no step: a department's faulty rows are counted and kept. A rule that breaks,
# a lost row or a quarantine that is not whole is a StepError, and nothing is recorded.


@dataclass(frozen=True)
class Inputs:
    """Everything a validation depends on, read before it starts; its fingerprint is theirs."""

    deliveries: tuple[Delivery, ...]
    staged: tuple[str, ...]
    """Lake names of the staged files, in the deliveries' order."""
    previous_rows: Mapping[str, int]
    registered: tuple[tuple[str, str], ...]
    """(region, code) that two people registered: valid there whatever their check character."""
    released: Mapping[str, frozenset[str]]
    """Rules from which a person released a delivery, by the hash of its bytes."""
    resent: Mapping[str, int]
    """By slot, the deliveries whose rows were staged for an earlier one."""
    findings_fingerprint: str
    """Of what the row rules find, whatever the date: rows, contract, code, registered codes."""
    quarantine_fingerprint: str
    fingerprint: str


@dataclass(frozen=True)
class Found:
    """The findings of a validation, before they are recorded."""

    quarantine_name: str
    quarantine_rows: int
    results: tuple[RuleResult, ...]
    outcomes: tuple[DeliveryOutcome, ...]


def validate_department(
    con: duckdb.DuckDBPyConnection,
    engine: Engine,
    lake: Lake,
    contracts: Mapping[str, Contract],
    department: str,
    business_date: date,
    known_at: datetime | None = None,
) -> list[Validation]:
    """Validate a department's extracts in one process, in the order of `contracts`.

    An extract of which nothing could be staged has no validation: there is nothing to count.
    """
    validations = []
    for contract in (c for c in contracts.values() if c.department == department):
        with engine.connect() as connection:
            deliveries = catalog.current_deliveries(connection, business_date, contract.extract, known_at)
        if deliveries:
            validations.append(
                validate_extract(con, engine, lake, contract, business_date, deliveries, known_at)
            )
    return validations


def validate_extract(
    con: duckdb.DuckDBPyConnection,
    engine: Engine,
    lake: Lake,
    contract: Contract,
    business_date: date,
    deliveries: Sequence[Delivery],
    known_at: datetime | None = None,
) -> Validation:
    """Validate the current deliveries of one extract, at least one; the same inputs find the validation made.

    Leaves a quarantine Parquet (empty when nothing failed), a count per rule and region, and per delivery and
    region an outcome with the rule that holds it, if one does. StepError where the machinery broke.
    """
    if not deliveries:
        raise ValueError(f"{contract.extract}: no delivery to validate")
    with engine.connect() as connection:
        inputs = read_inputs(connection, contract, business_date, deliveries, known_at)
        known = catalog.find_validation(connection, business_date, contract.extract, inputs.fingerprint)
    if known is not None:
        return known
    with engine.connect() as connection:
        catalog.check_contents(connection, lake, inputs.staged)
        row_rules = [rule for rule in contract.rules if rule.scope is Scope.ROW]
        earlier = earlier_findings(
            connection, lake, contract.extract, inputs.findings_fingerprint, row_rules, business_date
        )
    found = find_out(con, lake, contract, business_date, inputs, earlier)
    content = lake.keep(found.quarantine_name)
    with engine.begin() as connection:
        return record(connection, contract.extract, business_date, inputs, found, content)


def read_inputs(
    connection: Connection,
    contract: Contract,
    business_date: date,
    deliveries: Sequence[Delivery],
    known_at: datetime | None,
) -> Inputs:
    """Read what the validation depends on from the catalog."""
    staged = [_staged(connection, delivery) for delivery in deliveries]
    released = _released(connection, {d.sha256 for d in deliveries}, known_at)
    previous = catalog.last_accepted_rows(connection, contract.extract, business_date, known_at)
    registered = registered_codes(connection, known_at)
    tolerances = [str(contract.for_region(d.region_code, business_date).tolerance) for d in deliveries]
    base = {
        "extract": contract.extract,
        "business_date": business_date,
        "contract": contract.common,
        "code": code_fingerprint(),
        "deliveries": [[d.id, d.sha256, s.fingerprint] for d, s in zip(deliveries, staged, strict=True)],
        "registered": [list(one) for one in registered],
    }
    rows = [[d.region_code, s.fingerprint] for d, s in zip(deliveries, staged, strict=True)]
    return Inputs(
        deliveries=tuple(deliveries),
        staged=tuple(s.name for s in staged),
        previous_rows=previous,
        registered=registered,
        released=released,
        resent=catalog.resent(connection, deliveries),
        findings_fingerprint=catalog.fingerprint(
            extract=contract.extract,
            contract=contract.common,
            code=code_fingerprint(),
            rows=rows,
            registered=base["registered"],
        ),
        quarantine_fingerprint=catalog.fingerprint(**base),
        fingerprint=catalog.fingerprint(
            **base, previous_rows=previous, released=released, tolerances=tolerances
        ),
    )


def _staged(connection: Connection, delivery: Delivery) -> catalog.Snapshot:
    if delivery.staged_snapshot_id is None:
        raise StepError(
            f"delivery {delivery.id} ({delivery.file_name}) is not staged: stage it before validating"
        )
    return catalog.snapshot_by_id(connection, delivery.staged_snapshot_id)


def _released(
    connection: Connection, hashes: set[str], known_at: datetime | None
) -> Mapping[str, frozenset[str]]:
    known = catalog.releases(connection, known_at)
    return {sha256: frozenset(r.rule_id for r in known if r.sha256 == sha256) for sha256 in hashes}


def find_out(
    con: duckdb.DuckDBPyConnection,
    lake: Lake,
    contract: Contract,
    business_date: date,
    inputs: Inputs,
    earlier: Findings | None = None,
) -> Found:
    """Run the rules and write the quarantine under a new name; nothing is recorded yet.

    earlier: findings that are not looked for again.
    """
    open_staged(con, [lake.path(name) for name in inputs.staged], inputs.registered, inputs.resent)
    con.execute(FAILURES)
    rules = [r for r in contract.rules if r.scope is Scope.ROW]
    known = earlier if earlier is not None and take_over(con, earlier) else None
    again = rules if known is None else [rule for rule in rules if rule not in known.rules]
    run_rules(con, again, "staged", business_date)
    name = lake.new_name("quarantine")
    rows = write_quarantine(con, contract, lake.path(name))
    counted = count_parts(con, inputs.deliveries, lake.path(name), rules)
    parts = with_vanished(counted, contract, inputs.previous_rows)
    judged = judged_parts(parts, contract, inputs.previous_rows, business_date)
    judgement = judge(con, contract, business_date, judged)
    hashes = {d.id: d.sha256 for d in inputs.deliveries}
    outcomes = tuple(outcome_of(p, judgement, inputs.released[hashes[p.delivery_id]]) for p in parts)
    results = _in_order(rules, (*row_results(con, again), *(known.results if known else ())))
    return Found(name, rows, (*results, *judgement.results), outcomes)


def _in_order(rules: Sequence[Rule], results: Sequence[RuleResult]) -> list[RuleResult]:
    """By rule, as the contract has them, then by region."""
    place = {rule.id: n for n, rule in enumerate(rules)}
    return sorted(results, key=lambda one: (place[one.rule_id], one.region_code))


def row_results(con: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> tuple[RuleResult, ...]:
    """Per rule and home region the rows looked at and the rows that broke it, also where none did."""
    if not rules:
        return ()
    literals = ", ".join(f"({n}, {quote_literal(rule.id)})" for n, rule in enumerate(rules))
    query = f"""
        WITH rule (n, rule_id) AS (VALUES {literals}),
        region AS (SELECT {HOME_REGION} AS code, count(*) AS evaluated FROM staged GROUP BY ALL),
        broke AS (
            SELECT rule_id, {HOME_REGION} AS code, count(*) AS failed
            FROM failures JOIN staged USING (row_id) GROUP BY ALL
        )
        SELECT n, code, evaluated, coalesce(failed, 0)
        FROM rule CROSS JOIN region LEFT JOIN broke USING (rule_id, code) ORDER BY n, code
    """  # noqa: S608 - constants and quoted rule ids
    return tuple(
        RuleResult(rules[n].id, rules[n].severity.value, rules[n].scope.value, code, evaluated, failed)
        for n, code, evaluated, failed in con.execute(query).fetchall()
    )


def record(
    connection: Connection,
    extract: str,
    business_date: date,
    inputs: Inputs,
    found: Found,
    content: Content | None = None,
) -> Validation:
    """Register the quarantine and record the validation: both exist once the caller commits."""
    snapshot = catalog.register_snapshot(
        connection,
        kind="quarantine",
        business_date=business_date,
        fingerprint=inputs.quarantine_fingerprint,
        name=found.quarantine_name,
        rows=found.quarantine_rows,
        inputs={
            "extract": extract,
            "staged": list(inputs.staged),
            FINDINGS: inputs.findings_fingerprint,
        },
        content=content,
    )
    return catalog.record_validation(
        connection,
        business_date=business_date,
        extract=extract,
        fingerprint=inputs.fingerprint,
        quarantine_snapshot_id=snapshot.id,
        results=found.results,
        outcomes=found.outcomes,
    )


# --- Joined facts ---
# Rules about a unit's joined facts (plausibility): counted per region, never a reason to drop a unit.
#
# A unit may fail by the rows of several extracts, so these rules run once the facts stand. They are recorded
# as a validation of `<extract>:unit`, where the extract is the one whose contract has the rule; in place of
# the quarantine stands a Parquet of the failing units: `region_code, uscc, rules VARCHAR[]`.


def unit_extract(extract: str) -> str:
    """The name under which the catalog keeps an extract's unit rules."""
    return f"{extract}:unit"


def validate_units(
    con: duckdb.DuckDBPyConnection,
    engine: Engine,
    lake: Lake,
    contracts: Mapping[str, Contract],
    business_date: date,
    facts: Snapshot,
) -> list[Validation]:
    """Check and record the unit rules of every contract that has some over the `unit_facts` snapshot."""
    source = read_parquet_sql([lake.path(facts.name)])
    con.execute(f"CREATE OR REPLACE TEMP VIEW unit_facts AS SELECT * FROM {source}")  # noqa: S608 - quoted
    return [
        _validate(con, engine, lake, contract, business_date, facts)
        for contract in contracts.values()
        if any(rule.scope is Scope.UNIT for rule in contract.rules)
    ]


def _validate(
    con: duckdb.DuckDBPyConnection,
    engine: Engine,
    lake: Lake,
    contract: Contract,
    business_date: date,
    facts: Snapshot,
) -> Validation:
    extract = unit_extract(contract.extract)
    inputs = {"extract": extract, "contract": contract.common, "facts": facts.fingerprint}
    fingerprint = catalog.fingerprint(**inputs, code=code_fingerprint())
    with engine.connect() as connection:
        known = catalog.find_validation(connection, business_date, extract, fingerprint)
    if known is not None:
        return known
    results = check_units(con, contract.rules, "unit_facts", business_date)
    name = lake.new_name("failing_units")
    rows = _write_failing(con, lake.path(name))
    content = lake.keep(name)
    with engine.begin() as connection:
        snapshot = catalog.register_snapshot(
            connection,
            kind="failing_units",
            business_date=business_date,
            fingerprint=fingerprint,
            name=name,
            rows=rows,
            inputs=inputs,
            content=content,
        )
        return catalog.record_validation(
            connection,
            business_date=business_date,
            extract=extract,
            fingerprint=fingerprint,
            quarantine_snapshot_id=snapshot.id,
            results=results,
            outcomes=(),
        )


def check_units(
    con: duckdb.DuckDBPyConnection, rules: Sequence[Rule], view: str, business_date: date
) -> tuple[RuleResult, ...]:
    """Count per region the units of `view` (with `region_code`) that break each rule of scope `unit`.

    Failing units stay in the temporary table `failures`, by the `row_id` of the temporary view `numbered`.
    """
    con.execute(
        "CREATE OR REPLACE TEMP VIEW numbered AS "  # noqa: S608 - quoted
        f"SELECT row_number() OVER () AS row_id, * FROM {quote_identifier(view)}"
    )
    con.execute(FAILURES)
    counted = run_rules(con, [r for r in rules if r.scope is Scope.UNIT], "numbered", business_date)
    return tuple(result for count in counted for result in _per_region(con, count.rule))


def _per_region(con: duckdb.DuckDBPyConnection, rule: Rule) -> list[RuleResult]:
    query = f"""
        SELECT region_code, count(*), count(*) FILTER (row_id IN (
            SELECT row_id FROM failures WHERE rule_id = {quote_literal(rule.id)}
        )) FROM numbered GROUP BY region_code ORDER BY region_code
    """  # noqa: S608 - quoted
    return [
        RuleResult(rule.id, rule.severity.value, rule.scope.value, *row)
        for row in con.execute(query).fetchall()
    ]


def _write_failing(con: duckdb.DuckDBPyConnection, path: str) -> int:
    failing = """
        SELECT region_code, uscc, list_sort(list(rule_id)) AS rules
        FROM failures JOIN numbered USING (row_id) GROUP BY ALL ORDER BY region_code, uscc
    """
    con.execute(f"COPY ({failing}) TO {quote_literal(path)} (FORMAT parquet, COMPRESSION zstd)")
    return count_rows(con, read_parquet_sql([path]))
