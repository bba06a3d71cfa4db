"""A worker that is killed in the middle of a decision: Spark computes its part again elsewhere."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from stable_jobs.store.engine import Computing
from tests.policy import engines, hostile
from tests.policy.engines import decided_by_engines
from tests.spark.cluster import Cluster

pytestmark = pytest.mark.spark
UNITS = 1350
AT = 6
"""How many tables are computed before the kill: the facts are being gathered."""


def test_the_decision_ends_right(
    made: Cluster, spark: Computing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Daemon and executor of one of two workers get SIGKILL while a job of the decision runs."""
    from stable_jobs.store import spark_backend  # needs pyspark, which only `make test-spark` installs

    world = hostile.landing(8, UNITS)
    inputs = hostile.write(world, tmp_path)
    assert world.policies is not None
    monkeypatch.setattr(engines, "BESIDE", [spark])
    computed, killed = list[str](), list[int]()
    stored = spark_backend.SparkBackend.stored

    def watched(backend: spark_backend.SparkBackend, *given: Any) -> Any:
        computed.append("")
        if len(computed) == AT:
            threading.Thread(target=kill).start()
        return stored(backend, *given)

    def kill() -> None:
        """As soon as a task runs: the worker's daemon first, so that it starts no other executor."""
        tracker = spark.backend._session.sparkContext.statusTracker()
        until = time.monotonic() + 60
        while not tracker.getActiveStageIds() and time.monotonic() < until:
            time.sleep(0.01)
        daemon = psutil.Process(made.daemons["worker-0"].pid)
        for process in (daemon, *daemon.children(recursive=True)):
            os.kill(process.pid, signal.SIGKILL)
            killed.append(process.pid)

    monkeypatch.setattr(spark_backend.SparkBackend, "stored", watched)
    decided_by_engines(inputs, world.policies, world.on, tmp_path / "out")

    assert len(killed) >= 2, "the worker had an executor"
    assert len(computed) > AT, "the decision went on afterwards"
    assert made.daemons["worker-0"].wait() == -signal.SIGKILL
    assert len(made.executors()) >= 1
