"""Whatever answer Airflow took reaches the ledger: no try fails on a reason in silence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.dags.conftest import DAGS, in_airflow

pytestmark = pytest.mark.xdist_group("dags")

ASKED = ["610100-20200519-L1-1", "abc"]
ANSWER = """
import json, sys
from datetime import UTC, datetime
from types import SimpleNamespace
sys.path.insert(0, sys.argv[1])
import stable_jobs_approval as module
given = json.loads(sys.argv[2])
from stable_jobs.disbursement import steps
from stable_jobs.errors import LedgerRefused
from stable_jobs.words import Words
recorded = []
asked = {"subject": "?", "body": "?", "people": ["first"]}
def recorder(step):
    def task(run, *values):
        recorded.append((step, *values))
        if given["is_refused"] and step == "answer":
            raise LedgerRefused(Words.as_written("not this person"))
        return asked
    return SimpleNamespace(task=task)
steps.request, steps.answer = recorder("request"), recorder("answer")
def park(task, context):
    raise module.TaskAwaitingInput(method_name="execute_complete")
module.ApprovalOperator.execute = park
def rendered(batch_no, batch_hash):
    return module.BatchApproval(task_id="first", level=1, batch_no=batch_no, batch_hash=batch_hash)
started = datetime.now(UTC)
dag_run = SimpleNamespace(start_date=started, partition_key="2020-05-19", run_type="asset_triggered")
context = {"dag_run": dag_run}
try:
    rendered("610100-20200519-L1-1", "abc").execute(context)
except module.TaskAwaitingInput as waits:
    kept = json.loads(json.dumps(waits.kwargs))
recorded.clear()
task = rendered(*given["rendered"])
event = {
    "chosen_options": [given["answer"]],
    "params_input": given["form"],
    "responded_at": datetime(2020, 5, 19, tzinfo=UTC),
    "responded_by_user": {"id": "first", "name": "first"},
    "timedout": False,
}
try:
    task.resume_execution("execute_complete", {**kept, "event": event}, context)
except module.TaskAwaitingInput as waits:
    recorded.append(("parked", waits.method_name, *waits.kwargs["asked"]))
print(json.dumps(recorded))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("airflow")


@pytest.mark.parametrize(
    ("answer", "form", "reason"),
    [
        pytest.param("Approve", {"reason": "fine"}, "fine", id="as the form sends it"),
        pytest.param("Reject", {"reason": "x" * 600}, "x" * 600, id="longer than the form takes"),
        pytest.param("Approve", {}, "", id="no field"),
        pytest.param("Approve", None, "", id="no form"),
        pytest.param("Approve", {"reason": None}, "", id="nothing"),
        pytest.param("Reject", {"reason": 5}, 5, id="a number"),
        pytest.param("Approve", {"reason": "a", "other": "b"}, "a", id="a field that was not asked for"),
    ],
)
def test_every_answer_is_handed_on(home: Path, answer: str, form: Any, reason: Any) -> None:
    batch = [*ASKED, 1, "first", answer == "Approve"]
    assert answered(home, answer=answer, form=form, rendered=ASKED) == [["answer", *batch, reason]]


def test_an_answer_counts_for_the_batch_that_was_asked_about(home: Path) -> None:
    """Somebody edits what `form` handed on while the question waits: another batch is rendered then."""
    other = ["610100-20200519-L1-2", "def"]
    told = answered(home, answer="Approve", form={"reason": "fine"}, rendered=other)
    assert told == [["answer", *ASKED, 1, "first", True, "fine"]]


def test_an_answer_that_the_ledger_refuses_is_asked_for_again_in_the_same_try(home: Path) -> None:
    told = answered(home, answer="Approve", form={"reason": ""}, rendered=ASKED, is_refused=True)
    batch = [*ASKED, 1, "first", True, ""]
    assert told == [["answer", *batch], ["request", ASKED[0], 1], ["parked", "execute_complete", *ASKED]]


def answered(home: Path, is_refused: bool = False, **given: Any) -> Any:
    """What is recorded when the first batch was asked about and the task is resumed as `rendered`."""
    return in_airflow(ANSWER, str(DAGS), json.dumps({**given, "is_refused": is_refused}), home=home)
