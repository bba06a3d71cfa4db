"""Airflow's REST API, as far as a local run needs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from stable_jobs.dag_ids import NIGHTLY
from stable_jobs.errors import StepError

ANSWER_SECONDS = 60.0
HEALTHY = ("metadatabase", "scheduler", "dag_processor", "triggerer")


@dataclass(frozen=True)
class Client:
    """One logged-in user of one Airflow. StepError where it answers with an error."""

    http: httpx.Client

    def is_healthy(self) -> bool:
        """Whether all of Airflow's parts say so."""
        found = self._json("GET", "/api/v2/monitor/health")
        return all(found[name]["status"] == "healthy" for name in HEALTHY)

    def import_errors(self) -> list[str]:
        """What keeps DAG files from being read."""
        found = self._json("GET", "/api/v2/importErrors")["import_errors"]
        return [f"{one['filename']}: {one['stack_trace']}" for one in found]

    def has_dag(self, dag_id: str = NIGHTLY) -> bool:
        """Whether the scheduler knows the DAG by now."""
        return self._ask("GET", f"/api/v2/dags/{dag_id}").status_code == httpx.codes.OK

    def ensure_pool(self, name: str, slots: int, description: str) -> None:
        """Make the pool where it is missing; one whose slots somebody chose stays as it is."""
        if self._ask("GET", f"/api/v2/pools/{name}").status_code == httpx.codes.NOT_FOUND:
            body = {"name": name, "slots": slots, "description": description, "include_deferred": False}
            self._json("POST", "/api/v2/pools", body)

    def trigger(self, partition_key: str, dag_id: str = NIGHTLY) -> str:
        """Start a run of the key now; its run id."""
        body = {"logical_date": None, "partition_key": partition_key}
        return str(self._json("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)["dag_run_id"])

    def runs_of(self, dag_id: str, partition_key: str) -> list[str]:
        """The ids of the DAG's runs of that key, oldest first."""
        found = self._json("GET", f"/api/v2/dags/{dag_id}/dagRuns?limit=1000&order_by=run_after")["dag_runs"]
        return [str(one["dag_run_id"]) for one in found if one["partition_key"] == partition_key]

    def run_state(self, run_id: str, dag_id: str = NIGHTLY) -> str:
        """`queued`, `running`, `success` or `failed`."""
        return str(self._json("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def task_states(self, run_id: str, dag_id: str = NIGHTLY) -> dict[str, str | None]:
        """Task id (of a mapped one `id[index]`) → state of its newest try; None before it is scheduled."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=1000"
        return {_name(one): one["state"] for one in self._json("GET", path)["task_instances"]}

    def returned(self, run_id: str, task_id: str, dag_id: str = NIGHTLY) -> Any:
        """What the task handed on."""
        task = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        return self._json("GET", f"{task}/xcomEntries/return_value?deserialize=true")["value"]

    def _json(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = self._ask(method, path, body)
        if answer.is_error:
            raise StepError(f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:500]}")
        return answer.json()

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        try:
            return self.http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise StepError(f"Airflow does not answer to {method} {path}: {error!r}") from error


def _name(instance: Mapping[str, Any]) -> str:
    place = instance["map_index"]
    return str(instance["task_id"]) if place < 0 else f"{instance['task_id']}[{place}]"


@contextmanager
def logged_in(url: str, user: str, password: str) -> Iterator[Client]:
    """A client with the user's token. httpx.HTTPError while Airflow does not answer yet."""
    transport = httpx.HTTPTransport(retries=3)
    with httpx.Client(base_url=url, transport=transport, timeout=ANSWER_SECONDS, trust_env=False) as http:
        answer = http.post("/auth/token", json={"username": user, "password": password})
        answer.raise_for_status()
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield Client(http)
