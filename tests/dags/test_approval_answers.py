"""Whatever answer Airflow took reaches the ledger: no try fails on a reason in silence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DAGS = Path(__file__).parents[2] / "dags"
ANSWER = """
import json, sys
from datetime import UTC, datetime
sys.path.insert(0, sys.argv[1])
import stable_jobs_approval as module
given = json.loads(sys.argv[2])
recorded = []
module.disbursing = lambda step, context, *values: recorded.append((step, *values))
task = module.BatchApproval(task_id="first", level=1, batch_no="610100-20200519-L1-1", batch_hash="abc")
event = {
    "chosen_options": [given["answer"]],
    "params_input": given["form"],
    "responded_at": datetime(2020, 5, 19, tzinfo=UTC),
    "responded_by_user": {"id": "first", "name": "first"},
    "timedout": False,
}
task.execute_complete({}, event)
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
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("STABLE_JOBS_", "AIRFLOW"))}
    done = subprocess.run(
        [sys.executable, "-c", ANSWER, str(DAGS), json.dumps({"answer": answer, "form": form})],
        env={**kept, "AIRFLOW_HOME": str(home)},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    batch = ["610100-20200519-L1-1", "abc", 1, "first", answer == "Approve"]
    assert json.loads(done.stdout.splitlines()[-1]) == [["answer", *batch, reason]]
