"""A local Airflow: started, asked over its REST API, run for a night, and ended with nothing left behind."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from stable_jobs.dag_ids import DETERMINE, DISBURSEMENT, LIST_WAITING, NIGHTLY, OWED, REPORT
from stable_jobs.errors import StepError, UsageError
from stable_jobs.local.configuration import HOST, POOL, SLOTS, airflow_home, dags_folder, passwords
from stable_jobs.settings import Settings
from stable_jobs.store.embedded import signals_unwind, signals_wait

# --- Airflow's REST API ---
# Airflow's REST API, as far as a local run needs it.

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
        """The errors for which Airflow could not read DAG files."""
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
        """The result that the task handed on."""
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


# --- The session ---
# Starting a local Airflow, waiting for it, running a night in it, and leaving nothing of it behind.

OPERATOR = "engineer"
START_SECONDS = 240.0
LOOK_SECONDS = 0.5
ENDED = ("success", "failed")
AWAITED = "awaiting_input"
ON_THE_WAY = ("scheduled", "queued", "running", "restarting", "up_for_retry", "up_for_reschedule")
NEWS = (*ENDED, "upstream_failed", "up_for_retry", "up_for_reschedule", AWAITED)
POOL_SAYS = "Heavy steps: as many at once as this machine has memory for 重任务并发数"

Say = Callable[[str], None]


@dataclass(frozen=True)
class LocalAirflow:
    """A running Airflow: where people look, and a client logged in as the engineer."""

    url: str
    client: Client
    supervisor: subprocess.Popen[bytes]

    def check(self) -> None:
        """StepError if it ended; its supervisor has said why."""
        if self.supervisor.poll() is not None:
            raise StepError("Airflow ended: see above")


@contextmanager
def local_airflow(settings: Settings, port: int, say: Say) -> Iterator[LocalAirflow]:
    """A whole Airflow under `<home>/airflow`, on loopback, stopped however the block or the process ends.

    port: 0 for a free one. UsageError if it is taken, or if there are no DAGs; StepError if Airflow does
    not start.
    """
    dags_folder()
    chosen = _checked(port) if port else free_port()
    say(f"starting Airflow on http://{HOST}:{chosen} (logs: {settings.home / 'airflow' / 'logs'})")
    passwords(airflow_home(settings))
    with signals_unwind(), _supervisor(chosen) as supervisor, ExitStack() as stack:
        client = _log_in(settings, chosen, supervisor, stack)
        running = LocalAirflow(f"http://{HOST}:{chosen}", client, supervisor)
        _wait_until_ready(running)
        say("Airflow is up")
        try:
            yield running
        finally:
            say("stopping Airflow")


@contextmanager
def _supervisor(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """In a session of its own, so that a Ctrl-C of the terminal reaches it only as the end of its input."""
    command = [sys.executable, "-m", "stable_jobs.local.supervisor", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603  # ours
    try:
        yield process
    finally:
        with signals_wait():
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


def _log_in(settings: Settings, port: int, supervisor: subprocess.Popen[bytes], stack: ExitStack) -> Client:
    """As soon as Airflow answers; the client is closed with the stack."""
    deadline = time.monotonic() + START_SECONDS
    password = passwords(airflow_home(settings))[OPERATOR]
    while True:
        if supervisor.poll() is not None:
            raise StepError("Airflow did not start: see above")
        try:
            return stack.enter_context(logged_in(f"http://{HOST}:{port}", OPERATOR, password))
        except httpx.HTTPError as error:
            if time.monotonic() > deadline:
                raise StepError(f"Airflow does not answer after {START_SECONDS:.0f} s: {error}") from error
            time.sleep(LOOK_SECONDS)


def _wait_until_ready(airflow: LocalAirflow) -> None:
    deadline = time.monotonic() + START_SECONDS
    client = airflow.client
    while not (client.is_healthy() and client.has_dag() and client.has_dag(DISBURSEMENT)):
        airflow.check()
        if errors := airflow.client.import_errors():
            raise StepError("a DAG cannot be read: " + "\n".join(errors))
        if time.monotonic() > deadline:
            raise StepError(f"Airflow is not healthy after {START_SECONDS:.0f} s: see its logs")
        time.sleep(LOOK_SECONDS)
    airflow.client.ensure_pool(POOL, SLOTS, POOL_SAYS)


def run_key(
    airflow: LocalAirflow, partition_key: str, say: Say, timeout_seconds: float, dag_id: str = NIGHTLY
) -> str:
    """Trigger a DAG for a business date and wait for its end; its run id. `say` hears each task's end.

    StepError naming the tasks that broke if the run fails, or if it is not over in time.
    """
    client = airflow.client
    run_id = client.trigger(partition_key, dag_id)
    states = _watch(airflow, run_id, dag_id, say, timeout_seconds)
    if client.run_state(run_id, dag_id) == "failed":
        raise _broken(run_id, states)
    return run_id


def wait_for_people(airflow: LocalAirflow, partition_key: str, say: Say, timeout_seconds: float) -> None:
    """Wait until the disbursement that a night started has ended, or does nothing but wait for people.

    StepError if it fails, if none begins, or if it is not so far in time.
    """
    client = airflow.client
    deadline = time.monotonic() + timeout_seconds
    while not (runs := client.runs_of(DISBURSEMENT, partition_key)):
        airflow.check()
        _check_time(deadline, f"no disbursement of {partition_key} has begun", timeout_seconds, airflow)
        time.sleep(LOOK_SECONDS)
    states = _watch(airflow, runs[-1], DISBURSEMENT, say, timeout_seconds, waits_count=True)
    if client.run_state(runs[-1], DISBURSEMENT) == "failed":
        raise _broken(runs[-1], states)


def _watch(
    airflow: LocalAirflow,
    run_id: str,
    dag_id: str,
    say: Say,
    timeout_seconds: float,
    waits_count: bool = False,
) -> dict[str, str | None]:
    """Tell of each task until the run has ended, or only people are awaited; the tasks' last states."""
    client, told = airflow.client, dict[str, str]()
    deadline = time.monotonic() + timeout_seconds
    while True:
        state = client.run_state(run_id, dag_id)
        states = client.task_states(run_id, dag_id)
        airflow.check()
        _tell_news(states, told, say, "" if dag_id == NIGHTLY else f"{dag_id}.")
        if state in ENDED or (waits_count and _only_people(states)):
            return states
        _check_time(deadline, f"run {run_id} is still {state}", timeout_seconds, airflow)
        time.sleep(LOOK_SECONDS)


def _only_people(states: dict[str, str | None]) -> bool:
    """Somebody is awaited, nothing else is on its way, and the list of the waiting payments has been made.

    That list's task may not be scheduled yet where a batch's question is asked quickly.
    """
    found = set(states.values())
    return AWAITED in found and not found & set(ON_THE_WAY) and states.get(LIST_WAITING) is not None


def _check_time(deadline: float, what: str, seconds: float, airflow: LocalAirflow) -> None:
    if time.monotonic() > deadline:
        raise StepError(f"{what} after {seconds:.0f} s; see {airflow.url}")


def _broken(run_id: str, states: dict[str, str | None]) -> StepError:
    names = sorted(name for name, state in states.items() if state == "failed")
    return StepError(f"run {run_id} failed in {', '.join(names)}; the tasks' logs say why")


def _tell_news(states: dict[str, str | None], told: dict[str, str], say: Say, whose: str) -> None:
    for name, state in states.items():
        is_news = state in NEWS or (state == "skipped" and _is_owed(name))
        if is_news and told.get(name) != state:
            told[name] = str(state)
            say(f"{whose}{name}: {_in_words(name, str(state))}")


def _in_words(name: str, state: str) -> str:
    if _is_owed(name) and state == "skipped":
        return "the department owes deliveries, see the report"
    if _is_owed(name) and state == "success":
        return "nothing is owed"
    words = {"success": "done", "up_for_reschedule": "waits", AWAITED: "waits for a person"}
    return words.get(state, state.replace("_", " "))


def _is_owed(name: str) -> bool:
    return name.endswith(f".{OWED}")


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _checked(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UsageError(f"port {port} of {HOST} is taken: choose another with --port") from error
    return port


def night_of_run(client: Client, run_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The results that `determine` and `report` of the run handed on."""
    return client.returned(run_id, DETERMINE), client.returned(run_id, REPORT)
