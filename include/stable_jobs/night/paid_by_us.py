"""The payments instructed before a business date, as a snapshot that the night's decision reads."""

from __future__ import annotations

from pathlib import Path

from stable_jobs.digests import sha256_of
from stable_jobs.ledger.refunds import paid_by_us_query
from stable_jobs.night.context import NightContext, scratch
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


def paid_by_us(night: NightContext) -> tuple[str | None, str]:
    """The Parquet file (path) and its fingerprint; None and "" where the ledger instructed nothing before."""
    with scratch(night) as work:
        plain = work / f"{KIND}.csv"
        with night.database.connect() as connection:
            unload(connection, paid_by_us_query(night.business_date), plain)
        key = sha256_of(plain)
        with night.database.connect() as connection:
            found = find_snapshot(connection, KIND, key)
        if found is not None:
            with night.database.connect() as connection:
                check_contents(connection, night.lake, [found.name])
            return (night.lake.path(found.name), key) if found.rows else (None, "")
        return _keep(night, plain, key)


def _keep(night: NightContext, plain: Path, key: str) -> tuple[str | None, str]:
    name = night.lake.new_name(KIND)
    counted = night.duck.execute(
        f"COPY (FROM {csv_source(plain, COLUMNS)}) TO {quote_literal(night.lake.path(name))} (FORMAT parquet)"
    ).fetchone()
    rows = int(counted[0]) if counted else 0
    content = night.lake.keep(name)
    with night.database.begin() as connection:
        kept = register_snapshot(
            connection,
            kind=KIND,
            business_date=night.business_date,
            fingerprint=key,
            name=name,
            rows=rows,
            inputs={"sha256": key},
            content=content,
        )
    return (night.lake.path(kept.name), key) if rows else (None, "")
