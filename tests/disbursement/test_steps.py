"""Disbursement step by step, as a scheduler's tasks: two nights over a small landing, one approval after the
other; and a batch whose file says another total.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from stable_jobs.acts import decide_proposal
from stable_jobs.bank import payment_files
from stable_jobs.disbursement import steps
from stable_jobs.errors import LedgerRefused, StepError, UsageError
from stable_jobs.ledger.batches import assign_approver
from stable_jobs.ledger.event import ledger_event
from stable_jobs.night.context import open_night
from stable_jobs.night.policies import note_policies, propose_policy
from stable_jobs.night.step import Run
from stable_jobs.publishing.table import Sum
from stable_jobs.settings import Settings
from tests.disbursement.bank_desk import BankDesk, D, bank_desk
from tests.e2e.home import Home, tree
from tests.ledger.conftest import CODES, REGION, Night, unit
from tests.night.small_night import LATER, FirstNight, handed_on, run_tasks

pytestmark = pytest.mark.xdist_group("tasks")

RUN = Run(LATER)
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
        closed, formed = handed_on(steps.close_notices.task(RUN)), handed_on(steps.form.task(RUN))
        assert {frozenset(one) for one in formed} == {frozenset(("batch_no", "batch_hash"))}
        unreviewed = handed_on(steps.publish.task(RUN))
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
    asked = steps.request.task(RUN, batch_no, level)
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
        steps.answer.task(RUN, **{**given, **more})
    assert answers(LEFT) == []


def answers(batch_no: str) -> list[tuple[Any, ...]]:
    query = """
        SELECT a.level, a.approver, a.answer, a.reason, a.answered_in FROM approvals a
        JOIN batches b ON b.id = a.batch_id WHERE b.batch_no = :no ORDER BY a.level
    """
    with open_night(Settings(), date.fromisoformat(LATER)) as desk, desk.database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), {"no": batch_no})]


def test_an_approved_batch_is_published_by_the_next_publishing(course: Course) -> None:
    steps.answer.task(RUN, ONE, course.formed[ONE], 1, "zhao", True, "看过")
    steps.answer.task(RUN, ONE, course.formed[ONE], 1, "zhao", True, "看过")
    assert answers(ONE) == [(1, "zhao", "approved", "看过", "airflow")]
    assert ONE not in published(course)
    told = handed_on(steps.publish.task(RUN))
    assert ONE in published(course)
    assert (told["new"], told["batches"]) == (1, course.unreviewed["batches"] + 1)
    assert steps.request.task(RUN, ONE, 1) is None
    before = tree(course.home.path / "out")
    assert steps.publish.task(RUN) == {**told, "new": 0}
    assert tree(course.home.path / "out") == before


def test_a_second_person_is_asked_and_the_first_does_not_count(course: Course) -> None:
    steps.answer.task(RUN, TWO, course.formed[TWO], 1, "zhao", True, "")
    asked = steps.request.task(RUN, TWO, 2)
    assert asked is not None
    assert asked["level"] == 2
    with pytest.raises(LedgerRefused, match="another person"):
        steps.answer.task(RUN, TWO, course.formed[TWO], 2, "zhao", True, "")
    steps.publish.task(RUN)
    assert TWO not in published(course)
    steps.answer.task(RUN, TWO, course.formed[TWO], 2, "qian", True, "")
    steps.publish.task(RUN)
    assert TWO in published(course)


def test_what_waits_is_listed(course: Course) -> None:
    told = handed_on(steps.list_waiting.task(RUN))
    listed = list((course.home.path / "out" / LATER).glob("*/waiting/waiting*.csv"))
    assert told["units"] > 0
    assert Decimal(told["total"]) > 0
    assert listed
    assert told["waived_lists"] == 0


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(lambda run: steps.close_notices.task(run), id="close"),
        pytest.param(lambda run: steps.form.task(run), id="form"),
        pytest.param(lambda run: steps.request.task(run, ONE, 1), id="request"),
        pytest.param(lambda run: steps.answer.task(run, ONE, "", 1, "zhao", True, ""), id="answer"),
        pytest.param(lambda run: steps.publish.task(run), id="publish"),
        pytest.param(lambda run: steps.list_waiting.task(run), id="list_waiting"),
    ],
)
@pytest.mark.parametrize("key", [None, "2020-5-19"])
def test_without_a_business_date_nothing_is_opened(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, step: Any, key: str | None
) -> None:
    monkeypatch.setenv("STABLE_JOBS_HOME", str(settings.home))
    with pytest.raises(UsageError, match="partition key"):
        step(Run(key))
    assert not settings.home.exists()


OTHER = "620100"


@pytest.fixture
def desk(engine: Engine, settings: Settings) -> BankDesk:
    """Two regions with a batch each that needs nobody: one unit's in the first, two in the other."""
    made = bank_desk(engine, settings)
    with made.at() as opened:
        with ledger_event(opened.database, "policy proposed", actor="li") as event:
            number, _ = propose_policy(opened, event, "000000", "a letter", "li")
        with ledger_event(opened.database, "proposal answered", actor="wang") as event:
            decide_proposal(event, number, "confirmed", "", "wang")
        note_policies(opened)
    regions = (REGION, OTHER, OTHER)
    units = tuple(unit(CODES[n], region_code=region) for n, region in enumerate(regions))
    night = Night(D, units, regions={code: {"working_days": 0, "stopping_doubts": ""} for code in regions})
    made.books.apply(night)
    made.books.close(D)
    assert len(made.books.form(night)) == 2
    return made


def states(desk: BankDesk) -> dict[str, str]:
    return dict(desk.books.ask("SELECT region_code, state FROM batches"))


def test_a_batch_that_does_not_add_up_stops_itself_alone(
    desk: BankDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = payment_files.measure_pain001

    def one_lost(path: Path) -> Sum:
        found = measure(path)
        return replace(found, count=0) if found.count == 1 else found

    with monkeypatch.context() as patch, desk.at() as opened:
        patch.setattr(payment_files, "measure_pain001", one_lost)
        with pytest.raises(StepError, match=rf"^batch {REGION}-.* is not published: payment"):
            steps.publish(opened)
    assert states(desk) == {REGION: "formed", OTHER: "published"}
    assert not list(desk.settings.out_root.glob(f"*/{REGION}/*"))
    with desk.at() as opened:
        steps.publish(opened)
    assert states(desk) == {REGION: "published", OTHER: "published"}
