"""A step as a function and as a task: which arguments are read back from JSON, and who is told when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest

from stable_jobs.errors import StepsMissing, UsageError
from stable_jobs.night.context import NightContext
from stable_jobs.night.step import Result, Run, Step, step
from tests.night.small_night import logged

NIGHT = cast("NightContext", SimpleNamespace(happened=[]))
RUN = Run("2020-05-11")


@dataclass(frozen=True)
class Counted(Result[dict[str, int]]):
    """A number that is handed on; zero is told by a red task."""

    count: int

    def as_json(self, night: NightContext) -> dict[str, int]:
        return {"count": self.count}

    @classmethod
    def from_json(cls, night: NightContext, handed: object) -> Self:
        if not isinstance(handed, dict):
            raise UsageError("a result with `count`")
        return cls(handed["count"])

    def tell(self, night: NightContext) -> None:
        cast("Any", night).happened.append(f"told {self.count}")
        if not self.count:
            raise StepsMissing("zero")


@pytest.fixture
def total(monkeypatch: pytest.MonkeyPatch) -> Step[..., Counted]:
    """A step whose tasks work in NIGHT."""

    @contextmanager
    def opened(run: Run) -> Iterator[NightContext]:
        assert run is RUN
        yield NIGHT

    monkeypatch.setattr("stable_jobs.night.step.hold_run", opened)
    cast("Any", NIGHT).happened.clear()

    @step(logged="{department} counted")
    def total(
        night: NightContext, department: str, parts: list[Counted], more: Counted | None = None
    ) -> Counted:
        """Add them up."""
        assert night is NIGHT
        assert isinstance(department, str)
        return Counted(sum(one.count for one in [*parts, *filter(None, [more])]))

    return total


def test_as_a_function_it_takes_and_returns_results_and_tells_nobody(total: Step[..., Counted]) -> None:
    with logged() as lines:
        assert total(NIGHT, "tax", [Counted(1)], Counted(2)) == Counted(3)
    assert (lines, cast("Any", NIGHT).happened) == ([], [])


@pytest.mark.parametrize(
    ("more", "count"),
    [
        pytest.param([], 3, id="left out"),
        pytest.param([None], 3, id="None: the step before broke"),
        pytest.param([{"count": 4}], 7, id="a result"),
    ],
)
def test_as_a_task_it_takes_and_returns_json(total: Step[..., Counted], more: list[Any], count: int) -> None:
    with logged() as lines:
        found = total.task(RUN, "tax", [{"count": 1}, {"count": 2}], *more)
    assert found == {"count": count}
    assert lines == [f"tax counted: {found}"]
    assert cast("Any", NIGHT).happened == [f"told {count}"]


@pytest.mark.parametrize(
    "handed", [pytest.param(([1],), id="in a list"), pytest.param(([], "x"), id="alone")]
)
def test_what_is_no_result_is_refused_before_the_step_runs(total: Step[..., Counted], handed: Any) -> None:
    with pytest.raises(UsageError, match="a result with `count`"):
        total.task(RUN, "tax", *handed)
    assert cast("Any", NIGHT).happened == []


def test_a_red_task_is_a_message_too_and_hands_on_nothing(total: Step[..., Counted]) -> None:
    with logged() as lines, pytest.raises(StepsMissing, match="zero"):
        total.task(RUN, "tax", [])
    assert lines == []


def test_it_keeps_the_functions_name_and_words(total: Step[..., Counted]) -> None:
    assert (cast("Any", total).__name__, total.__doc__) == ("total", "Add them up.")
