"""What is asked of Airflow's REST API, against a small fake; `tests/e2e` asks the real one."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import httpx
import pytest

from stable_jobs.errors import StepError
from stable_jobs.local.session import Client, logged_in

HEALTHY = {
    name: {"status": "healthy"} for name in ("metadatabase", "scheduler", "dag_processor", "triggerer")
}

Answers = dict[tuple[str, str], tuple[int, Any]]


class Fake:
    """Answers by method and path, and keeps what was asked."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        self.asked.append((request.method, request.url.path, body))
        status, content = self.answers[request.method, request.url.path]
        return httpx.Response(status, json=content)


def client(answers: Answers) -> tuple[Client, Fake]:
    fake = Fake(answers)
    return Client(httpx.Client(transport=httpx.MockTransport(fake), base_url="http://airflow")), fake


@pytest.mark.parametrize(
    ("sick", "is_healthy"),
    [
        pytest.param({}, True, id="all"),
        *[pytest.param({name: {"status": "unhealthy"}}, False, id=name) for name in HEALTHY],
        pytest.param({"triggerer": {"status": None}}, False, id="no triggerer yet"),
    ],
)
def test_health(sick: dict[str, dict[str, str | None]], is_healthy: bool) -> None:
    asking, _ = client({("GET", "/api/v2/monitor/health"): (200, {**HEALTHY, **sick})})
    assert asking.is_healthy() is is_healthy


@pytest.mark.parametrize(
    ("status", "posts"), [(404, 1), (200, 0)], ids=["missing: made", "there: left alone"]
)
def test_the_pool_is_made_only_where_it_is_missing(status: int, posts: int) -> None:
    asking, fake = client(
        {("GET", "/api/v2/pools/engine"): (status, {}), ("POST", "/api/v2/pools"): (201, {})}
    )
    asking.ensure_pool("engine", 1, "why")
    made = [body for method, _, body in fake.asked if method == "POST"]
    assert len(made) == posts
    assert all(body["slots"] == 1 and body["include_deferred"] is False for body in made)


def test_a_run_is_triggered_by_its_partition_key() -> None:
    path = "/api/v2/dags/nightly_eligibility/dagRuns"
    asking, fake = client({("POST", path): (200, {"dag_run_id": "manual__1"})})
    assert asking.trigger("2020-05-11") == "manual__1"
    assert fake.asked == [("POST", path, {"logical_date": None, "partition_key": "2020-05-11"})]


def test_an_error_is_a_sentence_with_what_was_asked() -> None:
    asking, _ = client(
        {("GET", "/api/v2/dags/nightly_eligibility/dagRuns/r"): (404, {"detail": "no such run"})}
    )
    with pytest.raises(StepError, match=r"404 to GET .*/dagRuns/r: .*no such run"):
        asking.run_state("r")


def test_an_airflow_that_hangs_is_a_sentence_too() -> None:
    def hang(request: httpx.Request) -> NoReturn:
        raise httpx.ReadTimeout("too slow", request=request)

    asking = Client(httpx.Client(transport=httpx.MockTransport(hang), base_url="http://airflow"))
    with pytest.raises(StepError, match=r"does not answer to GET .*/dagRuns/r: ReadTimeout"):
        asking.run_state("r")


def test_while_nothing_answers_the_caller_hears_httpx() -> None:
    with pytest.raises(httpx.HTTPError), logged_in("http://127.0.0.1:9", "engineer", "x"):
        pass
