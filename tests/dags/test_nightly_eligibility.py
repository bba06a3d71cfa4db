"""The DAG as Airflow sees it: shape, names, limits, and what reading it must not do."""

from __future__ import annotations

from typing import Any

import pytest

from stable_jobs.contracts.model import DEPARTMENTS
from tests.conventions.test_tree import CLOCK
from tests.dags.conftest import DAGS, read_dag

pytestmark = pytest.mark.xdist_group("dags")

STEPS = ("collect", "validate", "owed")
LATER = ("determine", "compare", "lists", "notices", "ready", "report")
GROUPED = [f"{department}.{step}" for department in DEPARTMENTS for step in STEPS]
HEAVY = ("validate", "determine", "compare", "lists", "notices", "report")
SECONDS_TO_READ = 1.0


def test_every_task_is_there_and_no_other(nightly: dict[str, Any]) -> None:
    assert sorted(nightly["tasks"]) == sorted([*GROUPED, *LATER])


def test_reading_it_is_quick_and_loads_no_engine(nightly: dict[str, Any]) -> None:
    assert nightly["seconds"] <= SECONDS_TO_READ
    assert {"great_expectations", "pandas", "duckdb", "ibis", "pyarrow"} & set(nightly["loaded"]) == set()


def test_it_says_the_same_every_time(nightly: dict[str, Any], tmp_path: Any) -> None:
    """Anything that changes from one reading to the next would make a new version of the DAG each time."""
    again = read_dag(tmp_path)
    assert again["hash"] == nightly["hash"]


@pytest.mark.parametrize(
    ("task", "upstream"),
    [
        *[(f"{d}.collect", []) for d in DEPARTMENTS],
        *[(f"{d}.validate", [f"{d}.collect"]) for d in DEPARTMENTS],
        *[(f"{d}.owed", [f"{d}.validate"]) for d in DEPARTMENTS],
        ("determine", sorted(f"{d}.validate" for d in DEPARTMENTS)),
        ("compare", ["determine"]),
        ("lists", ["determine"]),
        ("notices", ["determine", "lists"]),
        ("ready", ["notices"]),
        ("report", sorted([*GROUPED, "compare", "determine", "lists", "notices"])),
    ],
)
def test_what_comes_before(nightly: dict[str, Any], task: str, upstream: list[str]) -> None:
    assert nightly["tasks"][task]["upstream"] == upstream


def test_the_report_runs_whatever_happened_and_is_a_leaf(nightly: dict[str, Any]) -> None:
    assert sorted(nightly["leaves"]) == ["ready", "report"]
    rules = {name: task["trigger_rule"] for name, task in nightly["tasks"].items()}
    assert {name: rule for name, rule in rules.items() if rule != "all_success"} == {"report": "all_done"}


@pytest.mark.parametrize("name", [*GROUPED, *LATER])
def test_a_task_has_an_owner_names_and_limits(nightly: dict[str, Any], name: str) -> None:
    task = nightly["tasks"][name]
    is_heavy = name.rpartition(".")[2] in HEAVY
    assert task["owner"] == "stable-jobs"
    assert task["retries"] == 2
    assert task["not_retried"] == ["ContractError", "PolicyError", "StepsMissing", "UsageError"]
    assert task["pool"] == ("engine" if is_heavy else "default_pool")
    assert task["timeout"] == (7200 if is_heavy else None)
    assert any("一" <= letter <= "鿿" for letter in task["display"])
    assert task["doc"]


@pytest.mark.parametrize("department", DEPARTMENTS)
def test_it_waits_without_a_worker(nightly: dict[str, Any], department: str) -> None:
    assert nightly["tasks"][f"{department}.collect"]["mode"] == "reschedule"


def test_lineage(nightly: dict[str, Any]) -> None:
    outlets = {name: task["outlets"] for name, task in nightly["tasks"].items() if task["outlets"]}
    assert outlets == {
        **{f"{department}.validate": [f"{department}_deliveries"] for department in DEPARTMENTS},
        "determine": ["eligibility"],
        "ready": ["eligibility_ready"],
    }


def test_the_dag_itself(nightly: dict[str, Any]) -> None:
    dag = nightly
    assert dag["id"] == "nightly_eligibility"
    assert dag["timetable"]["__type"].endswith("CronPartitionTimetable")
    assert dag["tags"] == sorted(["stable-jobs", "稳岗返还", "nightly"])
    assert dag["params"] == ["known_at", "wait"]
    assert (dag["max_active_runs"], dag["timeout"], dag["catchup"]) == (3, 28 * 3600, False)
    assert dag["run_types"] == []
    assert "业务日期" in dag["doc"]
    timetable = nightly["timetable"]["__var"]
    assert (timetable["expression"], timetable["timezone"], timetable["key_format"]) == (
        "0 0 * * *",
        "Asia/Shanghai",
        "%Y-%m-%d",
    )


def test_a_day_after_its_start_a_promise_of_the_same_day_is_broken(nightly: dict[str, Any]) -> None:
    """The callback is named as the executor's process can import it."""
    [[reference, seconds, path]] = nightly["deadlines"]
    assert (reference, seconds) == ("DagRunQueuedAtDeadline", 24 * 3600)
    assert path == "stable_jobs_handover.tell_late"


@pytest.mark.parametrize(
    ("first_night", "start"),
    [
        pytest.param(None, "2999-01-01T00:00:00+00:00", id="unset: nothing is scheduled"),
        pytest.param("2026-12-01", "2026-11-30T16:00:00+00:00", id="midnight in Shanghai"),
    ],
)
def test_the_first_night_is_a_setting(tmp_path: Any, first_night: str | None, start: str) -> None:
    environment = {} if first_night is None else {"STABLE_JOBS_FIRST_NIGHT": first_night}
    assert read_dag(tmp_path, **environment)["start"] == start


@pytest.mark.parametrize("path", sorted(DAGS.glob("*.py")), ids=lambda path: path.name)
def test_a_dag_file_is_wiring(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert CLOCK.search(text) is None
