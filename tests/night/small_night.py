"""A small landing, homes over it, and the night's tasks in their order, as a scheduler runs them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL

from stable_jobs.contracts.model import DEPARTMENTS
from stable_jobs.night import tasks
from stable_jobs.store.database import APP
from tests.conftest import mark_demonstration, run_sql
from tests.e2e.home import BUSINESS_DATE, Home, new_home
from tests.e2e.small import write_small

Results = dict[str, Any]


@dataclass(frozen=True)
class Places:
    """A home over the small landing with a database of its own, for as long as the block lasts."""

    postgres: URL
    template: str
    landing: Path

    @contextmanager
    def home(self) -> Iterator[Home]:
        name = f"tasks_{uuid4().hex}"
        run_sql(self.postgres, f"CREATE DATABASE {name} TEMPLATE {self.template}")
        mark_demonstration(self.postgres, name)
        url = self.postgres.set(username=APP, database=name).render_as_string(hide_password=False)
        with new_home() as home, pytest.MonkeyPatch.context() as patch:
            patch.chdir(home.path)
            for key, value in (("HOME", home.path), ("LANDING", self.landing), ("DATABASE_URL", url)):
                patch.setenv(f"STABLE_JOBS_{key}", str(value))
            yield home
        run_sql(self.postgres, f"DROP DATABASE {name} WITH (FORCE)")


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


def run_tasks(day: str = BUSINESS_DATE) -> Results:
    """Every task in the DAG's order → what it returned, by `department.task` or task."""
    found: Results = {}
    for department in DEPARTMENTS:
        found[f"{department}.collect"] = handed_on(tasks.collect(day, department))
    for department in DEPARTMENTS:
        validated = found[f"{department}.validate"] = handed_on(tasks.validate(day, department))
        found[f"{department}.owed"] = handed_on(tasks.owed(day, department, validated))
    validated = [found[f"{department}.validate"] for department in DEPARTMENTS]
    determined = found["determine"] = handed_on(tasks.determine(day, validated))
    found["compare"] = handed_on(tasks.compare(day, determined))
    found["lists"] = handed_on(tasks.lists(day, determined))
    found["notices"] = handed_on(tasks.notices(day, determined))
    found["report"] = handed_on(tasks.report(day, determined, found["compare"]))
    return found


def made_places(postgres: URL, template: str, folder: Path) -> Places:
    """The landing of the business date is written below the folder."""
    landing = folder / "landing"
    write_small(landing, folder / "expected.json", date.fromisoformat(BUSINESS_DATE))
    return Places(postgres, template, landing)
