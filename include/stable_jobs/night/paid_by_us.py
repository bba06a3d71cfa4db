"""What the ledger instructed before a business date, as a snapshot that the night's decision reads."""

from __future__ import annotations

from pathlib import Path

from stable_jobs.ledger.refunds import PAID_BY_US
from stable_jobs.night.desk import Desk, scratch
from stable_jobs.publishing.sums import sha256_of
from stable_jobs.store.catalog import check_contents, find_snapshot, register_snapshot
from stable_jobs.store.engine import quote_literal
from stable_jobs.store.loading import csv_source, unload

KIND = "paid_by_us"
COLUMNS = {
    "region_code": "VARCHAR",
    "uscc": "VARCHAR",
    "policy_year": "BIGINT",
    "amount": "DECIMAL(18, 2)",
    "payment_reference": "VARCHAR",
    "voucher_no": "VARCHAR",
}


def paid_by_us(desk: Desk) -> tuple[str | None, str]:
    """The Parquet file (path) and its fingerprint; None and "" where the ledger instructed nothing before."""
    with scratch(desk) as work:
        plain = work / f"{KIND}.csv"
        with desk.database.connect() as connection:
            unload(connection, PAID_BY_US.format(on=desk.business_date.isoformat()), plain)
        key = sha256_of(plain)
        with desk.database.connect() as connection:
            found = find_snapshot(connection, KIND, key)
        if found is not None:
            with desk.database.connect() as connection:
                check_contents(connection, desk.lake, [found.name])
            return (desk.lake.path(found.name), key) if found.rows else (None, "")
        return _keep(desk, plain, key)


def _keep(desk: Desk, plain: Path, key: str) -> tuple[str | None, str]:
    name = desk.lake.new_name(KIND)
    counted = desk.duck.execute(
        f"COPY (FROM {csv_source(plain, COLUMNS)}) TO {quote_literal(desk.lake.path(name))} (FORMAT parquet)"
    ).fetchone()
    rows = int(counted[0]) if counted else 0
    content = desk.lake.keep(name)
    with desk.database.begin() as connection:
        kept = register_snapshot(
            connection,
            kind=KIND,
            business_date=desk.business_date,
            fingerprint=key,
            name=name,
            rows=rows,
            inputs={"sha256": key},
            content=content,
        )
    return (desk.lake.path(kept.name), key) if rows else (None, "")
