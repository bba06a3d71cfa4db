"""What the pages ask of Airflow's own routes, and what they make of the answers; the routes are stand-ins."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.plugins.test_stable_jobs_plugin import in_airflow

BATCH = "610100-20200519-L1-1"
ASK = """
import asyncio, json
import httpx
import stable_jobs_server as here
from stable_jobs.review.access import NotAnswered, Question

async def asked(one):
    sent = []
    async def ask(request, method, path, **more):
        sent.append([method, path, more])
        return httpx.Response(one["status"], **{one["kind"]: one["body"]})
    here._ask = ask
    server = here.AirflowServer()
    try:
        if one["answer"] is None:
            found = await server.question(None, one["batch_no"])
            return sent, found and vars(found)
        question = Question("b", 1, "/page", "/path")
        await server.answer(None, question, is_approved=one["answer"], reason="why")
        return sent, "taken"
    except NotAnswered as error:
        return sent, f"NotAnswered: {error}"

for one in json.loads(input()):
    print("FOUND", json.dumps(asyncio.run(asked(one))))
"""


def case(status: int, body: Any, answer: bool | None = None, kind: str = "json") -> dict[str, Any]:
    return {"status": status, "body": body, "kind": kind, "answer": answer, "batch_no": BATCH}


def waiting(*tasks: tuple[str, int, str]) -> dict[str, Any]:
    """What Airflow lists: task, place and batch of each, the newest first."""
    return {
        "hitl_details": [
            {
                "subject": f"西安市 · {batch_no} · level",
                "task_instance": {
                    "dag_run_id": "asset_triggered__2020-05-19T00:00:00+00:00_x",
                    "task_id": f"review.{task}_approval",
                    "map_index": place,
                    "rendered_map_index": str(place),
                    "rendered_fields": {"batch_no": batch_no},
                },
            }
            for task, place, batch_no in tasks
        ]
    }


RUN = "asset_triggered__2020-05-19T00%3A00%3A00%2B00%3A00_x"
TASK = f"/airflow/dags/disbursement/runs/{RUN}/tasks/review.second_approval/mapped/3/required_actions"
PATH = f"/airflow/api/v2/dags/disbursement/dagRuns/{RUN}/taskInstances/review.second_approval/3/hitlDetails"
SECOND = {"batch_no": BATCH, "level": 2, "url": TASK, "path": PATH}
CASES = [
    pytest.param(case(200, waiting(("second", 3, BATCH))), SECOND, id="asked"),
    pytest.param(
        case(200, waiting(("first", 9, f"{BATCH}0"), ("second", 3, BATCH))), SECOND, id="begins alike"
    ),
    pytest.param(
        case(200, waiting(("second", 3, BATCH), ("first", 1, BATCH))), SECOND, id="two runs, the newer"
    ),
    pytest.param(case(200, waiting(("first", 9, f"{BATCH}0"))), None, id="only another that begins alike"),
    pytest.param(case(200, waiting()), None, id="nothing is asked"),
    pytest.param(case(403, {"detail": "Forbidden"}), None, id="may not see questions"),
    pytest.param(
        case(500, "<html>", kind="text"), "NotAnswered: Airflow: 500 Internal Server Error", id="broken"
    ),
    pytest.param(case(200, {}, answer=True), "taken", id="approved"),
    pytest.param(case(200, {}, answer=False), "taken", id="refused"),
    pytest.param(
        case(403, {"detail": "not a respondent"}, answer=True),
        "NotAnswered: Airflow: 403 not a respondent",
        id="not asked",
    ),
    pytest.param(
        case(409, {"detail": "already updated"}, answer=True),
        "NotAnswered: Airflow: 409 already updated",
        id="somebody was faster",
    ),
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What was sent and what came of it, of each case."""
    asked = json.dumps([one.values[0] for one in CASES])
    base = "https://bureau.example/airflow"
    done = in_airflow(tmp_path_factory.mktemp("airflow"), ASK, asked, AIRFLOW__API__BASE_URL=base)
    assert done.returncode == 0, done.stderr
    return [json.loads(line[6:]) for line in done.stdout.splitlines() if line.startswith("FOUND ")]


@pytest.mark.parametrize(
    ("place", "expected"), [pytest.param(n, one.values[1], id=one.id) for n, one in enumerate(CASES)]
)
def test_what_comes_of_it(found: list[Any], place: int, expected: Any) -> None:
    assert found[place][1] == expected


def test_what_is_sent(found: list[Any]) -> None:
    asked, approved, refused = (found[place][0][0] for place in (0, 7, 8))
    assert asked[:2] == ["GET", "/airflow/api/v2/dags/disbursement/dagRuns/~/hitlDetails"]
    assert asked[2]["params"]["subject_search"] == BATCH
    assert approved == [
        "PATCH",
        "/path",
        {"json": {"chosen_options": ["Approve"], "params_input": {"reason": "why"}}},
    ]
    assert refused[2]["json"]["chosen_options"] == ["Reject"]
