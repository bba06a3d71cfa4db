"""The stores from which the pages read: opened at the first request, kept as long as the server runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from stable_jobs.publishing.folders import newest, numbered
from stable_jobs.report.data import NightReport, read_report
from stable_jobs.report.render import MACHINE_FILE
from stable_jobs.settings import Settings, read_settings
from stable_jobs.store.lake import Lake
from stable_jobs.words import Words

if TYPE_CHECKING:
    import duckdb
    from sqlalchemy import Engine

    from stable_jobs.contracts.model import Contract
    from stable_jobs.policy.load import Policies

MEMORY = "96MB"
"""The memory that the engine may use in Airflow's server; beyond it the engine spills to disk."""
T = TypeVar("T")


class Cached:
    """Values that never change once known (a snapshot's figures), a bounded number of them, by key."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._known: dict[object, object] = {}

    def get(self, key: object, make: Callable[[], T]) -> T:
        """The value of this key; `make` computes it if it is not kept."""
        with self._lock:
            if key in self._known:
                return self._known[key]  # type: ignore[return-value]  # one key, one maker
        made = make()
        with self._lock:
            while len(self._known) >= self._size:
                self._known.pop(next(iter(self._known)))
            self._known[key] = made
        return made


class Stores:
    """Catalog and ledger, lake and engine, contracts and policies. Any thread may ask."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._opened = ExitStack()
        self._lock = Lock()
        self._engine: Engine | None = None
        self._ledger: Engine | None = None
        self._duck: duckdb.DuckDBPyConnection | None = None
        self._policies: tuple[object, Policies] | None = None
        self.contracts = lru_cache(maxsize=8)(self._contracts)
        self.known = Cached(256)

    @property
    def settings(self) -> Settings:
        """Read from the environment at the first request."""
        if self._settings is None:
            self._settings = read_settings()
        return self._settings

    @property
    def lake(self) -> Lake:
        """The facts."""
        return Lake(self.settings.lake_url)

    @property
    def database(self) -> Engine:
        """The promises, to read: nothing can be written here, and no account number read.

        StepError if the database does not answer or is of another version.
        """
        with self._lock:
            if self._engine is None:
                from stable_jobs.store.database import reading_database

                self._engine = self._opened.enter_context(reading_database(self.settings))
            return self._engine

    @property
    def ledger(self) -> Engine:
        """The promises, for acts of people. StepError likewise."""
        with self._lock:
            if self._ledger is None:
                from stable_jobs.store.database import database

                self._ledger = self._opened.enter_context(database(self.settings))
            return self._ledger

    @contextmanager
    def duck(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of the one engine of this process."""
        with self._connected().cursor() as cursor:
            yield cursor

    @property
    def policies(self) -> Policies:
        """The parameters, read again when a file has changed. PolicyError where there is none at all."""
        from stable_jobs.policy.load import load_sound

        root = self.settings.policies_root
        stamp = tuple(sorted((str(path), _changed_at(path)) for path in root.rglob("*.yaml")))
        with self._lock:
            if self._policies is None or self._policies[0] != stamp:
                self._policies = (stamp, load_sound(root))
            return self._policies[1]

    def close(self) -> None:
        """Give everything back; the next request opens it again."""
        with self._lock:
            self._opened.close()
            self._engine = self._ledger = self._duck = None

    def _connected(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._duck is None:
                from stable_jobs.store.engine import connect

                small = self.settings.model_copy(update={"memory_limit": MEMORY})
                self._duck = self._opened.enter_context(connect(small))
            return self._duck

    def _contracts(self, on: date) -> Mapping[str, Contract]:
        from stable_jobs.contracts.load import contracts_as_of

        return contracts_as_of(self.settings.contracts_root, on)


def _changed_at(path: Path) -> int:
    """0 for a link to nothing, which the region's fault tells."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def names_of(stores: Stores) -> Mapping[str, Words]:
    """Region code → name in both languages, as the policies say today."""
    return {code: Words(one.name_zh, one.name_en) for code, one in stores.policies.regions.items()}


def report_of(stores: Stores, on: date) -> NightReport | None:
    """The newest report published of that night; None if there is none. UsageError: an old format."""
    folder = stores.settings.out_root / on.isoformat() / "validation"
    number = newest(folder, MACHINE_FILE) if folder.is_dir() else 0
    if number == 0:
        return None
    path = folder / numbered(MACHINE_FILE, number)
    return _read_report(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _read_report(path: Path, written_at: int) -> NightReport:
    """A province's report is megabytes: the last few that were looked at stay."""
    return read_report(path.read_bytes())
