"""What the tests of validation share: a small contract, and staged files as staging writes them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
from sqlalchemy import Engine

from stable_jobs.contracts.model import Column, Contract, Kind, Rule, Scope, Severity
from stable_jobs.store import catalog
from stable_jobs.store.catalog import Delivery
from stable_jobs.store.engine import quote_literal
from stable_jobs.store.lake import Lake

D = date(2020, 5, 11)
NOON = datetime(2020, 5, 11, 4, tzinfo=UTC)
XIAN, NANCHANG, NATION = "610100", "360100", "000000"
GOOD, OTHER_GOOD, OLD = "91110000600037341L", "91350100M000100Y43", "110000002783194"
"""Valid codes: two of the domain's, and a 15-digit number made by `make_registration_no`."""
TYPES = {"uscc": "VARCHAR", "region_code": "VARCHAR", "account_no": "VARCHAR", "amount": "DECIMAL(18,2)"}


def rule(rule_id: str, expectation: str, /, **arguments: Any) -> Rule:
    """A critical row rule without words."""
    return Rule(rule_id, Severity.CRITICAL, Scope.ROW, expectation, arguments, (), "", "", "", "")


def query_rule(rule_id: str, query: str, /, **fields: Any) -> Rule:
    """A rule whose failing rows a query selects."""
    made = rule(rule_id, "UnexpectedRowsExpectation", unexpected_rows_query=query)
    return replace(made, **fields)


def column(name: str, kind: Kind, *, is_sensitive: bool = False) -> Column:
    return Column(name, f"「{name}」", kind, False, name, name, is_sensitive=is_sensitive)


ROW_RULES = (
    replace(rule("refunds.uscc.required", "ExpectColumnValuesToNotBeNull", column="uscc"), columns=("uscc",)),
    replace(
        rule("refunds.amount.minimum", "ExpectColumnValuesToBeBetween", column="amount", min_value=0),
        columns=("amount",),
    ),
    rule("refunds.key.unique", "ExpectCompoundColumnsToBeUnique", column_list=["uscc", "amount"]),
    query_rule(
        "refunds.amount.large",
        "SELECT * FROM {batch} WHERE amount > 1000",
        severity=Severity.WARNING,
        columns=("amount", "account_no"),
    ),
)
DELIVERY_RULES = (
    query_rule(
        "refunds.rows.change",
        'SELECT * FROM {batch} WHERE abs("rows" - previous_rows) >= 0.3 * previous_rows',
        severity=Severity.WARNING,
        scope=Scope.DELIVERY,
    ),
    query_rule(
        "refunds.rows.drop",
        'SELECT * FROM {batch} WHERE previous_rows - "rows" >= 0.6 * previous_rows',
        scope=Scope.DELIVERY,
    ),
    query_rule(
        "refunds.rows.tolerance",
        'SELECT * FROM {batch} WHERE quarantined > tolerance * "rows"',
        scope=Scope.DELIVERY,
    ),
)
CONTRACT = Contract(
    department="finance",
    extract="refunds",
    version="1.0.0",
    effective_from=date(2020, 1, 1),
    title_zh="返还",
    title_en="Refunds",
    columns=(
        column("uscc", Kind.CODE),
        column("region_code", Kind.CODE),
        column("account_no", Kind.CODE, is_sensitive=True),
        column("amount", Kind.MONEY),
    ),
    key=("uscc", "amount"),
    encoding="utf-8",
    formats=("csv",),
    null_words=("",),
    max_bytes=10**6,
    rows_required=False,
    control_total=("amount",),
    absence="none",
    row_region="own",
    subject="unit",
    due_hours=20,
    oldest_days=7,
    tolerance=Decimal("0.2"),
    rules=(*ROW_RULES, *DELIVERY_RULES),
    fingerprint="c" * 64,
)


@dataclass(frozen=True)
class Shop:
    """A lake, a database and an engine for one test."""

    con: duckdb.DuckDBPyConnection
    engine: Engine
    lake: Lake

    def deliver(
        self, region: str, select: str, *, on: date = D, sequence: int = 1, **changes: Any
    ) -> Delivery:
        """Record and stage one delivery of `CONTRACT` whose rows `select` gives, as (uscc, region_code,
        account_no, amount[, raw]) in file order. `changes` replace fields of the record (`rows`, `extract`).
        """
        with self.engine.begin() as connection:
            delivery = self._record(connection, region, on, sequence, changes)
            if delivery.status == "staged":
                return delivery
            name = self.lake.new_name("staged")
            rows = write_staged(self.con, self.lake.path(name), delivery.id, region, select)
            snapshot = catalog.register_snapshot(
                connection,
                kind="staged",
                business_date=on,
                fingerprint=hashlib.sha256(name.encode()).hexdigest(),
                name=name,
                rows=rows,
                inputs={"delivery": delivery.id},
            )
            catalog.mark_staged(connection, delivery.id, snapshot.id)
            return catalog.delivery_by_id(connection, delivery.id)

    def deliver_again(self, sent: Delivery, on: date) -> Delivery:
        """The same bytes for another date: a delivery of its own, whose rows were staged before."""
        assert sent.staged_snapshot_id is not None
        with self.engine.begin() as connection:
            delivery = self._record(connection, sent.region_code, on, 1, {"sha256": sent.sha256})
            catalog.mark_staged(connection, delivery.id, sent.staged_snapshot_id)
            return catalog.delivery_by_id(connection, delivery.id)

    def _record(
        self, connection: Any, region: str, on: date, sequence: int, changes: Mapping[str, Any]
    ) -> Delivery:
        values: dict[str, Any] = {
            "department": "finance",
            "extract": "refunds",
            "business_date": on,
            "region_code": region,
            "sequence": sequence,
            "file_name": f"{region}.csv",
            "file_format": "csv",
            "sha256": hashlib.sha256(f"{region}{on}{sequence}".encode()).hexdigest(),
            "size_bytes": 1,
            "rows": None,
            "control_total": None,
            "received_at": NOON,
        }
        return catalog.record_delivery(connection, **{**values, **changes})

    def quarantine(self, snapshot_id: int) -> list[dict[str, Any]]:
        """The rows of a quarantine file."""
        with self.engine.connect() as connection:
            name = catalog.snapshot_by_id(connection, snapshot_id).name
        return rows_of(self.con, f"SELECT * FROM read_parquet({quote_literal(self.lake.path(name))})")


def write_staged(
    con: duckdb.DuckDBPyConnection, path: str, delivery_id: int, region: str, select: str
) -> int:
    """A staged Parquet as the layout says; returns its rows."""
    typed = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in TYPES.items())
    con.execute(f"CREATE OR REPLACE TEMP TABLE sent AS {select}")
    raw = "raw" if "raw" in {row[0] for row in con.execute("DESCRIBE sent").fetchall()} else "NULL::VARCHAR"
    con.execute(f"""
        COPY (
            SELECT {delivery_id}::BIGINT * 10000000000 + row_no AS row_id,
                   {delivery_id}::BIGINT AS delivery_id, row_no,
                   {quote_literal(region)} AS delivery_region, {typed}, {raw} AS raw,
                   NULL::VARCHAR AS unreadable
            FROM (SELECT row_number() OVER () AS row_no, * FROM sent) ORDER BY row_no
        ) TO {quote_literal(path)} (FORMAT parquet)
    """)
    return int(con.execute(f"SELECT count(*) FROM read_parquet({quote_literal(path)})").fetchall()[0][0])


def values(*rows: Sequence[Any]) -> str:
    """Literal rows of (uscc, region_code, account_no, amount) as a query."""
    listed = ", ".join("(" + ", ".join(_literal(v) for v in row) + ")" for row in rows)
    return f"SELECT * FROM (VALUES {listed}) AS sent(uscc, region_code, account_no, amount)"


def many(count: int, region: str, *, bad: int = 0) -> str:
    """`count` different rows of one region, the first `bad` of them with a negative amount."""
    uscc = OTHER_GOOD if region == NANCHANG else GOOD
    return (
        f"SELECT '{uscc}' AS uscc, '{region}' AS region_code, NULL AS account_no, "
        f"CASE WHEN i < {bad} THEN -1 - i ELSE i END AS amount FROM range({count}) AS t(i)"
    )


def _literal(value: Any) -> str:
    return "NULL" if value is None else quote_literal(value) if isinstance(value, str) else str(value)


def rows_of(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """A query's rows as dicts."""
    cursor = con.execute(query)
    names = [c[0] for c in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
