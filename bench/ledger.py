"""`make bench-ledger`: nights of many units through the ledger; microseconds a unit per step.

The units are drawn in the engine and loaded as a night's are; timed is the loading and what the ledger does.
Every unit is due. Each round is a ledger of its own on a real PostgreSQL; shown is the median of the rounds.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import duckdb
from sqlalchemy import URL, Engine, create_engine, event, text
from sqlalchemy.pool import NullPool

from bench.measure import cpu_seconds
from stable_jobs.ledger.batches import form_batches, instruct, open_batches
from stable_jobs.ledger.entitlements import apply_night, last_taken, take_over_again
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.notices import (
    REGIONS,
    UNITS,
    close_due_notices,
    decision_in_force,
    night_tables,
    put_in_force,
)
from stable_jobs.ledger.returns import answer_table, take_answer
from stable_jobs.ledger.verify import verify_ledger
from stable_jobs.night.notices import is_same_bag
from stable_jobs.store import catalog
from stable_jobs.store.database import init_database
from stable_jobs.store.embedded import embedded_server
from stable_jobs.store.loading import load_from_engine

OPENED, NEXT, CLEARED = date(2020, 5, 11), date(2020, 5, 12), date(2020, 5, 19)
REGION = "610100"
AMOUNT = "(n % 90000 + {more})::DECIMAL(18, 2)"
UNIT = {
    "region_code": f"'{REGION}'",
    "uscc": "format('9161010{:010d}X', n)",
    "unit_name": "format('西安市第{}商贸有限公司', n)",
    "legal_form": "'company'",
    "policy_year": "2020",
    "decision": "'eligible'",
    "scheme": "'general'",
    "entitlement": AMOUNT,
    "is_paid_known": "true",
    "reasons": "''",
    "is_revoked": "false",
    "headcount": "n % 100",
    "claimants": "0",
    "layoff_rate": "0",
    "premium_base": "100000",
    "size_class": "'small'",
    "review_level": "0",
    "priority": "7",
    "account_name": "format('西安市第{}商贸有限公司', n)",
    "account_no": "format('62220000{:011d}', n)",
    "bank_code": "'102100099996'",
    "bank_name": "'中国工商银行西安分行'",
    "account_source": "'corporate'",
    "unit_no": "format('6101{:010d}', n)",
}
REGION_OF_NIGHT = {
    "region_code": f"'{REGION}'",
    "decision_id": "{decision}",
    "is_suspended": "false",
    "is_silent": "false",
    "working_days": "5",
    "notice_ends_on": f"DATE '{CLEARED}'",
    "pooling_region": f"'{REGION}'",
    "refund_budget": "10000000000000::DECIMAL(18, 2)",
}


@dataclass(frozen=True)
class Night:
    """A night of that many units beside one ledger."""

    engine: Engine
    units: int
    work: Path

    def decide(self, on: date, more: str) -> int:
        """A decision of the date, in force; its id. more: yuan of the smallest amount."""
        with ledger_event(self.engine, "decided", business_date=on) as event:
            decision = catalog.register_snapshot(
                event.connection, kind="eligibility", business_date=on, name=f"snapshots/{on}-{more}.parquet",
                fingerprint=catalog.fingerprint(on=on, more=more), rows=self.units, inputs={},
            )  # fmt: skip
            put_in_force(event, decision.id)
        return decision.id

    def fill(self, connection: Any, decision: int, more: str = "100.37") -> None:
        """The tables of the decided night."""
        night_tables(connection)
        self._load(connection, "night_units", self._units(more))
        self._fill_regions(connection, decision)

    def _fill_regions(self, connection: Any, decision: int) -> None:
        regions = ", ".join(REGION_OF_NIGHT.get(name, "NULL") for name in REGIONS)
        self._load(connection, "night_regions", f"SELECT {regions.replace('{decision}', str(decision))}")

    def _units(self, more: str) -> str:
        units = ", ".join(UNIT.get(name, "NULL") for name in UNITS).replace("{more}", more)
        return f"SELECT {units} FROM range(1, {self.units} + 1) AS numbered(n)"

    def _load(self, connection: Any, name: str, query: str) -> None:
        load_from_engine(connection, name, duckdb.connect(), query, self.work)

    def apply(self, on: date, more: str = "100.37") -> None:
        """The step `notices`."""
        decision = self.decide(on, more)
        with ledger_event(self.engine, "night", business_date=on) as event:
            self.fill(event.connection, decision, more)
            apply_night(event.connection)

    def apply_again(self, on: date, more: str = "100.37") -> None:
        """The same for a night that brings what the last one brought, which it finds out first."""
        decision = self.decide(on, more)
        with ledger_event(self.engine, "night", business_date=on) as event:
            assert last_taken(event.connection)
            assert is_same_bag(duckdb.connect(), self._units(more), self._units(more))
            night_tables(event.connection)
            self._fill_regions(event.connection, decision)
            assert take_over_again(event.connection)

    def close(self) -> None:
        """The step `close`."""
        with ledger_event(self.engine, "close", business_date=CLEARED) as event:
            close_due_notices(event)

    def form(self) -> None:
        """The step `form`."""
        with ledger_event(self.engine, "form", business_date=CLEARED) as event:
            self.fill(event.connection, decision_in_force(event.connection, CLEARED) or 0)
            (batch,) = form_batches(event)
        assert batch.count == self.units

    def publish(self) -> None:
        """The ledger's part of publishing; `make bench-batch` makes the files."""
        with ledger_event(self.engine, "publish", business_date=CLEARED) as event:
            (batch,) = open_batches(event.connection)
            instruct(event, batch, [])

    def answer(self) -> None:
        """The bank pays all but every fortieth."""
        query = f"""
            SELECT n, format('20-{REGION}-9161010{{:010d}}X-03-01', n),
                   if(n % 40 = 0, 'returned', 'paid'), NULL, NULL,
                   {AMOUNT.replace("{more}", "100.37")}, DATE '2020-05-20', NULL, NULL, NULL,
                   if(n % 40 = 0, 'payee_account', NULL)
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
            breaks = verify_ledger(connection, self.work).breaks
        assert not breaks, breaks[0].sentence()

    def steps(self) -> dict[str, Callable[[], None]]:
        """The steps of a whole cycle, in their order."""
        return {
            "notices, first night": lambda: self.apply(OPENED),
            "notices, all changed": lambda: self.apply(OPENED, "101.37"),
            "notices, changed back": lambda: self.apply(OPENED),
            "notices, read again": lambda: self.apply(NEXT),
            "notices, nothing new": lambda: self.apply_again(CLEARED),
            "close": self.close,
            "form": self.form,
            "publish": self.publish,
            "answer": self.answer,
            "verify": self.verify,
        }


def main() -> None:
    """Time every step and print its median, and the database's size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--units", type=int, default=300_000, help="units, all of them due (300000)")
    parser.add_argument("--rounds", type=int, default=3, help="ledgers to time (3)")
    said = parser.parse_args()
    with TemporaryDirectory(prefix="stable-jobs-bench-") as home, embedded_server(Path(home)) as owner:
        rounds = [_round(owner, said.units, Path(home)) for _ in range(said.rounds)]
    print(f"{said.units:,} units, all due; median of {said.rounds}")
    print(f"{'step':<24}{'seconds':>10}{'µs a unit':>12}{'of processor':>14}")
    for name in rounds[0].seconds:
        wall = median(one.seconds[name] for one in rounds)
        cpu = median(one.cpu_seconds[name] for one in rounds)
        print(f"{name:<24}{wall:>10.2f}{wall / said.units * 1e6:>12.1f}{cpu / said.units * 1e6:>14.1f}")
    size = median(one.size for one in rounds)
    print(f"database {size / 1e6:,.1f} MB, {size / said.units:,.0f} bytes a unit beside an empty one")


@dataclass
class Round:
    """Wall and processor seconds of each step, the server's among them; bytes beside an empty database."""

    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    size: float = 0.0


def _round(owner: URL, units: int, home: Path) -> Round:
    """Every step in a ledger of its own."""
    name = f"bench_{uuid4().hex}"
    engine = create_engine(init_database(owner, name=name), poolclass=NullPool)
    found = Round()
    servers: list[int] = []

    @event.listens_for(engine, "connect")
    def _served(connection: Any, _: object) -> None:
        servers.append(connection.info.backend_pid)

    with _dropped(owner, name):
        found.size -= _size(engine)
        for step, act in Night(engine, units, home).steps().items():
            cpu, started = _cpu_seconds(home), time.perf_counter()
            act()
            found.seconds[step] = time.perf_counter() - started
            _wait_for_end(servers)
            found.cpu_seconds[step] = _cpu_seconds(home) - cpu
            print(
                f"{step:<24}{found.seconds[step]:>10.2f} s{found.cpu_seconds[step]:>10.2f} s cpu", flush=True
            )
        found.size += _size(engine)
    return found


def _wait_for_end(servers: list[int]) -> None:
    """Wait until the server has put away these processes of its: only then it counts their seconds."""
    while any(Path(f"/proc/{one}").exists() for one in servers):
        time.sleep(0.01)
    servers.clear()


def _size(engine: Engine) -> float:
    with engine.connect() as connection:
        return float(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)


def _cpu_seconds(home: Path) -> float:
    """Processor seconds of this process and of the server's processes that have ended."""
    server = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
    user, system = (
        Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()[13:15]
    )  # of its children
    return cpu_seconds() + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _dropped(owner: URL, name: str) -> Iterator[None]:
    try:
        yield
    finally:
        engine = create_engine(owner, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


if __name__ == "__main__":
    main()
