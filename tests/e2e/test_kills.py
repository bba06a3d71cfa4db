"""A night that was killed, run again, leaves the bytes of an undisturbed one."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.answer_key import decided_rows, differences
from tests.e2e.home import Home, new_home, tree
from tests.e2e.kills import (
    NIGHT,
    TOLD,
    Course,
    kill_after,
    kill_at,
    kill_server,
    nothing_runs,
    processes_of,
    undisturbed,
)

pytestmark = pytest.mark.long

STEPS = [
    f"{verb} {department}"
    for verb in ("collect", "validate")
    for department in ("labor", "tax", "finance", "development", "economy")
] + ["determine", "compare", "lists", "notices", "report"]
SEED = 20200511


@dataclass(frozen=True)
class Reference:
    """What an undisturbed night over the small landing leaves under `out/`, and how it went."""

    files: dict[str, str]
    course: Course


@pytest.fixture
def home(small: Home) -> Iterator[Home]:
    """A fresh home over the small landing; nothing may run in it at the end."""
    with new_home(STABLE_JOBS_LANDING=str(small.path / "landing")) as fresh:
        yield fresh
        assert nothing_runs(fresh), processes_of(fresh)


@pytest.fixture(scope="module")
def reference(small: Home) -> Reference:
    with new_home(STABLE_JOBS_LANDING=str(small.path / "landing")) as fresh:
        course = undisturbed(fresh)
        assert course.steps == tuple(STEPS)
        assert differences(small.key(), decided_rows(fresh.out)) == {}
        return Reference(tree(fresh.path / "out"), course)


def run_again(home: Home, reference: Reference) -> None:
    """To the end, and to the same bytes: no file more, none less, nothing hidden left."""
    done = home.run(*NIGHT)
    assert done.returncode == 0, done.stderr
    found = tree(home.path / "out")
    assert {n: (found.get(n), reference.files.get(n)) for n in found.keys() ^ reference.files.keys()} == {}
    assert [name for name in found if found[name] != reference.files[name]] == []


@pytest.mark.parametrize("step", STEPS)
def test_killed_where_a_step_begins(home: Home, reference: Reference, step: str) -> None:
    assert kill_at(home, step)

    run_again(home, reference)


@pytest.mark.parametrize("step", ["collect tax", "validate labor", "determine", "lists", "notices", "report"])
def test_killed_with_its_server(home: Home, reference: Reference, step: str) -> None:
    assert kill_at(home, step, delay=0.3)
    assert kill_server(home)

    run_again(home, reference)


def instants(count: int) -> list[float]:
    drawn = random.Random(SEED)
    return [round(drawn.uniform(0.01, 0.99), 3) for _ in range(count)]


@pytest.mark.parametrize("fraction", instants(30))
def test_killed_at_some_instant(home: Home, reference: Reference, fraction: float) -> None:
    """Of the time an undisturbed night takes; on a busy machine one may end before, which is no harm."""
    kill_after(home, fraction * reference.course.seconds)

    run_again(home, reference)


def test_killed_again_and_again(home: Home, reference: Reference) -> None:
    drawn = random.Random(SEED)
    for _ in range(5):
        kill_after(home, drawn.uniform(0.1, 0.9) * reference.course.seconds)

    run_again(home, reference)


def test_two_nights_at_once(home: Home, reference: Reference) -> None:
    both = [home.start(*NIGHT) for _ in range(2)]
    said = [night.communicate()[1] for night in both]

    assert [night.returncode for night in both] == [0, 0], said
    run_again(home, reference)


@pytest.mark.parametrize(
    ("number", "step"),
    [
        (signal.SIGTERM, "collect labor"),
        (signal.SIGTERM, "validate labor"),
        (signal.SIGTERM, "determine"),
        (signal.SIGTERM, "lists"),
        (signal.SIGINT, "validate tax"),
        (signal.SIGINT, "determine"),
        (signal.SIGINT, "report"),
        (signal.SIGHUP, "validate labor"),
    ],
)
def test_a_signal_ends_the_night_and_its_server(
    home: Home, reference: Reference, number: signal.Signals, step: str
) -> None:
    night = home.start(*NIGHT)
    assert night.stderr is not None
    for line in night.stderr:
        if (told := TOLD.match(line)) and told[1] == step:
            time.sleep(0.3)
            break
    night.send_signal(number)
    rest = night.communicate(timeout=60)[1]

    assert night.returncode != 0
    assert "Traceback" not in rest
    assert nothing_runs(home), processes_of(home)
    run_again(home, reference)
