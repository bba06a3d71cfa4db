"""The DAG that pays, as Airflow sees it: shape, who may start it, and what it asks people."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dags.conftest import read_dag
from tests.dags.test_nightly_eligibility import SECONDS_TO_READ

pytestmark = pytest.mark.xdist_group("dags")

STEPS = ("close", "form", "publish_unreviewed", "list_waiting", "list_left")
ASKED = ("review.first_approval", "review.second_approval")
REVIEW = (*ASKED, "review.publish")


def test_every_task_is_there_and_no_other(disbursement: dict[str, Any]) -> None:
    assert sorted(disbursement["tasks"]) == sorted([*STEPS, *REVIEW, "finish"])


def test_reading_it_is_quick_and_loads_no_engine(disbursement: dict[str, Any]) -> None:
    assert disbursement["seconds"] <= SECONDS_TO_READ
    assert {"great_expectations", "pandas", "duckdb", "ibis", "pyarrow"} & set(
        disbursement["loaded"]
    ) == set()


def test_it_says_the_same_every_time(disbursement: dict[str, Any], tmp_path: Any) -> None:
    assert read_dag(tmp_path, "disbursement")["hash"] == disbursement["hash"]


@pytest.mark.parametrize(
    ("task", "upstream"),
    [
        ("close", []),
        ("form", ["close"]),
        ("publish_unreviewed", ["form"]),
        ("list_waiting", ["publish_unreviewed"]),
        ("review.first_approval", ["form"]),
        ("review.second_approval", ["form", "review.first_approval"]),
        ("review.publish", ["form", "review.second_approval"]),
        ("list_left", ["list_waiting", "review.publish"]),
        ("finish", [*STEPS, "review.publish"]),
    ],
)
def test_what_comes_before(disbursement: dict[str, Any], task: str, upstream: list[str]) -> None:
    assert disbursement["tasks"][task]["upstream"] == sorted(upstream)


def test_what_runs_whatever_happened(disbursement: dict[str, Any]) -> None:
    """Publishing asks the ledger, not the tasks before it."""
    assert disbursement["leaves"] == ["finish"]
    rules = {name: task["trigger_rule"] for name, task in disbursement["tasks"].items()}
    assert {name for name, rule in rules.items() if rule == "all_done"} == {
        "list_waiting",
        "review.publish",
        "list_left",
    }
    assert rules.pop("finish") == "none_failed", "red where a step before it failed"
    assert set(rules.values()) == {"all_success", "all_done"}


def test_only_a_night_starts_it(disbursement: dict[str, Any]) -> None:
    assert disbursement["run_types"] == ["asset_triggered"]
    timetable = disbursement["timetable"]
    assert timetable["__type"].endswith("PartitionedAssetTimetable")
    assert timetable["__var"]["asset_condition"]["name"] == "eligibility_ready"
    assert timetable["__var"]["default_partition_mapper"]["__type"].endswith("IdentityMapper")


def test_waiting_runs_block_none(disbursement: dict[str, Any]) -> None:
    assert disbursement["max_active_runs"] >= 16
    assert disbursement["timeout"] > 20 * 3600
    assert {disbursement["tasks"][name]["pool"] for name in ASKED} == {"default_pool"}


@pytest.mark.parametrize("name", REVIEW)
def test_a_batch_is_a_member_of_the_group(disbursement: dict[str, Any], name: str) -> None:
    assert disbursement["tasks"][name]["mapped_in"] == "review"


@pytest.mark.parametrize("name", STEPS)
def test_no_other_task_is_mapped(disbursement: dict[str, Any], name: str) -> None:
    task = disbursement["tasks"][name]
    assert (task["mapped_in"], task["pool"], task["timeout"]) == (None, "engine", 7200)


@pytest.mark.parametrize(("name", "level"), list(zip(ASKED, (1, 2), strict=True)))
def test_a_question_is_of_a_level_and_renders_nothing_foreign(
    disbursement: dict[str, Any], name: str, level: int
) -> None:
    """Subject and body hold names that others wrote: they are never templates."""
    task = disbursement["tasks"][name]
    assert task["level"] == level
    assert task["templates"] == ["batch_hash", "batch_no"]
    assert (task["retries"], task["timeout"]) == (2, None)


def test_the_dag_itself(disbursement: dict[str, Any]) -> None:
    assert disbursement["id"] == "disbursement"
    assert disbursement["tags"] == sorted(["stable-jobs", "稳岗返还", "disbursement"])
    assert (disbursement["params"], disbursement["catchup"]) == ([], False)
    assert "资金拨付" in disbursement["doc"]
    for task in disbursement["tasks"].values():
        assert task["owner"] == "stable-jobs"
        assert any("一" <= letter <= "鿿" for letter in task["display"])
        assert task["doc"]
