"""Disbursement as a scheduler runs it, over a small landing: two nights, one approval after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from stable_jobs.disbursement import disbursement_tasks as steps
from stable_jobs.errors import LedgerRefused, StepsMissing, UsageError
from stable_jobs.ledger.approvals import assign_approver
from stable_jobs.ledger.event import ledger_event
from stable_jobs.night.context import open_night
from stable_jobs.settings import Settings
from tests.e2e.home import Home, tree
from tests.night.small_night import LATER, FirstNight, handed_on, run_tasks

pytestmark = pytest.mark.xdist_group("tasks")

ONE, TWO, LEFT = "610100-20200519-L1-1", "610100-20200519-L2-1", "620100-20200519-L2-1"


@dataclass(frozen=True)
class Course:
    """Both nights decided, the second one's batches formed; `formed`: batch → hash, of those that wait."""

    home: Home
    closed: dict[str, Any]
    formed: dict[str, str]
    unreviewed: dict[str, Any]


@pytest.fixture(scope="module")
def course(made: FirstNight) -> Iterator[Course]:
    with made.home() as home:
        assert made.results(home)["notices"]["taken"] > 0
        assert run_tasks(LATER)["notices"]["taken"] > 0
        with open_night(Settings(), date.fromisoformat(LATER)) as desk:
            for person, level in (("zhao", 1), ("zhao", 2), ("qian", 2)):
                with ledger_event(desk.database, "approver", actor="head") as event:
                    assign_approver(event, person, "610000", level, True, "head")
        closed, formed = handed_on(steps.close(LATER)), handed_on(steps.form(LATER))
        assert {frozenset(one) for one in formed} == {frozenset(("batch_no", "batch_hash"))}
        unreviewed = handed_on(steps.publish(LATER))
        yield Course(home, closed, {one["batch_no"]: one["batch_hash"] for one in formed}, unreviewed)


def published(course: Course) -> set[str]:
    return {path.name for path in (course.home.path / "out" / LATER).glob("*/*-L?-*")}


def test_notices_are_closed_and_batches_wait_by_number_and_hash(course: Course) -> None:
    assert course.closed["cleared"] > 1000
    assert {ONE, TWO, LEFT} <= course.formed.keys()
    assert [h for h in course.formed.values() if not re.fullmatch("[0-9a-f]{64}", h)] == []


def test_what_needs_nobody_is_published_at_once(course: Course) -> None:
    told = course.unreviewed
    assert told["batches"] == told["new"] == len([n for n in published(course) if "-L0-" in n]) > 0
    assert Decimal(told["total"]) > told["units"] > 0


@pytest.mark.parametrize(
    ("batch_no", "level", "people"),
    [
        pytest.param(ONE, 1, ("zhao",), id="assigned for the province"),
        pytest.param(LEFT, 1, (), id="nobody is assigned"),
        pytest.param(TWO, 2, None, id="the first has not answered"),
        pytest.param("610100-20200519-L0-1", 1, None, id="needs nobody"),
    ],
)
def test_who_is_asked(course: Course, batch_no: str, level: int, people: tuple[str, ...] | None) -> None:
    asked = steps.request(LATER, batch_no, level)
    assert (asked and asked["people"]) == people
    assert asked is None or (asked["batch_hash"], asked["level"]) == (course.formed[batch_no], level)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param({"batch_hash": "0" * 64}, "for other lines", id="other lines"),
        pytest.param({"person": "sun"}, "not assigned", id="not assigned"),
        pytest.param({"level": 2, "person": "qian"}, "first approval is not there", id="out of turn"),
        pytest.param({"batch_no": "610100-20200519-L1-9"}, "no batch", id="no such batch"),
    ],
)
def test_an_answer_that_does_not_count(course: Course, changed: dict[str, Any], says: str) -> None:
    given = {"batch_no": LEFT, "batch_hash": course.formed[LEFT], "level": 1, "person": "zhao"}
    more = {"is_approved": True, "reason": "", **changed}
    with pytest.raises(LedgerRefused, match=says):
        steps.answer(LATER, **{**given, **more})
    assert answers(LEFT) == []


def answers(batch_no: str) -> list[tuple[Any, ...]]:
    query = """
        SELECT a.level, a.approver, a.answer, a.reason, a.answered_in FROM approvals a
        JOIN batches b ON b.id = a.batch_id WHERE b.batch_no = :no ORDER BY a.level
    """
    with open_night(Settings(), date.fromisoformat(LATER)) as desk, desk.database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), {"no": batch_no})]


def test_an_approved_batch_is_published_by_the_next_publishing(course: Course) -> None:
    steps.answer(LATER, ONE, course.formed[ONE], 1, "zhao", True, "看过")
    steps.answer(LATER, ONE, course.formed[ONE], 1, "zhao", True, "看过")
    assert answers(ONE) == [(1, "zhao", "approved", "看过", "airflow")]
    assert ONE not in published(course)
    told = handed_on(steps.publish(LATER))
    assert ONE in published(course)
    assert (told["new"], told["batches"]) == (1, course.unreviewed["batches"] + 1)
    assert steps.request(LATER, ONE, 1) is None
    before = tree(course.home.path / "out")
    assert steps.publish(LATER) == {**told, "new": 0}
    assert tree(course.home.path / "out") == before


def test_a_second_person_is_asked_and_the_first_does_not_count(course: Course) -> None:
    steps.answer(LATER, TWO, course.formed[TWO], 1, "zhao", True, "")
    asked = steps.request(LATER, TWO, 2)
    assert asked is not None
    assert asked["level"] == 2
    with pytest.raises(LedgerRefused, match="another person"):
        steps.answer(LATER, TWO, course.formed[TWO], 2, "zhao", True, "")
    steps.publish(LATER)
    assert TWO not in published(course)
    steps.answer(LATER, TWO, course.formed[TWO], 2, "qian", True, "")
    steps.publish(LATER)
    assert TWO in published(course)


def test_what_waits_is_listed(course: Course) -> None:
    told = handed_on(steps.list_waiting(LATER))
    listed = list((course.home.path / "out" / LATER).glob("*/waiting/waiting*.csv"))
    assert told["units"] > 0
    assert Decimal(told["total"]) > 0
    assert listed
    assert told["waived_lists"] == 0


@pytest.mark.parametrize("broken", [[], ["form"], ["review.publish_3", "list_left"]], ids=repr)
def test_the_end_is_red_where_steps_did_not_succeed(broken: list[str]) -> None:
    if broken:
        with pytest.raises(StepsMissing, match=f"{LATER}.*{', '.join(broken)}"):
            steps.finish(LATER, broken)
    else:
        steps.finish(LATER, broken)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(lambda key: steps.close(key), id="close"),
        pytest.param(lambda key: steps.form(key), id="form"),
        pytest.param(lambda key: steps.request(key, ONE, 1), id="request"),
        pytest.param(lambda key: steps.answer(key, ONE, "", 1, "zhao", True, ""), id="answer"),
        pytest.param(lambda key: steps.publish(key), id="publish"),
        pytest.param(lambda key: steps.list_waiting(key), id="list_waiting"),
        pytest.param(lambda key: steps.finish(key, []), id="finish"),
    ],
)
@pytest.mark.parametrize("key", [None, "2020-5-19"])
def test_without_a_business_date_nothing_is_opened(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, step: Any, key: str | None
) -> None:
    monkeypatch.setenv("STABLE_JOBS_HOME", str(settings.home))
    with pytest.raises(UsageError, match="partition key"):
        step(key)
    assert not settings.home.exists()
