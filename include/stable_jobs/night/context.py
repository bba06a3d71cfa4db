"""The stores, engine, contracts and policies that every step of a night needs, opened once a process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs import __version__
from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.contracts.model import Contract
from stable_jobs.errors import engine_fault, store_fault
from stable_jobs.policy.load import Policies, load_sound
from stable_jobs.policy.parameters import demo_regions
from stable_jobs.publishing.folders import workspace
from stable_jobs.settings import Settings, code_fingerprint
from stable_jobs.store.catalog import fingerprint
from stable_jobs.store.engine import Computing
from stable_jobs.store.lake import Lake
from stable_jobs.words import Words

if TYPE_CHECKING:
    import duckdb
    from sqlalchemy import Engine


@dataclass(frozen=True)
class NightContext:
    """The business date, stores, engine, contracts and policies with which a step of one night works."""

    settings: Settings
    business_date: date
    known_at: datetime | None
    """Deliveries received later are not seen: the night as known then. None: as known now."""
    contracts: Mapping[str, Contract]
    policies: Policies
    database: Engine
    duck: duckdb.DuckDBPyConnection
    lake: Lake
    is_backfill: bool = False
    """A scheduler runs a past date again: to compare, and to promise nothing."""

    @property
    def is_binding(self) -> bool:
        """Whether the decision of this night is the date's decision in force, and notices may follow from it:
        the night is run as known now, and not in a backfill."""
        return self.known_at is None and not self.is_backfill

    def contracts_of(self, department: str) -> dict[str, Contract]:
        """The contracts of one department, by extract."""
        return {name: one for name, one in self.contracts.items() if one.department == department}

    @property
    def versions(self) -> dict[str, str]:
        """The versions with which the night is computed: for manifests and the report, never in rows."""
        contracts = {name: contract.fingerprint for name, contract in self.contracts.items()}
        return {
            "stable_jobs": __version__,
            "code": code_fingerprint(),
            "policies": self.policies.fingerprint,
            "contracts": fingerprint(**contracts),
        }

    @cached_property
    def computing(self) -> Computing:
        """Where facts, decision and comparison are computed."""
        return Computing(self.duck, self.settings)

    @cached_property
    def names(self) -> dict[str, Words]:
        """The name of each region, from the policies."""
        return {code: Words(p.name_zh, p.name_en) for code, p in self.policies.regions.items()}

    @cached_property
    def demo_regions(self) -> frozenset[str]:
        """Those with a parameter that is a demonstration's."""
        return frozenset(demo_regions(self.policies, self.business_date))


@contextmanager
def scratch(night: NightContext) -> Iterator[Path]:
    """A folder for files on their way between stores, accounts among them; it is removed afterwards.

    It is below the home, where the next one removes the files that a killed process left.
    """
    parent = night.settings.scratch_root
    _own(parent)
    with workspace(parent) as work:
        yield work


def _own(folder: Path) -> None:
    """Spilled rows and unfinished files hold accounts: nobody but their owner enters."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        with suppress(PermissionError):
            folder.chmod(0o700)


@contextmanager
def open_night(
    settings: Settings, business_date: date, known_at: datetime | None = None, *, is_backfill: bool = False
) -> Iterator[NightContext]:
    """Open the stores and the engine for one business date; closed on leaving.

    ContractError, PolicyError (no policy file at all) or UsageError (the lake) before anything is opened, so
    that a wrong file costs no start of a server. A region whose policy files have a fault is held, not the
    night. StepError where a store is full or may not be written to.
    """
    contracts = contracts_as_of(settings.contracts_root, business_date)
    policies = load_sound(settings.policies_root)
    from stable_jobs.store.database import database
    from stable_jobs.store.engine import connect

    try:
        _own(settings.scratch_root)
        lake = Lake(settings.lake_url)
        with database(settings) as engine, connect(settings) as duck:
            night = NightContext(
                settings, business_date, known_at, contracts, policies, engine, duck, lake, is_backfill
            )
            with closing(night.computing):
                yield night
    except Exception as error:
        if (fault := store_fault(error) or engine_fault(error)) is not None:
            raise fault from error
        raise
