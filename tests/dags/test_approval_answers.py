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
recorded = []
asked = {"subject": "?", "body": "?", "people": ["first"]}
def disbursing(step, context, *values):
    recorded.append((step, *values))
    return asked
module.disbursing = disbursing
def park(task, context):
    raise module.TaskAwaitingInput(method_name="execute_complete")
module.ApprovalOperator.execute = park
def rendered(batch_no, batch_hash):
    return module.BatchApproval(task_id="first", level=1, batch_no=batch_no, batch_hash=batch_hash)
started = SimpleNamespace(start_date=datetime(2020, 5, 19, tzinfo=UTC))
try:
    rendered("610100-20200519-L1-1", "abc").execute({"ti": started, "dag_run": started})
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
task.resume_execution("execute_complete", {**kept, "event": event}, {})
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


def answered(home: Path, **given: Any) -> Any:
    """What is recorded when the first batch was asked about and the task is resumed as `rendered`."""
    return in_airflow(ANSWER, str(DAGS), json.dumps(given), home=home)
