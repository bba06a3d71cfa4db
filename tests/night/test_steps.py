"""The night as a scheduler runs it, task by task over a small landing, against the command line's night."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from stable_jobs.contracts.model import DEPARTMENTS
from stable_jobs.errors import StepsMissing, UsageError
from stable_jobs.night import steps
from stable_jobs.night.context import open_night
from stable_jobs.night.owed import Owed
from stable_jobs.night.step import Run, hold_run
from stable_jobs.settings import SHANGHAI, Settings
from stable_jobs.words import Words
from tests.e2e.home import BUSINESS_DATE, Home, ages, tree
from tests.e2e.published import decided, delivered, digit_runs, read_csv, regions
from tests.night.bureau import WholeNight
from tests.night.small_night import FirstNight, Places, Results, handed_on, logged, run_tasks

pytestmark = pytest.mark.xdist_group("tasks")

BROKEN = "220500"
RUN = Run(BUSINESS_DATE)


@dataclass(frozen=True)
class Course:
    """What every task returned at first and when all were run again, and what was published then.

    `alone`: what a report without a comparison returned in the end; `left`: what was published after it.
    """

    home: Home
    key: dict[str, Any]
    first: Results
    published: dict[str, str]
    again: Results
    unchanged: bool
    alone: Results
    left: dict[str, str]
    logged: str


@pytest.fixture(scope="module")
def places(made: FirstNight) -> Places:
    return made.places


@pytest.fixture(scope="module")
def reference(whole_night: WholeNight) -> dict[str, str]:
    """What the night of the command line leaves under `out/`."""
    return whole_night.published


@pytest.fixture(scope="module")
def course(made: FirstNight, reference: dict[str, str]) -> Iterator[Course]:
    """Its home and database live on for the tests."""
    key = json.loads((made.places.landing.parent / "expected.json").read_text(encoding="utf-8"))
    with ExitStack() as stack:
        home = stack.enter_context(made.home())
        lines = stack.enter_context(logged())
        first = made.results(home)
        published, written = tree(home.path / "out"), ages(home.path / "out")
        again = run_tasks()
        same = (tree(home.path / "out"), ages(home.path / "out")) == (published, written)
        alone = handed_on(steps.report.task(RUN, first["determine"], None))
        left = tree(home.path / "out")
        yield Course(home, key, first, published, again, same, alone, left, "\n".join((*made.logged, *lines)))


def test_the_same_files_as_the_night_of_the_command_line(course: Course, reference: dict[str, str]) -> None:
    assert {name.split("/")[1] for name in reference} > {"validation", "comparison", BROKEN, "610100"}
    assert course.published == reference


def test_run_again_all_is_found_and_nothing_written(course: Course) -> None:
    assert course.unchanged
    listed = course.first["lists"]
    assert listed["changed"] == listed["regions"]
    now = {**course.first, "lists": {**listed, "changed": 0}}
    assert decided_in(course.again) == decided_in(now)


def decided_in(results: Results) -> Results:
    """Without `refused`: at the second run it counts those too that were refused when they were staged."""
    return {
        name: {k: v for k, v in found.items() if k != "refused"} if name.endswith(".collect") else found
        for name, found in results.items()
    }


def test_refused_deliveries_are_counted_once_all_are_read(course: Course) -> None:
    refused = Counter(entry["department"] for entry in course.key["refused"])
    assert {d: course.again[f"{d}.collect"]["refused"] for d in DEPARTMENTS} == refused


def test_counts_and_yuan_are_those_of_the_lists(course: Course) -> None:
    for department in DEPARTMENTS:
        rows = course.first[f"{department}.validate"]
        assert rows["received"] == rows["accepted"] + rows["quarantined"] > 0
    rows = [row for folder in decided(course.home.out) for row in read_csv(folder / "eligibility.csv")]
    taken = [Decimal(row["payable"] or 0) for row in rows if row["is_taken"] == "true"]
    determined, listed = course.first["determine"], course.first["lists"]
    assert (determined["rows"], determined["enterprises"]) == (len(rows), len(taken))
    assert Decimal(determined["payable"]) == Decimal(listed["payable"]) == sum(taken) > 0
    assert listed["listed"] == sum(yuan > 0 for yuan in taken)
    assert determined["held_regions"] == listed["held"] == len(course.key["held_regions"]) == 1
    assert listed["regions"] == len(regions(course.home.out))


def test_validations_of_all_departments_and_of_units_are_handed_on(course: Course) -> None:
    mine = [n for d in DEPARTMENTS for n in course.first[f"{d}.validate"]["validations"]]
    ids = course.first["determine"]["validations"]
    assert ids[: len(mine)] == mine
    assert len(set(ids)) == len(ids) > len(mine)


def test_refused_deliveries_are_counted_and_owed(course: Course) -> None:
    for department in DEPARTMENTS:
        expected = sorted(
            (r["extract"], r["region"]) for r in course.key["refused"] if r["department"] == department
        )
        owed = [line for line in course.first[f"{department}.owed"] if "[refused]" in line]
        assert [tuple(line.split(" ")[:2]) for line in owed] == expected
        assert expected


def test_people_hear_what_each_department_owes(course: Course) -> None:
    told = [
        line for line in course.logged.splitlines() if line.startswith(f"deliveries_owed {BUSINESS_DATE}")
    ]
    for department in DEPARTMENTS:
        owed = course.first[f"{department}.owed"]
        (line,) = {line for line in told if f" {department} owes {len(owed)} deliveries | " in line}
        assert [one for one in owed if one.partition(";")[0] not in line] == []


@pytest.mark.parametrize(
    "run",
    [
        pytest.param(Run(BUSINESS_DATE, is_backfill=True), id="a backfill"),
        pytest.param(Run(BUSINESS_DATE, "2020-05-11T20:00:00"), id="as known then"),
    ],
)
def test_a_night_that_binds_nobody_tells_no_department(course: Course, run: Run) -> None:
    with logged() as lines:
        assert steps.list_owed.task(run, "tax", course.first["tax.validate"])
    assert [line for line in lines if line.startswith("deliveries_owed")] == []


def test_a_past_date_awaits_nothing(course: Course) -> None:
    assert {course.first[f"{department}.collect"]["awaited"] for department in DEPARTMENTS} == {0}


def test_paths_lead_to_what_was_published(course: Course) -> None:
    out = course.home.out
    assert course.first["report"] == {"path": str(out / "validation" / "index.html")}
    assert course.first["compare"] == {"manifest": str(out / "comparison" / "manifest.json")}
    assert Path(course.first["report"]["path"]).is_file()


def test_notices_are_told_as_they_stand_on_the_lists(course: Course) -> None:
    manifests = [
        json.loads(path.read_text()) for path in sorted(course.home.out.glob("*/notice-*/manifest.json"))
    ]
    announced = course.first["notices"]
    assert announced["opened"] == len(manifests) > 0
    assert announced["units"] == sum(one["count"] for one in manifests)
    assert Decimal(announced["payable"]) == sum(Decimal(one["total"]) for one in manifests) > 0
    assert (announced["taken"], announced["older"]) == (course.first["lists"]["regions"], 0)


def test_a_night_as_known_then_opens_no_notice(course: Course) -> None:
    events = "SELECT count(*) FROM audit_events"
    with (
        open_night(Settings(), date.fromisoformat(BUSINESS_DATE)) as desk,
        desk.database.connect() as connection,
    ):
        before = connection.scalar(text(events))
        found = steps.notices.task(
            Run(BUSINESS_DATE, known_at="2020-05-11T20:00:00"), course.first["determine"]
        )
        assert connection.scalar(text(events)) == before
    assert found == {"opened": 0, "units": 0, "payable": "0.00", "taken": 0, "older": 0}


@pytest.mark.parametrize(
    ("day", "promised"),
    [
        pytest.param("2020-05-11", ["360100 南昌市 Nanchang"], id="Nanchang's year"),
        pytest.param("2019-05-11", [], id="no policy"),
    ],
)
def test_who_promised_the_same_day_is_told_of(
    settings_with_database: Settings, monkeypatch: pytest.MonkeyPatch, day: str, promised: list[str]
) -> None:
    monkeypatch.setattr("stable_jobs.night.step.read_settings", lambda: settings_with_database)
    with logged() as lines:
        assert steps.list_late.task(Run(day)) == promised
    told = [line for line in lines if line.startswith("deadline_missed")]
    assert [all(name in line for name in promised) for line in told] == [True] * len(promised)


def test_no_account_and_no_name_leaves_the_stores(course: Course, places: Places) -> None:
    said = json.dumps([course.first, course.again], ensure_ascii=False) + course.logged
    accounts, names = sensitive(places.landing)
    assert not digit_runs(said) & accounts
    assert not [name for name in names if name in said]
    assert "decided:" in course.logged


def sensitive(landing: Path) -> tuple[set[str], set[str]]:
    """Every account number, and every name of an account or a unit, that a department sent."""
    payees, taxpayers = delivered(landing, "payee_accounts"), delivered(landing, "taxpayers")
    numbers = [row.get("账号") for row in payees] + [row.get("缴费账号") for row in taxpayers]
    accounts = {re.sub(r"\D", "", unicodedata.normalize("NFKC", str(text))) for text in numbers if text}
    names = {str(row.get("户名")) for row in payees} | {
        str(row.get("单位名称")) for row in delivered(landing, "insured_units")
    }
    accounts, names = {a for a in accounts if len(a) >= 10}, {n for n in names if len(n) >= 4}
    assert min(len(accounts), len(names)) > 100
    return accounts, names


def test_a_task_holds_the_business_date(course: Course) -> None:
    day = date.fromisoformat(BUSINESS_DATE).toordinal()
    held = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :day AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with hold_run(Run(BUSINESS_DATE)) as desk, desk.database.connect() as connection:
        assert connection.scalar(held, {"day": day}) == 1


@pytest.mark.parametrize(
    ("lines", "shown", "last"),
    [
        pytest.param(60, 60, "taxpayers 610100", id="as many as a log gets"),
        pytest.param(61, 61, "and 1 more, see the report", id="one more"),
        pytest.param(0, 0, None, id="nothing"),
    ],
)
def test_a_log_gets_so_many_lines(
    course: Course, monkeypatch: pytest.MonkeyPatch, lines: int, shown: int, last: str | None
) -> None:
    words = Words("缺", "missing")
    owed = [Owed("taxpayers", "610100", words, "missing", words, words)] * lines
    monkeypatch.setattr("stable_jobs.night.owed.owed_by", lambda *_: owed)
    found = steps.list_owed.task(RUN, "tax", {"validations": []})
    assert len(found) == shown
    assert last is None or found[-1].startswith(last)


def test_a_step_that_broke_is_named_beside_the_report(course: Course) -> None:
    with pytest.raises(StepsMissing, match=r"index\.2\.html, but .* did not succeed: tax\.validate, lists$"):
        steps.report.task(RUN, course.first["determine"], None, ["tax.validate", "lists"])


def test_without_a_decision_the_broken_steps_are_named(course: Course) -> None:
    with pytest.raises(StepsMissing, match=r"no decision .* labor\.collect, determine$"):
        steps.report.task(RUN, None, None, ["labor.collect", "determine"])


@pytest.mark.parametrize("kind", ["unit_facts", "none"])
def test_an_id_of_no_decision_publishes_nothing(course: Course, kind: str) -> None:
    number = course.first["determine"]["decision"] + {"unit_facts": -1, "none": 1000}[kind]
    with pytest.raises(UsageError, match=f"`decision` {number}: expected the id of a decision"):
        steps.lists.task(RUN, {**course.first["determine"], "decision": number})
    assert tree(course.home.path / "out") == course.left


def test_without_a_comparison_the_report_is_published(course: Course) -> None:
    """It is another edition; the one with the comparison stays beside it."""
    path = Path(course.alone["path"])
    assert path.is_file()
    assert path.name == "index.2.html"
    assert course.published.items() < course.left.items()


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        pytest.param(None, None, id="now"),
        pytest.param("2020-05-11T20:00:00", datetime(2020, 5, 11, 20, tzinfo=SHANGHAI), id="no offset"),
        pytest.param("2020-05-11T12:00:00Z", datetime(2020, 5, 11, 20, tzinfo=SHANGHAI), id="UTC"),
    ],
)
def test_known_at(course: Course, given: str | None, moment: datetime | None) -> None:
    with hold_run(Run(BUSINESS_DATE, given)) as desk:
        assert desk.known_at == moment


def test_as_known_before_anything_came_all_is_missing(course: Course) -> None:
    validated = course.first["economy.validate"]
    found = steps.list_owed.task(Run(BUSINESS_DATE, "2020-05-11T00:00:00"), "economy", validated)
    assert len(found) == course.first["lists"]["regions"]
    assert [line for line in found if "[missing]" not in line] == []


@pytest.mark.parametrize("key", [None, "", "2020-13-01", "nightly", "2020-05-11T00:00:00+08:00"])
@pytest.mark.parametrize(
    "task",
    [
        pytest.param(lambda run: steps.collect.task(run, "tax"), id="collect"),
        pytest.param(lambda run: steps.validate.task(run, "tax"), id="validate"),
        pytest.param(lambda run: steps.list_owed.task(run, "tax", {"validations": []}), id="owed"),
        pytest.param(lambda run: steps.determine.task(run, []), id="determine"),
        pytest.param(lambda run: steps.compare.task(run, {"decision": 1}), id="compare"),
        pytest.param(lambda run: steps.lists.task(run, {"decision": 1, "validations": []}), id="lists"),
        pytest.param(lambda run: steps.notices.task(run, {"decision": 1}), id="notices"),
        pytest.param(lambda run: steps.list_late.task(run), id="late"),
        pytest.param(
            lambda run: steps.report.task(run, {"decision": 1, "validations": []}, None), id="report"
        ),
    ],
)
def test_a_run_without_a_business_date_is_wrong_usage(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, task: Any, key: str | None
) -> None:
    """Said before anything is opened."""
    monkeypatch.setenv("STABLE_JOBS_HOME", str(settings.home))
    with pytest.raises(UsageError, match=f"partition key is {re.escape(repr(key))}; .* 2020-05-11"):
        task(Run(key))
    assert not settings.home.exists()
