"""Run a set of rules over one table or view inside DuckDB, with Great Expectations counting and pointing.

Counts come back to Python; failing rows never do. They go from GX's own failing-rows query straight into the
temporary table `failures (rule_id, row_id)` of the same connection, whole, and their number must be GX's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from stable_jobs.contracts.model import Rule
from stable_jobs.errors import StepError
from stable_jobs.store.engine import quote_identifier, quote_literal
from stable_jobs.validation.suite import as_query, expectation_for, load_expectations

if TYPE_CHECKING:
    import duckdb

ROW_ID = "row_id"
FAILURES = "CREATE OR REPLACE TEMP TABLE failures (rule_id VARCHAR, row_id BIGINT)"
RESULT_FORMAT = {
    "result_format": "BASIC",
    "partial_unexpected_count": 0,
    "exclude_unexpected_values": True,
    "return_unexpected_index_query": True,
    "unexpected_index_column_names": [ROW_ID],
}
"""Counts and the failing-rows query, no data value; the query is only written here, so it costs nothing."""


Run = Callable[["duckdb.DuckDBPyConnection", Sequence[Rule], str, date], object]
"""`run_rules`, or what finds the same rows without Great Expectations."""


@dataclass(frozen=True)
class RuleCount:
    """How many rows a rule looked at and how many broke it."""

    rule: Rule
    evaluated: int
    failed: int


def run_rules(
    con: duckdb.DuckDBPyConnection, rules: Sequence[Rule], table: str, business_date: date
) -> tuple[RuleCount, ...]:
    """Count what breaks each rule in `table` (which has a unique `row_id`), and add its rows to `failures`.

    The caller makes `failures` with FAILURES. One count per rule, in the rules' order. StepError where an
    expectation raised or the rows found are not as many as counted; ContractError where GX refuses a rule.
    """
    if not rules:
        return ()
    rows = count_rows(con, quote_identifier(table))
    results = _validate(con, rules, table, business_date)
    return tuple(_count(con, rule, results[rule.id], table, business_date, rows) for rule in rules)


def _validate(
    con: duckdb.DuckDBPyConnection, rules: Sequence[Rule], table: str, business_date: date
) -> Mapping[str, Any]:
    """GX's result per rule id. A context of its own, so that no run sees another's columns."""
    gx = load_expectations()
    from stable_jobs.validation.dialect import URL, engine_options

    source = _context(gx).data_sources.add_sql("duckdb", connection_string=URL, kwargs=engine_options(con))
    batch = source.add_table_asset(table).add_batch_definition_whole_table("whole").get_batch()
    suite = gx.ExpectationSuite("rules", expectations=[expectation_for(r, business_date) for r in rules])
    outcome = batch.validate(suite, result_format=RESULT_FORMAT)
    return {result.expectation_config.meta["rule"]: result for result in outcome.results}


def _context(gx: Any) -> Any:
    """A context in memory: no files, no documentation site, no progress bars."""
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    context = gx.get_context(
        mode="ephemeral", project_config=DataContextConfig(store_backend_defaults=stores)
    )
    context.variables.progress_bars = {"globally": False}
    return context


def _count(
    con: duckdb.DuckDBPyConnection, rule: Rule, result: Any, table: str, business_date: date, rows: int
) -> RuleCount:
    _raise_if_broken(rule, result)
    found = result.result
    count = "observed_value" if as_query(rule, business_date) else "unexpected_count"
    failed = found.get(count) if rows else 0
    if failed is None:
        raise StepError(f"rule {rule.id}: {rule.expectation} does not say which rows fail; use another")
    if failed:
        _keep_failures(con, rule, _failing_rows(rule, found, table, business_date), failed)
    return RuleCount(rule, rows, failed)


def _raise_if_broken(rule: Rule, result: Any) -> None:
    """An expectation that raised also says `success=False`: it is our error, never the department's."""
    info = result.exception_info or {}
    infos = [info] if "raised_exception" in info else list(info.values())
    for one in infos:
        if one["raised_exception"]:
            raise StepError(f"rule {rule.id} ({rule.expectation}) broke: {one['exception_message']}")


def _failing_rows(rule: Rule, found: Mapping[str, Any], table: str, business_date: date) -> str:
    query = as_query(rule, business_date)
    if query is not None:
        return query.format(batch=quote_identifier(table))
    return str(found["unexpected_index_query"]).rstrip().removesuffix(";")


def _keep_failures(con: duckdb.DuckDBPyConnection, rule: Rule, query: str, failed: int) -> None:
    before = count_rows(con, "failures")
    rows = f"SELECT {quote_literal(rule.id)}, {ROW_ID} FROM ({query})"  # noqa: S608 - GX's or the contract's
    con.execute(f"INSERT INTO failures {rows}")
    kept = count_rows(con, "failures") - before
    if kept != failed:
        raise StepError(
            f"rule {rule.id} ({rule.expectation}): counted {failed} failing rows, its query gives {kept}; "
            "the quarantine would be wrong. Next: write the rule as an UnexpectedRowsExpectation"
        )


def count_rows(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    """Rows of a relation, given as SQL that its caller quoted."""
    row = con.execute(f"SELECT count(*) FROM {relation}").fetchone()  # noqa: S608 - the caller's
    assert row is not None
    return int(row[0])
