"""A bureau after the night of the business date over the small landing, as the command line runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from stable_jobs.disbursement import steps as disbursement
from stable_jobs.ledger.verify import verify_ledger
from stable_jobs.night.context import NightContext, open_night
from stable_jobs.night.steps import run_night
from stable_jobs.settings import Settings
from stable_jobs.store.database import APP
from stable_jobs.store.lake import Lake
from tests.databases import copy_database, mark_demonstration
from tests.e2e.home import BUSINESS_DATE, tree
from tests.e2e.small import write_small

D = date.fromisoformat(BUSINESS_DATE)


@dataclass(frozen=True)
class Bureau:
    """A home after one night, and its database: `app` as the software sees it, `engine` as a superuser."""

    home: Path
    name: str
    postgres: URL

    @property
    def engine(self) -> Engine:
        return create_engine(self.postgres.set(database=self.name), poolclass=NullPool)

    def settings(self, **more: Any) -> Settings:
        url = self.postgres.set(username=APP, database=self.name).render_as_string(hide_password=False)
        return Settings(
            _env_file=None, home=self.home, landing=self.home.parent / "landing", database_url=url, **more
        )

    @contextmanager
    def desk(self, **more: Any) -> Iterator[NightContext]:
        with open_night(self.settings(**more), D) as desk:
            yield desk

    @property
    def out(self) -> Path:
        return self.home / "out"

    def files(self, kind: str) -> list[Path]:
        return sorted((self.home / "lake/snapshots" / kind).glob("*.parquet"))

    def ask(self, query: str) -> list[Any]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def breaks(self) -> list[tuple[str, str]]:
        with self.engine.connect() as connection:
            found = verify_ledger(connection, self.out, Lake(str(self.home / "lake")))
        return [(one.check, one.where) for one in found.breaks]


@dataclass(frozen=True)
class WholeNight:
    """The bureau once its notices are closed. published: what the night itself left below `out/`."""

    bureau: Bureau
    published: dict[str, str]


def whole_night(postgres: URL, template: str, folder: Path) -> WholeNight:
    """Everything is written with no umask at all."""
    name = copy_database(postgres, template, "bureau")
    mark_demonstration(postgres, name)
    write_small(folder / "landing", folder / "expected.json", D)
    made = Bureau(folder / "home", name, postgres)
    before = os.umask(0)
    try:
        with made.desk() as desk:
            run_night(desk, lambda _: None)
            published = tree(made.out)
            disbursement.close_notices(desk)
    finally:
        os.umask(before)
    return WholeNight(made, published)
