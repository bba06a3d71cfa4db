"""A real Airflow over a home, and beside it a home in which the command line runs the same nights."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from stable_jobs.dag_ids import NIGHTLY
from stable_jobs.local.session import Client, LocalAirflow, local_airflow
from stable_jobs.settings import Settings
from tests.e2e.home import Home, tree

ENDED = ("success", "failed")
LOOK_SECONDS = 0.1
A_WHILE = 900.0
OUTLIVES = {"AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30"}
"""A worker that is gone is missed after half a minute instead of five."""


@dataclass(frozen=True)
class Both:
    """Airflow's home and its mirror."""

    airflow: LocalAirflow
    home: Home
    mirror: Home

    @property
    def client(self) -> Client:
        return self.airflow.client

    def run(self, key: str) -> str:
        """Trigger the key and wait; the run's id."""
        run_id = self.client.trigger(key)
        self.wait(run_id)
        return run_id

    def wait(self, run_id: str) -> str:
        self.until(lambda: self.client.run_state(run_id) in ENDED)
        return self.client.run_state(run_id)

    def until(self, condition: Callable[[], object], seconds: float = A_WHILE) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            self.airflow.check()
            assert time.monotonic() < deadline, "it takes too long"
            time.sleep(LOOK_SECONDS)

    def states(self, run_id: str) -> dict[str, str | None]:
        return self.client.task_states(run_id)

    def pid_of(self, run_id: str, task_id: str) -> int:
        """Of the task's process while it runs; 0 if it does not."""
        answer = self.client.http.get(f"/api/v2/dags/{NIGHTLY}/dagRuns/{run_id}/taskInstances/{task_id}")
        one = answer.raise_for_status().json()
        return int(one["pid"] or 0) if one["state"] == "running" else 0

    def of_log(self, run_id: str, task_id: str) -> str:
        """Everything the task logged, all tries."""
        folder = (
            self.home.path
            / "airflow"
            / "logs"
            / f"dag_id={NIGHTLY}"
            / f"run_id={run_id}"
            / f"task_id={task_id}"
        )
        return "\n".join(path.read_text() for path in sorted(folder.rglob("*.log")))

    def night(self, day: str) -> None:
        """The same night by the command line in the mirror."""
        done = self.mirror.run("night", "--date", day)
        assert done.returncode == 0, done.stderr

    def pause(self, dag_id: str) -> None:
        """Nothing starts it any more."""
        self.until(lambda: self.client.has_dag(dag_id))
        answer = self.client.http.patch(f"/api/v2/dags/{dag_id}", json={"is_paused": True})
        answer.raise_for_status()

    def differing(self, day: str, ignoring: str | None = None) -> list[str]:
        """Files under `out/<day>` that differ between the homes, but for names with `ignoring` in them."""
        ours, theirs = (tree(h.path / "out" / day) for h in (self.home, self.mirror))
        found = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
        return [name for name in found if ignoring is None or ignoring not in name]


@contextmanager
def both_homes(home: Home, mirror: Home) -> Iterator[Both]:
    """Airflow runs as long as the block does."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("STABLE_JOBS_", "AIRFLOW"))]:
            patch.delenv(name)
        for name, value in {**OUTLIVES, "STABLE_JOBS_HOME": str(home.path), **home.more}.items():
            patch.setenv(name, value)
        with local_airflow(Settings(_env_file=None), 0, lambda _: None) as airflow:
            yield Both(airflow, home, mirror)


def backfill(both: Both, first: str, last: str, *more: str) -> None:
    """`airflow backfill create` as an engineer types it, with the local Airflow's settings."""
    from stable_jobs.local.configuration import environment
    from stable_jobs.store.embedded import embedded_server

    settings = Settings(_env_file=None, home=both.home.path)
    with embedded_server(settings.home) as server:
        port = int(both.airflow.url.rpartition(":")[2])
        command = [sys.executable, "-m", "airflow", "backfill", "create", "--dag-id", NIGHTLY]
        done = subprocess.run(
            [*command, "--from-date", first, "--to-date", last, "--max-active-runs", "1", *more],
            env=environment(settings, server, port),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr


def runs_of(both: Both) -> list[Mapping[str, Any]]:
    """All runs of the DAG, newest first."""
    answer = both.client.http.get(f"/api/v2/dags/{NIGHTLY}/dagRuns", params={"limit": 200, "order_by": "-id"})
    answer.raise_for_status()
    return list(answer.json()["dag_runs"])


class Killer(threading.Thread):
    """Kills the process of every task of a run once, in the middle of its first try."""

    def __init__(self, client: Client, run_id: str) -> None:
        super().__init__(daemon=True)
        self.client, self.run_id = client, run_id
        self.killed: dict[str, int] = {}

    def run(self) -> None:
        path = f"/api/v2/dags/{NIGHTLY}/dagRuns/{self.run_id}/taskInstances"
        while self.client.run_state(self.run_id) not in ENDED:
            for one in self.client.http.get(path, params={"limit": 200}).json()["task_instances"]:
                if one["state"] == "running" and one["pid"] and one["task_id"] not in self.killed:
                    self._kill(one["task_id"], one["pid"])
            time.sleep(LOOK_SECONDS)

    def _kill(self, task_id: str, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.killed[task_id] = pid


def descendants(pid: int) -> list[psutil.Process]:
    """All processes below one."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def all_gone(processes: list[psutil.Process], seconds: float = 60) -> list[psutil.Process]:
    """Those that still run after a while; none is what it should be."""
    return list(psutil.wait_procs(processes, timeout=seconds)[1])


def drop(landing: Path, keep: Path, pattern: str) -> list[Path]:
    """Move deliveries and their manifests out of the landing, to any disk; where they lie now."""
    moved = []
    for path in sorted(landing.glob(pattern)):
        target = keep / path.relative_to(landing)
        target.parent.mkdir(parents=True, exist_ok=True)
        moved.append(Path(shutil.move(path, target)))
    assert moved, pattern
    return moved


def bring_back(landing: Path, keep: Path) -> None:
    """Undo `drop`."""
    for path in sorted(p for p in keep.rglob("*") if p.is_file()):
        shutil.move(path, landing / path.relative_to(keep))
