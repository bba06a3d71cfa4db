"""Failing rows for the report: masked, so that no account and no person is shown.

`stable-jobs check` shows such rows, too, where no database's driver is installed: this module imports none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from stable_jobs.contracts.checks import mask_as_sent
from stable_jobs.contracts.model import Column, Contract, Rule, Scope, Severity
from stable_jobs.store.engine import quote_identifier, quote_literal, read_parquet_sql
from stable_jobs.validation.quarantine import HOME_REGION
from stable_jobs.validation.queries import as_sent, open_staged
from stable_jobs.validation.run import as_query

if TYPE_CHECKING:
    import duckdb
    from sqlalchemy import Engine

    from stable_jobs.store.catalog import Validation
    from stable_jobs.store.lake import Lake

Row = Mapping[str, Any]
SHOWN = 60
"""Characters of a value that are shown: a department may send values of any length."""


def masked_samples(
    con: duckdb.DuckDBPyConnection,
    engine: Engine,
    lake: Lake,
    contract: Contract,
    validation: Validation,
    limit: int = 5,
) -> dict[str, list[Row]]:
    """Per failed row rule its first `limit` rows, by delivery and row: the rule's columns and the key's.

    `{rule_id: [{"delivery_id", "row_no", "region_code", "values": [{"column", "header", "text"}, …]}, …]}`.
    A text is as sent where staging changed it, masked, cut after 60 characters, and None where the column is
    empty. Critical rules are looked up in the quarantine, others by their own query; one that is neither
    critical nor a query has no samples.
    """
    failed = {r.rule_id for r in validation.results if r.failed}
    rules = [r for r in contract.rules if r.id in failed and r.scope is Scope.ROW]
    if not rules:
        return {}
    quarantine = _open(con, engine, lake, validation)
    found = ((rule, _source(rule, quarantine, validation.business_date)) for rule in rules)
    return {r.id: samples_of(con, contract, r, source, limit) for r, source in found if source is not None}


def _open(con: duckdb.DuckDBPyConnection, engine: Engine, lake: Lake, validation: Validation) -> str:
    """Open the staged rows of the validation's deliveries, and return the path of its quarantine."""
    from stable_jobs.store import catalog
    from stable_jobs.store.validations import registered_codes

    with engine.connect() as connection:
        ids = dict.fromkeys(o.delivery_id for o in validation.outcomes)
        deliveries = [catalog.delivery_by_id(connection, i) for i in ids]
        staged = [d.staged_snapshot_id for d in deliveries if d.staged_snapshot_id is not None]
        names = [catalog.snapshot_by_id(connection, i).name for i in staged]
        quarantine = catalog.snapshot_by_id(connection, validation.quarantine_snapshot_id).name
        registered = registered_codes(connection)
        resent = catalog.resent(connection, deliveries)
    open_staged(con, [lake.path(name) for name in names], registered, resent)
    return lake.path(quarantine)


def _source(rule: Rule, quarantine: str, business_date: date) -> str | None:
    """A query of all rows that broke the rule, or None."""
    if rule.severity is Severity.CRITICAL:
        rows = read_parquet_sql([quarantine])
        return f"SELECT * FROM {rows} WHERE list_contains(rules, {quote_literal(rule.id)})"  # noqa: S608 - quoted
    query = as_query(rule, business_date)
    return None if query is None else query.format(batch="staged")


def samples_of(
    con: duckdb.DuckDBPyConnection, contract: Contract, rule: Rule, source: str, limit: int
) -> list[Row]:
    """The first rows of `source`, a query of the rows that broke the rule, as `masked_samples` has them."""
    columns = [contract.column(name) for name in dict.fromkeys((*rule.columns, *contract.key))]
    sent = ", ".join(as_sent(column) for column in columns)
    staged = ", ".join(f"CAST({quote_identifier(column.name)} AS VARCHAR)" for column in columns)
    query = (
        f"SELECT delivery_id, row_no, {HOME_REGION}, [{sent}], [{staged}] FROM ({source}) "  # noqa: S608 - quoted
        f"ORDER BY delivery_id, row_no LIMIT {limit:d}"
    )
    return [
        {
            "delivery_id": delivery,
            "row_no": row_no,
            "region_code": region,
            "values": [_value(contract, *one) for one in zip(columns, texts, values, strict=True)],
        }
        for delivery, row_no, region, texts, values in con.execute(query).fetchall()
    ]


def _value(contract: Contract, column: Column, text: str | None, staged: str | None) -> dict[str, str | None]:
    shown = text if text is None else _cut(mask_as_sent(contract, column, text, staged))
    return {"column": column.name, "header": column.header, "text": shown}


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
