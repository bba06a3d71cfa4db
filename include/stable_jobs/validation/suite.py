"""From a contract's rules to Great Expectations' expectations. Each rule is exactly one of them."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from stable_jobs.contracts.model import Rule, Scope
from stable_jobs.errors import ContractError
from stable_jobs.store.engine import quote_identifier

if TYPE_CHECKING:
    from great_expectations.execution_engine.execution_engine import ExecutionEngine
    from great_expectations.expectations.expectation import Expectation

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
