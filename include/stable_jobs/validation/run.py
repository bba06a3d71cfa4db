"""A contract's rules as Great Expectations' expectations, and their run over one table."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from stable_jobs.contracts.model import Rule, Scope
from stable_jobs.errors import ContractError, StepError
from stable_jobs.store.engine import quote_identifier, quote_literal

if TYPE_CHECKING:
    import duckdb
    from great_expectations.execution_engine.execution_engine import ExecutionEngine
    from great_expectations.expectations.expectation import Expectation


# --- Expectations ---
# From a contract's rules to Great Expectations' expectations. Each rule is exactly one of them.

QUERY = "unexpected_rows_query"
ROWS = "UnexpectedRowsExpectation"
UNIQUE = {"ExpectColumnValuesToBeUnique": "column", "ExpectCompoundColumnsToBeUnique": "column_list"}
"""Uniqueness expectations, and the argument that names their columns."""


@cache
def load_expectations() -> ModuleType:
    """Import Great Expectations, quiet and without telemetry: 4–7 s once a process, mostly SciPy and Altair.

    No lighter path exists: its first import pulls every expectation. Call it in the main thread, since it
    changes the process's warnings filter; best while other threads wait for the engine.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logger = logging.getLogger("great_expectations")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its own, about Python modules it imports
        import great_expectations

    return great_expectations


def substitute(value: Any, business_date: date) -> Any:
    """Replace `{business_date}` (ISO date) and `{policy_year}` in strings, however deep; `{batch}` stays.

    A string that is `{policy_year}` alone becomes an integer, so that it can bound an integer column.
    """
    if isinstance(value, str):
        return _substitute_text(value, business_date)
    if isinstance(value, Mapping):
        return {key: substitute(item, business_date) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [substitute(item, business_date) for item in value]
    return value


def _substitute_text(text: str, business_date: date) -> str | int:
    if text == "{policy_year}":
        return business_date.year
    return text.replace("{business_date}", business_date.isoformat()).replace(
        "{policy_year}", str(business_date.year)
    )


def unique_query(columns: Sequence[str]) -> str:
    """Rows whose values in these columns occur more than once: all copies; rows with an empty one never.

    Great Expectations' own compound uniqueness joins the table with itself (1.4 s for 3.9 million rows, this
    0.25 s, same counts), and its failing-rows query leaves that join's condition out.
    """
    names = ", ".join(quote_identifier(c) for c in columns)
    repeated = f"SELECT {names} FROM {{batch}} GROUP BY {names} HAVING count(*) > 1"  # noqa: S608 - identifiers are quoted
    return f"SELECT * FROM {{batch}} WHERE ({names}) IN ({repeated})"  # noqa: S608 - as above


def as_query(rule: Rule, business_date: date) -> str | None:
    """The rule's own SQL with `{batch}` open, or None where it is one of GX's map expectations."""
    if rule.expectation == ROWS:
        return str(substitute(rule.arguments[QUERY], business_date))
    if rule.expectation in UNIQUE:
        return unique_query(_key(rule))
    return None


def _key(rule: Rule) -> list[str]:
    """A key of rows is unique within one delivery, so the delivery is part of it."""
    named = rule.arguments[UNIQUE[rule.expectation]]
    columns = [named] if isinstance(named, str) else list(named)
    delivery = ["delivery_id"] if rule.scope is Scope.ROW and "delivery_id" not in columns else []
    return delivery + columns


def expectation_for(rule: Rule, business_date: date) -> Expectation:
    """The expectation of a rule, with its id and severity; ContractError where GX refuses it."""
    query = as_query(rule, business_date)
    arguments = {QUERY: query} if query is not None else substitute(rule.arguments, business_date)
    try:
        expectation: Expectation = _class_of(ROWS if query is not None else rule.expectation)(
            **arguments, severity=rule.severity.value, meta={"rule": rule.id}
        )
    except (AttributeError, ValueError) as error:
        raise ContractError(
            f"rule {rule.id}: Great Expectations refuses {rule.expectation} with these arguments: "
            f"{' '.join(str(error).split())}; next: correct the rule in its contract"
        ) from error
    return expectation


def _class_of(name: str) -> Any:
    expectations = load_expectations().expectations
    return _counted_rows() if name == ROWS else getattr(expectations, name)


@cache
def _counted_rows() -> Any:
    """`UnexpectedRowsExpectation` that only counts: GX's own also fetches rows with their values."""
    from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation

    class ExpectNoRows(UnexpectedRowsExpectation):
        metric_dependencies = (f"{QUERY}.row_count",)

        def _validate(
            self,
            metrics: dict[Any, Any],
            runtime_configuration: dict[Any, Any] | None = None,
            execution_engine: ExecutionEngine[Any] | None = None,
        ) -> dict[str, Any]:
            count = metrics[f"{QUERY}.row_count"]
            return {"success": count == 0, "result": {"observed_value": count}}

    return ExpectNoRows


# --- Run ---
# Run a set of rules over one table or view inside DuckDB, with Great Expectations counting and pointing.
#
# Counts come back to Python; failing rows never do. They go from GX's own failing-rows query straight into
# the temporary table `failures (rule_id, row_id)` of the same connection, whole, and their number must be
# GX's.

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
