"""Rules about a unit's joined facts (plausibility): counted per region, never a reason to drop a unit.

A unit may fail by the rows of several extracts, so these rules run once the facts stand. They are recorded as
a validation of `<extract>:unit`, where the extract is the one whose contract has the rule; in place of the
quarantine stands a Parquet of the failing units: `region_code, uscc, rules VARCHAR[]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from stable_jobs.contracts.model import Contract, Rule, Scope
from stable_jobs.settings import code_fingerprint
from stable_jobs.store import catalog
from stable_jobs.store.catalog import RuleResult, Snapshot, Validation
from stable_jobs.store.engine import quote_identifier, quote_literal, read_parquet_sql
from stable_jobs.store.lake import Lake
from stable_jobs.validation.run import FAILURES, count_rows, run_rules

if TYPE_CHECKING:
    import duckdb
    from sqlalchemy import Engine


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
