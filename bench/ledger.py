"""`make bench-ledger`: one night of many units through the ledger; seconds per step on a real PostgreSQL.

The units are drawn in the engine and loaded as a night's are. Timed is what the ledger does with them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from stable_jobs.ledger.batches import form_batches, instruct
from stable_jobs.ledger.entitlements import apply_night
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.notices import close_due_notices, night_tables
from stable_jobs.ledger.returns import answer_table, take_answer
from stable_jobs.ledger.verify import verify_ledger
from stable_jobs.store import catalog
from stable_jobs.store.database import init_database
from stable_jobs.store.embedded import embedded_server
from stable_jobs.store.loading import load_from_engine

OPENED, CLEARED = date(2020, 5, 11), date(2020, 5, 19)
UNITS = """
    SELECT '610100', format('9161010{{:010d}}X', n), format('单位{{}}', n), 2020, 'eligible', 'general',
           (n % 90000 + 100.37)::DECIMAL(18, 2), true, '', false, n % 100, 0, 0, 1000, 'small', 0, 7,
           format('单位{{}}', n), format('62220000{{:011d}}', n), '102100099996', '工商银行', 'corporate'
    FROM range(1, {units} + 1) AS numbered(n)
"""
REGIONS = """
    SELECT '610100', {decision}, false, 5, DATE '2020-05-19', '610100', 10000000000000::DECIMAL(18, 2)
"""
NO_REFUNDS = "SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL LIMIT 0"


@dataclass(frozen=True)
class Night:
    """A night of that many units beside one ledger."""

    engine: Engine
    units: int
    work: Path

    def fill(self, connection: Any, on: date, more: str = "0.00") -> None:
        """The three tables of a night. more: yuan on top of every amount."""
        night_tables(connection)
        decision = catalog.register_snapshot(
            connection, kind="eligibility", business_date=on, name=f"snapshots/{on}-{more}.parquet",
            fingerprint=catalog.fingerprint(on=on, more=more), rows=self.units, inputs={},
        )  # fmt: skip
        queries = {
            "night_units": UNITS.format(units=self.units).replace("100.37", f"100.37 + {more}"),
            "night_regions": REGIONS.format(decision=decision.id),
            "night_refunds": NO_REFUNDS,
        }
        for name, query in queries.items():
            load_from_engine(connection, name, duckdb.connect(), query, self.work)

    def apply(self, on: date, more: str = "0.00") -> None:
        """The step `notices`."""
        with ledger_event(self.engine, "night", business_date=on) as event:
            self.fill(event.connection, on, more)
            apply_night(event.connection)

    def close(self) -> None:
        """The step `close`."""
        with ledger_event(self.engine, "close", business_date=CLEARED) as event:
            close_due_notices(event)

    def form(self) -> None:
        """The step `form`."""
        with ledger_event(self.engine, "form", business_date=CLEARED) as event:
            self.fill(event.connection, CLEARED)
            (batch,) = form_batches(event)
        assert batch.count == self.units

    def publish(self) -> None:
        """What publishing does in the ledger; the files are `make bench-batch`."""
        from stable_jobs.ledger.batches import open_batches

        with ledger_event(self.engine, "publish", business_date=CLEARED) as event:
            (batch,) = open_batches(event.connection)
            instruct(event, batch, [])

    def answer(self) -> None:
        """The bank pays all but every fortieth."""
        query = f"""
            SELECT n, format('20-610100-9161010{{:010d}}X-03-01', n),
                   if(n % 40 = 0, 'returned', 'paid'), NULL, NULL,
                   (n % 90000 + 100.37)::DECIMAL(18, 2), DATE '2020-05-20', NULL, NULL, NULL
            FROM range(1, {self.units} + 1) AS numbered(n)
        """
        with ledger_event(self.engine, "answer", business_date=CLEARED) as event:
            answer_table(event.connection)
            load_from_engine(event.connection, "answer_rows", duckdb.connect(), query, self.work)
            counts = take_answer(event, sha256="0" * 64, file_name="x.xml", file_format="pain.002")
        assert (counts.applied, counts.refused) == (self.units, 0), counts

    def verify(self) -> None:
        """`stable-jobs ledger verify`."""
        with self.engine.connect() as connection:
            assert not verify_ledger(connection, self.work).breaks


def main() -> None:
    """Time every step once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--units", type=int, default=300_000)
    units = parser.parse_args().units
    home = Path(mkdtemp(prefix="stable-jobs-bench-"))
    with embedded_server(home) as owner:
        engine = create_engine(init_database(owner), poolclass=NullPool)
        night = Night(engine, units, home)
        print(f"{units:,} units, all due")
        _timed("notices, first night", lambda: night.apply(OPENED))
        _timed("notices, all changed", lambda: night.apply(OPENED, "1.00"))
        _timed("notices, changed back", lambda: night.apply(OPENED))
        _timed("notices, nothing new", lambda: night.apply(CLEARED))
        for step in (night.close, night.form, night.publish, night.answer, night.verify):
            _timed(step.__name__, step)
        with engine.connect() as connection:
            size = connection.scalar(text("SELECT pg_size_pretty(pg_database_size(current_database()))"))
        print(f"database {size}")
        engine.dispose()


def _timed(name: str, step: Callable[[], None]) -> None:
    started = time.perf_counter()
    step()
    print(f"{name:<24}{time.perf_counter() - started:8.1f} s", flush=True)


if __name__ == "__main__":
    main()
