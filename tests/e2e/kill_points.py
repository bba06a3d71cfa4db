"""The command line that kills itself, exactly once, where it is told to.

    python -m tests.e2e.kill_points 'stable_jobs.disbursement.batch_files:_kept[.xml]:1:after' -- disburse

A point is `module:function[text]:count:when`. Of the function's calls those count that have the text in one
of their arguments (all, without the brackets). At the count-th, SIGKILL is sent before it begins or after it
has ended (a context manager: after its block); or only the home's database server is killed before it begins.
After `--`: a command of `stable-jobs`, or one of STEPS.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import _GeneratorContextManager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

POINT = re.compile(r"([\w.]+):([\w.]+)(?:\[(.+)\])?:([0-9]+):(before|after|server)")


@dataclass(frozen=True)
class Point:
    module: str
    function: str
    text: str
    count: int
    when: str

    def is_meant(self, arguments: tuple[Any, ...]) -> bool:
        return not self.text or any(self.text in str(one) for one in arguments)


def read_point(spelled: str) -> Point:
    match = POINT.fullmatch(spelled)
    if match is None:
        raise ValueError(f"{spelled}: expected module:function[text]:count:when")
    module, function, text, count, when = match.groups()
    return Point(module, function, text or "", int(count), when)


def arm(point: Point, strike: Callable[[], object]) -> None:
    """Replace the function wherever it is known by then; who imports it later gets the same."""
    owner: Any = import_module(point.module)
    *path, name = point.function.split(".")
    for part in path:
        owner = getattr(owner, part)
    original = getattr(owner, name)
    armed = _armed(point, original, strike)
    setattr(owner, name, armed)
    for module in list(sys.modules.values()):
        known = [key for key, value in vars(module).items() if value is original]
        for key in known:
            setattr(module, key, armed)


def _armed(point: Point, original: Callable[..., Any], strike: Callable[[], object]) -> Callable[..., Any]:
    calls = 0

    def armed(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += (meant := point.is_meant((*arguments, *named.values())))
        if not meant or calls != point.count:
            return original(*arguments, **named)
        if point.when != "after":
            strike()
        done = original(*arguments, **named)
        if point.when != "after":
            return done
        if isinstance(done, _GeneratorContextManager):
            return _left(done, strike)
        strike()
        return done

    return armed


@contextmanager
def _left(inner: _GeneratorContextManager[Any, None, None], strike: Callable[[], object]) -> Iterator[Any]:
    with inner as value:
        yield value
    strike()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_the_server() -> None:
    from tests.e2e.home import Home
    from tests.e2e.kills import kill_server

    assert kill_server(Home(Path(os.environ["STABLE_JOBS_HOME"])))


def announce(day: str) -> None:
    """The night's step `notices` alone, from the newest decision of the date."""
    from sqlalchemy import text

    from stable_jobs.night.notices import open_notices
    from stable_jobs.night.step import Run, hold_run
    from stable_jobs.policy.determine import decision_by_id

    query = "SELECT max(id) FROM snapshots WHERE kind = 'eligibility' AND business_date = :on"
    with hold_run(Run(day)) as desk:
        with desk.database.connect() as connection:
            decision = decision_by_id(connection, connection.scalar(text(query), {"on": day}) or 0)
        open_notices(desk, decision)


def publish(day: str) -> None:
    """The step `publish` of a disbursement alone."""
    from stable_jobs.disbursement import steps
    from stable_jobs.night.step import Run, hold_run

    with hold_run(Run(day)) as night:
        steps.publish(night)


def act(name: str, person: str, parameters: str) -> None:
    """What a person does, as `night.acts` names it, with its parameters as JSON. Ends with 1 if refused."""
    import json

    from stable_jobs.acts import perform
    from stable_jobs.errors import StableJobsError
    from stable_jobs.ledger.people import AIRFLOW, Hand
    from stable_jobs.settings import Settings
    from stable_jobs.store.database import database

    settings, hand = Settings(_env_file=None), Hand(AIRFLOW, "test")
    with database(settings) as engine:
        try:
            perform(name, json.loads(parameters), person=person, hand=hand, engine=engine, settings=settings)
        except StableJobsError as refused:
            raise SystemExit(f"refused: {refused}") from None


STEPS: dict[str, Callable[..., None]] = {"notices": announce, "publish": publish, "act": act}


def run(command: list[str]) -> None:
    if command[0] in STEPS:
        STEPS[command[0]](*command[1:])
        return
    from stable_jobs.cli.main import main

    sys.argv = ["stable-jobs", *command]
    main()


if __name__ == "__main__":
    spelled, separator, *asked = sys.argv[1:]
    if separator != "--":
        raise SystemExit(f"expected POINT -- COMMAND; found {separator}")
    if spelled != "undisturbed":
        told = read_point(spelled)
        arm(told, kill_the_server if told.when == "server" else die)
    run(asked)
