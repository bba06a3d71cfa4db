"""What was handed on is checked where it is used: edited results of tasks, and dates of no night."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import text

from stable_jobs.contracts.model import DEPARTMENTS
from stable_jobs.disbursement import returns_steps
from stable_jobs.disbursement import steps as disbursement
from stable_jobs.errors import LedgerRefused, StepError, UsageError
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.notices import put_in_force
from stable_jobs.night import handed, steps
from stable_jobs.night.context import NightContext, open_night
from stable_jobs.night.step import Run, hold_run
from stable_jobs.policy.determine import KINDS
from stable_jobs.settings import SHANGHAI, Settings
from stable_jobs.store import catalog
from tests.e2e.home import BUSINESS_DATE, Home, tree
from tests.night.small_night import FirstNight, Results

pytestmark = pytest.mark.xdist_group("tasks")

OTHER_DATE = "2020-05-10"
RUN = Run(BUSINESS_DATE)
OF_DATE = f"validations of {BUSINESS_DATE}"


@dataclass(frozen=True)
class Course:
    """A home in which every task has run once, and what each returned."""

    home: Home
    first: Results


@pytest.fixture(scope="module")
def course(made: FirstNight) -> Iterator[Course]:
    with made.home() as home:
        yield Course(home, made.results(home))


Change = Callable[[Course], Any]


def determined(course: Course, **changed: Any) -> Results:
    return {**course.first["determine"], **changed}


def other_date(course: Course) -> Results:
    """What `determine` returned for another date, with the validations of this one: an edited XCom."""
    on = date.fromisoformat(OTHER_DATE)
    with open_night(Settings(), on) as desk, desk.database.begin() as connection:
        made = [
            catalog.register_snapshot(
                connection, kind=kind, business_date=on, fingerprint=catalog.fingerprint(old=1),
                name=f"snapshots/old-{kind}.parquet", rows=0, inputs={},
            )
            for kind in KINDS
        ]  # fmt: skip
    return determined(course, decision=next(one.id for one in made if one.kind == "eligibility"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(other_date, f"expected a decision of {BUSINESS_DATE}, found a decision of {OTHER_DATE}",
                     id="another date's"),
        pytest.param(lambda c: determined(c, decision=10**6), "expected the id of a decision", id="none"),
        pytest.param(lambda c: determined(c, decision=10**30), "expected an id", id="a huge number"),
        pytest.param(lambda c: determined(c, decision="1 OR 1=1"), "expected an id, found str", id="a text"),
        pytest.param(lambda c: determined(c, decision=True), "expected an id, found bool", id="a truth"),
        pytest.param(lambda c: {"validations": []}, "a result with `decision`", id="nothing"),
        pytest.param(lambda c: [1], "a result with `decision`, found list", id="a list"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("task", ["compare", "lists", "notices", "report"])
def test_a_task_takes_no_decision_but_its_own_dates(
    course: Course, change: Change, says: str, task: str
) -> None:
    handed = change(course)
    more = (None,) if task == "report" else ()
    before, files = events(), tree(course.home.path / "out")
    with pytest.raises(UsageError, match=re.escape(says)):
        getattr(steps, task).task(RUN, handed, *more)
    assert (events(), tree(course.home.path / "out")) == (before, files)


def events() -> int:
    with (
        open_night(Settings(), date.fromisoformat(BUSINESS_DATE)) as desk,
        desk.database.connect() as connection,
    ):
        return int(connection.scalar(text("SELECT count(*) FROM audit_events")) or 0)


def test_an_earlier_validation_of_the_same_date_decides_nothing(made: FirstNight) -> None:
    """What `tax.validate` returned before the department sent once more: an edited result, or a late task."""
    with made.home() as home:
        results = made.results(home)
        handed_on = [results[f"{department}.validate"] for department in DEPARTMENTS]
        with hold_run(RUN) as desk, desk.database.begin() as connection:
            sent = catalog.current_deliveries(connection, desk.business_date, "taxpayers")[0]
            again = catalog.record_delivery(
                connection, department="tax", extract="taxpayers", business_date=desk.business_date,
                region_code=sent.region_code, sequence=sent.sequence + 1, file_name="again.csv",
                file_format="csv", sha256="c" * 64, size_bytes=1, rows=1, control_total=None,
                received_at=datetime(2020, 5, 11, 23, tzinfo=SHANGHAI),
            )  # fmt: skip
            catalog.mark_staged(connection, again.id, sent.staged_snapshot_id or 0)
        before = events()
        says = rf"the last deliveries of taxpayers: .*\b{again.id}\b.*, found one of .*\b{sent.id}\b"
        with pytest.raises(UsageError, match=says):
            steps.determine.task(RUN, handed_on)
        assert events() == before


def test_a_decision_that_another_one_replaced_is_not_taken_over(course: Course) -> None:
    """Of the same date: a backfill and a night as known then may show it, nothing may promise by it."""
    with hold_run(RUN) as desk:
        own = course.first["determine"]["decision"]
        with desk.database.begin() as connection:
            new = [
                catalog.register_snapshot(
                    connection, kind=kind, business_date=desk.business_date, rows=0, inputs={},
                    fingerprint=catalog.fingerprint(new=1), name=f"snapshots/new-{kind}.parquet",
                )
                for kind in KINDS
            ]  # fmt: skip
        number = next(one.id for one in new if one.kind == "eligibility")
        decide(desk, number)
        try:
            with pytest.raises(
                UsageError, match=f"expected {number}, the one in force, found decision {own}"
            ):
                handed.decision_of(desk, course.first["determine"], is_in_force=True)
            assert handed.decision_of(desk, course.first["determine"], is_in_force=False).id == own
            with pytest.raises(LedgerRefused, match=f"expected decision {number}, found {own}"):
                handed.decision_to_pay(desk)
        finally:
            decide(desk, own)
        assert handed.decision_to_pay(desk) == handed.decision_of(desk, determined(course), is_in_force=True)


def decide(desk: NightContext, number: int) -> None:
    with ledger_event(desk.database, "decided", business_date=desk.business_date) as event:
        put_in_force(event, number)


@pytest.mark.parametrize(
    ("task", "ids", "says"),
    [
        pytest.param("owed", [10**6], "of none", id="owed: none"),
        pytest.param("owed", "1", "a list of ids", id="owed: no list"),
        pytest.param("owed", ["1"], "expected an id", id="owed: a text"),
        pytest.param(
            "owed", "labor", "expected validations of tax, found validation", id="owed: another department's"
        ),
        pytest.param("determine", [10**6], "of none", id="determine: none"),
        pytest.param(
            "determine", "other date", f"validations of {BUSINESS_DATE}", id="determine: another date's"
        ),
        pytest.param("report", "other date", OF_DATE, id="report: another date's"),
        pytest.param("lists", "other date", OF_DATE, id="lists: another date's"),
    ],
)
def test_a_task_takes_no_validations_but_its_own(course: Course, task: str, ids: Any, says: str) -> None:
    if ids == "other date":
        ids = [other_validation()]
    elif ids == "labor":
        ids = course.first["labor.validate"]["validations"]
    calls: dict[str, Callable[[], Any]] = {
        "owed": lambda: steps.list_owed.task(RUN, "tax", {"validations": ids}),
        "determine": lambda: steps.determine.task(RUN, [{"validations": ids}]),
        "report": lambda: steps.report.task(RUN, determined(course, validations=ids), None),
        "lists": lambda: steps.lists.task(RUN, determined(course, validations=ids)),
    }
    before, files = events(), tree(course.home.path / "out")
    with pytest.raises(UsageError, match=says):
        calls[task]()
    assert (events(), tree(course.home.path / "out")) == (before, files)


def other_validation() -> int:
    with open_night(Settings(), date.fromisoformat(OTHER_DATE)) as desk, desk.database.begin() as connection:
        held = connection.scalar(text("SELECT min(quarantine_snapshot_id) FROM validations"))
        return catalog.record_validation(
            connection, business_date=desk.business_date, extract="insured_units", results=[], outcomes=[],
            fingerprint=catalog.fingerprint(other=1), quarantine_snapshot_id=int(held or 0),
        ).id  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/etc/passwd", id="any file"),
        pytest.param("{out}/validation/manifest.json", id="another folder of the night"),
        pytest.param("{out}/comparison/../validation/manifest.json", id="by a detour"),
        pytest.param("{out}/comparison/manifest.9.json", id="no edition"),
        pytest.param(7, id="a number"),
    ],
)
def test_the_report_reads_no_comparison_but_the_dates(course: Course, path: Any) -> None:
    handed_path = path.format(out=course.home.out) if isinstance(path, str) else path
    with pytest.raises(UsageError, match=r"expected a manifest in .*/comparison, found another path"):
        steps.report.task(RUN, determined(course), {"manifest": handed_path})


@pytest.mark.parametrize("task", ["collect", "validate", "determine", "notices", "close", "form", "take"])
def test_a_date_after_today_is_refused_by_the_first_task(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    """Said before anything is opened."""
    monkeypatch.setenv("STABLE_JOBS_HOME", str(settings.home))
    monkeypatch.setattr("stable_jobs.settings.now", lambda: datetime(2020, 5, 11, 23, 59, tzinfo=SHANGHAI))
    calls: dict[str, Callable[[Run], Any]] = {
        "collect": lambda on: steps.collect.task(on, "tax"),
        "validate": lambda on: steps.validate.task(on, "tax"),
        "determine": lambda on: steps.determine.task(on, []),
        "notices": lambda on: steps.notices.task(on, {"decision": 1}),
        "close": disbursement.close_notices.task,
        "form": disbursement.form.task,
        "take": returns_steps.take.task,
    }
    with pytest.raises(UsageError, match=r"2020-05-12 is after today: expected 2020-05-11 \(Asia/Shanghai\)"):
        calls[task](Run("2020-05-12"))
    assert not settings.home.exists()


QUIET = "2020-05-13"


@pytest.mark.parametrize(
    ("at", "waits", "is_refused"),
    [
        pytest.param("2020-05-13T00:00", True, False, id="waits for what may still come"),
        pytest.param("2020-05-13T00:00", False, True, id="does not wait"),
        pytest.param("2020-05-14T12:00", True, True, id="nothing may come any more"),
    ],
)
def test_a_night_for_which_nobody_sent_anything_ends_at_once(
    course: Course, monkeypatch: pytest.MonkeyPatch, at: str, waits: bool, is_refused: bool
) -> None:
    monkeypatch.setattr(
        "stable_jobs.settings.now", lambda: datetime.fromisoformat(at).replace(tzinfo=SHANGHAI)
    )
    says = f"no department delivered anything for {QUIET} .the newest night is {BUSINESS_DATE}"
    with ExitStack() as stack:
        if is_refused:
            stack.enter_context(pytest.raises(UsageError, match=says))
        assert steps.collect.task(Run(QUIET), "economy", waits=waits)["deliveries"] == 0


def test_nothing_is_decided_for_a_date_for_which_nobody_sent_anything(course: Course) -> None:
    before = events()
    with pytest.raises(UsageError, match=f"no department delivered anything for {QUIET}"):
        steps.determine.task(Run(QUIET), [])
    assert events() == before


def test_a_landing_folder_that_is_gone_breaks_the_step(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STABLE_JOBS_LANDING", "/nowhere")
    with pytest.raises(StepError, match="there is no landing folder /nowhere"):
        steps.collect.task(RUN, "tax")
