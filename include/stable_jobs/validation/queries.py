"""A contract's rules as plain SQL: the rows that Great Expectations finds, without Great Expectations.

A department that checks its own file installs little. A test holds the two together, for every rule of every
contract.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from stable_jobs.contracts.checks import rows_where
from stable_jobs.contracts.model import Column, Rule
from stable_jobs.errors import ContractError
from stable_jobs.regions import around, known_codes
from stable_jobs.store.engine import quote_identifier, quote_literal, read_parquet_sql
from stable_jobs.validation.run import as_query, substitute

if TYPE_CHECKING:
    import duckdb

Arguments = Mapping[str, Any]
NOTHING: Mapping[str, int] = MappingProxyType({})


def find_failures(
    con: duckdb.DuckDBPyConnection, rules: Sequence[Rule], table: str, business_date: date
) -> None:
    """Add the rows of `table` that break each rule to `failures`, as `run_rules` does."""
    for rule in rules:
        query = failing_rows(rule, business_date).format(batch=quote_identifier(table))
        con.execute(f"INSERT INTO failures SELECT {quote_literal(rule.id)}, row_id FROM ({query})")  # noqa: S608 - the contract's


def failing_rows(rule: Rule, business_date: date) -> str:
    """The query of a rule's failing rows, `{batch}` open. ContractError for an expectation unknown here."""
    query = as_query(rule, business_date)
    if query is not None:
        return query
    condition = CONDITIONS.get(rule.expectation)
    if condition is None:
        raise ContractError(
            f"rule {rule.id}: {rule.expectation} has no query; next: write the rule as an"
            " UnexpectedRowsExpectation"
        )
    return rows_where(condition(substitute(rule.arguments, business_date)))


def _empty(arguments: Arguments) -> str:
    return f"{quote_identifier(arguments['column'])} IS NULL"


def _outside(arguments: Arguments) -> str:
    return _beyond(quote_identifier(arguments["column"]), arguments)


def _too_long(arguments: Arguments) -> str:
    return _beyond(f"length({quote_identifier(arguments['column'])})", arguments)


def _beyond(value: str, arguments: Arguments) -> str:
    """Below the least or above the most, where these are set; an empty value is neither."""
    bounds = (("<", arguments.get("min_value")), (">", arguments.get("max_value")))
    return " OR ".join(f"{value} {sign} {bound}" for sign, bound in bounds if bound is not None) or "false"


def _not_greater(arguments: Arguments) -> str:
    """A row where one of the two is empty breaks nothing."""
    sign = "<" if arguments["or_equal"] else "<="
    return f"{quote_identifier(arguments['column_A'])} {sign} {quote_identifier(arguments['column_B'])}"


CONDITIONS: Mapping[str, Callable[[Arguments], str]] = {
    "ExpectColumnValuesToNotBeNull": _empty,
    "ExpectColumnValuesToBeBetween": _outside,
    "ExpectColumnValueLengthsToBeBetween": _too_long,
    "ExpectColumnPairValuesAToBeGreaterThanB": _not_greater,
}
"""The expectations that are no query of their own, with the condition of a failing row."""


# ---- The temporary relations that rules read ----


def open_staged(
    con: duckdb.DuckDBPyConnection,
    paths: Sequence[str],
    registered: Sequence[tuple[str, str]] = (),
    resent: Mapping[str, int] = NOTHING,
) -> None:
    """Make the temporary relations the rules read.

    The view `staged`, the tables `known_regions (code)` and `registered_codes (code, region)`. A registered
    code counts in its region, in those below it, and in rows about the enterprise sent for one above.
    resent: by slot, the delivery in force whose bytes were staged for an earlier one: its number replaces the
    earlier one, which the file's rows have.
    """
    source = read_parquet_sql(paths)
    if resent:
        con.execute(
            "CREATE OR REPLACE TEMP TABLE resent AS SELECT unnest(?::VARCHAR[]) AS slot, "
            "unnest(?::BIGINT[]) AS id",
            [list(resent), list(resent.values())],
        )
        own = "SELECT * EXCLUDE (slot, id) REPLACE (coalesce(resent.id, delivery_id) AS delivery_id)"
        source = f"({own} FROM {source} LEFT JOIN resent ON slot = delivery_region)"
    con.execute(f"CREATE OR REPLACE TEMP VIEW staged AS SELECT * FROM {source}")  # noqa: S608 - quoted
    con.execute(
        "CREATE OR REPLACE TEMP TABLE known_regions AS SELECT unnest(?) AS code", [sorted(known_codes())]
    )
    pairs = [(code, place) for region, code in registered for place in around(region)]
    con.execute(
        "CREATE OR REPLACE TEMP TABLE registered_codes AS "
        "SELECT unnest(?::VARCHAR[]) AS code, unnest(?::VARCHAR[]) AS region",
        [[code for code, _ in pairs], [region for _, region in pairs]],
    )


def as_sent(column: Column) -> str:
    """SQL of the column as it was sent: the raw text where staging changed it, else the staged value."""
    name = quote_identifier(column.name)
    pointer = quote_literal(f'$."{column.name}"')
    return f"coalesce(json_extract_string(raw, {pointer}), CAST({name} AS VARCHAR))"
