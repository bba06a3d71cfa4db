"""A run of disbursement as people see it: which batch is asked about, who answers what, what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import text

from stable_jobs.dag_ids import APPROVALS, DISBURSEMENT
from stable_jobs.local.configuration import airflow_home, passwords
from stable_jobs.local.session import logged_in
from stable_jobs.settings import Settings
from stable_jobs.store.database import database
from tests.e2e.airflow_home import Both
from tests.e2e.home import Home

DAG, TASK = DISBURSEMENT, APPROVALS
APPROVE, REJECT = "Approve", "Reject"


def runs(both: Both, dag_id: str = DAG, key: str | None = None) -> list[dict[str, Any]]:
    """Runs of a DAG, newest first; of one partition key if it is given."""
    answer = both.client.http.get(
        f"/api/v2/dags/{dag_id}/dagRuns", params={"limit": 200, "order_by": "-id"}
    ).raise_for_status()
    return [run for run in answer.json()["dag_runs"] if key in (None, run["partition_key"])]


@dataclass(frozen=True)
class Asked:
    """One run of disbursement. State names are Airflow's."""

    both: Both
    run_id: str
    places: dict[str, int] = field(default_factory=dict)
    """Batch → its number in the run: Airflow forgets the name while a task is tried again."""

    @property
    def path(self) -> str:
        return f"/api/v2/dags/{DAG}/dagRuns/{self.run_id}/taskInstances"

    def tasks(self) -> list[dict[str, Any]]:
        answer = self.both.client.http.get(self.path, params={"limit": 500}).raise_for_status()
        found = list(answer.json()["task_instances"])
        self.places.update({one["rendered_map_index"]: one["map_index"] for one in found})
        return found

    def state(self, task_id: str) -> str | None:
        """Of a task that is not of a batch."""
        found: str | None = next(one["state"] for one in self.tasks() if one["task_id"] == task_id)
        return found

    def place(self, batch_no: str) -> int:
        """The batch's number in the run, once its first task has begun."""
        if batch_no not in self.places:
            self.tasks()
        return self.places[batch_no]

    def states(self, batch_no: str) -> dict[str, str | None]:
        """Of the batch's three tasks, by their last word."""
        place = self.place(batch_no)
        of_it = [one for one in self.tasks() if one["map_index"] == place]
        return {one["task_id"].partition(".")[2]: one["state"] for one in of_it}

    def tries(self, batch_no: str, level: int) -> int:
        place = self.place(batch_no)
        return next(
            int(one["try_number"])
            for one in self.tasks()
            if (one["task_id"], one["map_index"]) == (TASK[level], place)
        )

    def is_waiting(self, batch_no: str, level: int) -> bool:
        """Whether the question stands and nobody has answered it."""
        self.tasks()
        if batch_no not in self.places:
            return False
        state = self.states(batch_no)[TASK[level].partition(".")[2]]
        return state == "awaiting_input" and not self.question(batch_no, level)["response_received"]

    def is_settled(self, batch_no: str) -> bool:
        return self.states(batch_no)["publish"] == "success"

    def until_settled(self, batch_no: str, answer: Callable[[], int]) -> None:
        """Give the second answer as often as it is asked for: one in the second of the asking may be lost."""
        taken: list[int] = []

        def is_settled() -> bool:
            if self.states(batch_no)["second_approval"] == "awaiting_input":
                taken.append(answer())
            return self.is_settled(batch_no)

        self.both.until(is_settled)
        assert taken[0] in (200, 303), "the first answer was taken"
        assert set(taken[1:]) <= {200, 303, 409}, "409: the question had just ended"

    def question(self, batch_no: str, level: int) -> dict[str, Any]:
        path = f"{self.path}/{TASK[level]}/{self.place(batch_no)}/hitlDetails"
        return dict(self.both.client.http.get(path).raise_for_status().json())

    def answer(self, user: str, batch_no: str, level: int, option: str, reason: object = "看过 seen") -> int:
        """As the user's browser sends it; the HTTP status."""
        path = f"{self.path}/{TASK[level]}/{self.place(batch_no)}/hitlDetails"
        body = {"chosen_options": [option], "params_input": {"reason": reason}}
        return self.as_user(user, path, body).status_code

    def mark_success(self, user: str, batch_no: str, level: int) -> int:
        """The button that sets a task to success without an answer."""
        path = f"{self.path}/{TASK[level]}/{self.place(batch_no)}"
        return self.as_user(user, path, {"new_state": "success"}).status_code

    def as_user(self, user: str, path: str, body: dict[str, Any]) -> httpx.Response:
        password = passwords(airflow_home(Settings(_env_file=None, home=self.both.home.path)))[user]
        with logged_in(self.both.airflow.url, user, password) as client:
            return client.http.patch(path, json=body)


def in_ledger(home: Home, query: str, **values: object) -> list[Any]:
    with database(Settings(_env_file=None, home=home.path)) as engine, engine.connect() as connection:
        return list(connection.execute(text(query), values).all())


def batch(home: Home, batch_no: str) -> tuple[str, list[tuple[Any, ...]]]:
    """Its state, and level, person, answer, reason and place of every answer."""
    [(state,)] = in_ledger(home, "SELECT state FROM batches WHERE batch_no = :no", no=batch_no)
    query = """
        SELECT a.level, a.approver, a.answer, a.reason, a.answered_in FROM approvals a
        JOIN batches b ON b.id = a.batch_id WHERE b.batch_no = :no ORDER BY a.level
    """
    return state, [tuple(row) for row in in_ledger(home, query, no=batch_no)]
