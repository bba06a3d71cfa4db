"""The whole night in order, as the command line and the benchmark run it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from stable_jobs.contracts.model import DEPARTMENTS
from stable_jobs.errors import Problem, StableJobsError, StepError, store_fault
from stable_jobs.lists.lists import RegionLists
from stable_jobs.night import steps
from stable_jobs.night.comparison import Comparison
from stable_jobs.night.context import NightContext
from stable_jobs.night.handed import decide_in_force
from stable_jobs.night.notices import Notices, open_notices
from stable_jobs.policy.determine import Decision
from stable_jobs.store.catalog import Validation
from stable_jobs.store.database import business_date_lock


@dataclass(frozen=True)
class Step:
    """One thing the night does: a name for people and a function without arguments.

    is_optional: its failure is told and the night goes on.
    """

    name: str
    run: Callable[[], object]
    is_optional: bool = False


@dataclass
class Course:
    """What the steps of one night hand on: the validations and the decision by id, the lists by region.

    `untaken`: what lay in the landing folder and is no delivery, so that no report has a line of it.
    """

    untaken: list[Problem] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)
    decision: Decision | None = None
    comparison: Comparison | None = None
    lists: list[RegionLists] = field(default_factory=list)
    notices: Notices | None = None
    report: Path | None = None

    @property
    def validation_ids(self) -> list[int]:
        """The ids of tonight's validations."""
        return [validation.id for validation in self.validations]

    def decided(self) -> Decision:
        """The decision; StepError if `determine` did not run."""
        if self.decision is None:
            raise StepError("the night has no decision yet: run determine before lists and report")
        return self.decision


def steps_of(night: NightContext, course: Course) -> Iterator[Step]:
    """The steps of a night in order; each may run only when the one before has.

    A night as known then promises nothing: it opens no notices.
    """
    for department in DEPARTMENTS:
        yield Step(f"collect {department}", partial(_collect, night, course, department))
    for department in DEPARTMENTS:
        yield Step(f"validate {department}", partial(_validate, night, course, department))
    yield Step("determine", partial(_determine, night, course))
    yield Step("compare", partial(_compare, night, course), is_optional=True)
    yield Step("lists", partial(_lists, night, course))
    if night.known_at is None:
        yield Step("notices", partial(_notices, night, course))
    yield Step("report", partial(_report, night, course))


def run_night(night: NightContext, progress: Callable[[str], None]) -> Course:
    """Run every step under the business date's lock; `progress` hears each step's name before it starts.

    A second run of the same date waits, finds the snapshots and ends without change. StepError naming the
    step that broke, with the error as its cause.
    """
    course = Course()
    with business_date_lock(night.database, night.business_date):
        for step in steps_of(night, course):
            progress(step.name)
            try:
                _run(step)
            except StableJobsError as error:
                if not step.is_optional:
                    raise
                progress(f"{step.name} did not succeed, the night goes on: {error}")
    return course


def _run(step: Step) -> None:
    try:
        step.run()
    except StableJobsError:
        raise
    except Exception as error:
        broken = StepError(f"step {step.name!r} broke: {type(error).__name__}: {error}")
        raise store_fault(error) or broken from error


def _collect(night: NightContext, course: Course, department: str) -> None:
    course.untaken += steps.collect(night, department).unrecorded


def _validate(night: NightContext, course: Course, department: str) -> None:
    course.validations += steps.validate(night, department)


def _determine(night: NightContext, course: Course) -> None:
    course.decision = steps.determine_eligibility(night, course.validation_ids)
    if night.known_at is None:
        decide_in_force(night, course.decision)
    course.validations += steps.check_units(night, course.decision)


def _compare(night: NightContext, course: Course) -> None:
    course.comparison = steps.compare(night, course.decided())


def _lists(night: NightContext, course: Course) -> None:
    course.lists = steps.lists(night, course.decided())


def _notices(night: NightContext, course: Course) -> None:
    course.notices = open_notices(night, course.decided())


def _report(night: NightContext, course: Course) -> None:
    manifest = course.comparison.manifest if course.comparison else None
    course.report = steps.report(night, course.decided(), course.validations, manifest)
