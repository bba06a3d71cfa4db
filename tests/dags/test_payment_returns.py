"""The DAG that takes the bank's answers, as Airflow sees it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dags.conftest import read_dag
from tests.dags.test_nightly_eligibility import SECONDS_TO_READ

pytestmark = pytest.mark.xdist_group("dags")


def test_it_waits_without_a_worker_then_publishes_and_tells(returns: dict[str, Any]) -> None:
    found = {
        name: (task["upstream"], task["mode"], task["pool"], task["trigger_rule"])
        for name, task in returns["tasks"].items()
    }
    assert found == {
        "take": ([], "reschedule", "default_pool", "all_success"),
        "lists": (["take"], None, "engine", "all_success"),
        "unanswered": (["take"], None, "default_pool", "all_success"),
    }


def test_a_broken_list_hides_no_missing_answer(returns: dict[str, Any]) -> None:
    assert sorted(returns["leaves"]) == ["lists", "unanswered"]


def test_reading_it_is_quick_and_loads_no_engine(returns: dict[str, Any]) -> None:
    assert returns["seconds"] <= SECONDS_TO_READ
    assert {"great_expectations", "pandas", "duckdb", "ibis", "pyarrow"} & set(returns["loaded"]) == set()


def test_it_says_the_same_every_time(returns: dict[str, Any], tmp_path: Any) -> None:
    assert read_dag(tmp_path, "payment_returns")["hash"] == returns["hash"]


def test_every_day_or_by_hand_and_never_backfilled(returns: dict[str, Any], nightly: dict[str, Any]) -> None:
    assert returns["run_types"] == ["manual", "scheduled"]
    assert (returns["timetable"], returns["start"]) == (nightly["timetable"], nightly["start"])
    assert (returns["catchup"], returns["params"]) == (False, ["wait"])


@pytest.mark.parametrize(
    ("first_night", "start"),
    [pytest.param("2026-12-01", "2026-11-30T16:00:00+00:00", id="the nightly's setting")],
)
def test_it_begins_with_the_nights(tmp_path: Any, first_night: str, start: str) -> None:
    found = read_dag(tmp_path, "payment_returns", STABLE_JOBS_FIRST_NIGHT=first_night)
    assert found["start"] == start


def test_the_dag_itself(returns: dict[str, Any]) -> None:
    assert returns["id"] == "payment_returns"
    assert returns["tags"] == sorted(["stable-jobs", "稳岗返还", "returns"])
    assert "银行回执" in returns["doc"]
    for task in returns["tasks"].values():
        assert (task["owner"], task["retries"]) == ("stable-jobs", 2)
        assert any("一" <= letter <= "鿿" for letter in task["display"])
        assert task["doc"]
