"""Starting a local Airflow, waiting for it, running a night in it, and leaving nothing of it behind."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from stable_jobs.dag_ids import DETERMINE, DISBURSEMENT, LIST_WAITING, NIGHTLY, OWED, REPORT
from stable_jobs.errors import StepError, UsageError
from stable_jobs.local.client import Client, logged_in
from stable_jobs.local.configuration import HOST, POOL, SLOTS, airflow_home, dags_folder, passwords
from stable_jobs.settings import Settings
from stable_jobs.store.unwinding import signals_unwind, signals_wait

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
    """What `determine` and `report` of the run handed on."""
    return client.returned(run_id, DETERMINE), client.returned(run_id, REPORT)
