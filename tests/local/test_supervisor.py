"""Ending everything below a process: the willing, the stubborn and those that their parent left behind."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from tests.processes import output_of

PROGRAM = """
import subprocess, sys, time
from stable_jobs.local import supervisor
supervisor.GRACE_SECONDS = 1.0
supervisor._prctl(supervisor.PR_SET_CHILD_SUBREAPER, 1)
command = [sys.executable, "-c", {child!r}]
started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
print(started.stdout.readline().strip(), flush=True)
sys.stdin.readline()
supervisor.end_all()
print("ended", flush=True)
"""
WILLING = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
STUBBORN = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WILLING
LEFT_BEHIND = (
    "import os, time\nif os.fork(): os._exit(0)\nos.setsid(); print(os.getpid(), flush=True); time.sleep(600)"
)


@pytest.mark.parametrize(
    "child",
    [
        pytest.param(WILLING, id="willing"),
        pytest.param(STUBBORN, id="ignores SIGTERM"),
        pytest.param(LEFT_BEHIND, id="left behind by its parent, in a session of its own"),
    ],
)
def test_nothing_below_outlives_it(child: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(child=child)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        pid = int(output_of(process).readline())
        assert psutil.pid_exists(pid)
        said, _ = process.communicate("end\n", timeout=30)
    assert said == "ended\n"
    assert not psutil.pid_exists(pid)
