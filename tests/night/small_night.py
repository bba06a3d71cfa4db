"""A small landing, homes over it, and the night's tasks in their order, as a scheduler runs them."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, make_url

from stable_jobs.contracts.model import DEPARTMENTS
from stable_jobs.night import steps
from stable_jobs.night.step import Run
from stable_jobs.settings import Settings
from stable_jobs.store.database import APP
from tests.databases import copy_database, drop_database, mark_demonstration
from tests.e2e.home import BUSINESS_DATE, Home, new_home
from tests.e2e.small import write_small

LATER = "2020-05-19"
Results = dict[str, Any]


@dataclass(frozen=True)
class Places:
    """Homes over the small landing, each with a database of its own."""

    postgres: URL
    template: str
    landing: Path

    @contextmanager
    def home(self, like: Path | None = None) -> Iterator[Home]:
        """A home for as long as the block lasts, and the settings of this process point at it.

        like: a folder whose content it begins with.
        """
        name = copy_database(self.postgres, self.template, "tasks")
        mark_demonstration(self.postgres, name)
        url = self.postgres.set(username=APP, database=name).render_as_string(hide_password=False)
        with new_home() as home, pytest.MonkeyPatch.context() as patch:
            if like is not None:
                shutil.copytree(like, home.path, dirs_exist_ok=True)
            patch.chdir(home.path)
            for key, value in (("HOME", home.path), ("LANDING", self.landing), ("DATABASE_URL", url)):
                patch.setenv(f"STABLE_JOBS_{key}", str(value))
            yield home
        drop_database(self.postgres, name)


class Kept(logging.Handler):
    """Every line that the package logs."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def logged() -> Iterator[list[str]]:
    logger, kept = logging.getLogger("stable_jobs"), Kept()
    before = logger.level
    logger.addHandler(kept)
    logger.setLevel(logging.DEBUG)
    yield kept.lines
    logger.setLevel(before)
    logger.removeHandler(kept)


def handed_on(result: Any) -> Any:
    """As the next task gets it: through a database that keeps JSON. It must be what was returned."""
    passed = json.loads(json.dumps(result, allow_nan=False))
    assert passed == result
    return passed


def run_tasks(day: str = BUSINESS_DATE, once_decided: Callable[[], None] = lambda: None) -> Results:
    """Every task in the DAG's order → what it returned, by `department.task` or task."""
    found: Results = {}
    run = Run(day)
    for department in DEPARTMENTS:
        found[f"{department}.collect"] = handed_on(steps.collect.task(run, department))
    for department in DEPARTMENTS:
        validated = found[f"{department}.validate"] = handed_on(steps.validate.task(run, department))
        found[f"{department}.owed"] = handed_on(steps.list_owed.task(run, department, validated))
    validated = [found[f"{department}.validate"] for department in DEPARTMENTS]
    determined = found["determine"] = handed_on(steps.determine.task(run, validated))
    once_decided()
    found["compare"] = handed_on(steps.compare.task(run, determined))
    found["lists"] = handed_on(steps.lists.task(run, determined))
    found["notices"] = handed_on(steps.notices.task(run, determined))
    found["report"] = handed_on(steps.report.task(run, determined, found["compare"]))
    return found


@dataclass(frozen=True)
class State:
    """A home's folder and its database as they were at one moment."""

    folder: Path
    database: str


@dataclass(frozen=True)
class FirstNight:
    """The night of the business date after every task has run once. `places`: before it.

    returned: what each task returned, in the first home; logged: what the package logged meanwhile. decided:
    home and database when the night was decided and nothing was published.
    """

    places: Places
    returned: str
    original: Path
    logged: tuple[str, ...]
    ended: State
    decided: State

    @contextmanager
    def home(self) -> Iterator[Home]:
        """A copy of the home and its database that the block may change."""
        with self._like(self.ended) as home:
            yield home

    @contextmanager
    def decided_home(self) -> Iterator[Home]:
        """The same as it was once the night was decided."""
        with self._like(self.decided) as home:
            yield home

    def _like(self, state: State) -> AbstractContextManager[Home]:
        return replace(self.places, template=state.database).home(state.folder)

    def results(self, home: Home) -> Results:
        """What the tasks returned, with the paths of a copy."""
        found: Results = json.loads(self.returned.replace(str(self.original), str(home.path)))
        return found


def first_night(postgres: URL, template: str, folder: Path) -> FirstNight:
    """Both dates' landings are written below the folder, and the tasks of the first are run."""
    landing, first = folder / "landing", date.fromisoformat(BUSINESS_DATE)
    write_small(landing, folder / "expected.json", first)
    write_small(landing, folder / "later.json", date.fromisoformat(LATER), first)
    places = Places(postgres, template, landing)
    states: list[State] = []
    with places.home() as home, logged() as lines:
        url = Settings().database_url
        assert url is not None
        database = str(make_url(url.get_secret_value()).database)

        def keep() -> None:
            kept = folder / f"home-{len(states)}"
            shutil.copytree(home.path, kept)
            states.append(State(kept, copy_database(postgres, database, "first_night")))

        returned = json.dumps(run_tasks(once_decided=keep))
        keep()
    return FirstNight(places, returned, home.path, tuple(lines), ended=states[1], decided=states[0])
