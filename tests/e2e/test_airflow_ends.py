"""Whatever ends `stable-jobs airflow …`, nothing that it started stays."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.e2e.airflow_home import all_gone, descendants
from tests.e2e.home import BUSINESS_DATE, PROGRAM, Home, ages, new_home, tree
from tests.e2e.kills import nothing_runs, processes_of
from tests.processes import heed_signals

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("airflow")]

LOOKS = 0.2
PATIENCE = 180.0
AT_FIRST, UP, RUNNING = "starting Airflow", "Airflow is up", "collect: done"


@pytest.fixture
def home(small: Home) -> Iterator[Home]:
    with new_home(STABLE_JOBS_LANDING=str(small.path / "landing")) as fresh:
        yield fresh


def started(
    home: Home, *arguments: str, until: str, wait: float = 0.0
) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """The command once it has said so, and every process below it; the tasks' too."""
    command = home.start("airflow", *arguments)
    assert command.stderr is not None
    for line in command.stderr:
        if until in line:
            break
    time.sleep(wait)
    return command, descendants(command.pid)


@pytest.mark.parametrize(
    ("number", "until", "wait"),
    [
        pytest.param(signal.SIGINT, AT_FIRST, 0.5, id="Ctrl-C at once"),
        pytest.param(signal.SIGTERM, AT_FIRST, 8.0, id="SIGTERM while Airflow starts"),
        pytest.param(signal.SIGKILL, AT_FIRST, 8.0, id="kill -9 while Airflow starts"),
        pytest.param(signal.SIGINT, RUNNING, 1.0, id="Ctrl-C while a task runs"),
        pytest.param(signal.SIGTERM, RUNNING, 1.0, id="SIGTERM while a task runs"),
        pytest.param(signal.SIGKILL, RUNNING, 1.0, id="kill -9 while a task runs"),
        pytest.param(signal.SIGHUP, RUNNING, 1.0, id="the terminal is closed while a task runs"),
    ],
)
def test_nothing_is_left(home: Home, number: signal.Signals, until: str, wait: float) -> None:
    command, below = started(home, "run", "--date", BUSINESS_DATE, until=until, wait=wait)
    assert below
    os.kill(command.pid, number)
    rest = command.communicate(timeout=60)[1]
    assert command.returncode != 0
    assert "Traceback" not in rest
    assert all_gone(below) == []
    assert nothing_runs(home), processes_of(home)


def test_up_says_where_and_ctrl_c_ends_it(home: Home) -> None:
    command = subprocess.Popen(
        [PROGRAM, "airflow", "up", "--port", "0"],
        env=home.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        preexec_fn=heed_signals,
    )
    assert command.stdout is not None
    said = [command.stdout.readline() for _ in range(8)]
    below = descendants(command.pid)
    assert said[0].startswith("Airflow  http://127.0.0.1:")
    assert [line.split()[0] for line in said[1:6]] == ["engineer", "preparer", "first", "second", "viewer"]
    passwords = (home.path / "airflow" / "passwords.json").read_text()
    assert all(line.split()[1] == "…" for line in said[1:6]), "a password in a pipe"
    assert str(home.path / "airflow" / "passwords.json") in said[6]
    assert passwords
    os.kill(command.pid, signal.SIGINT)
    command.communicate(timeout=60)
    assert all_gone(below) == []
    assert nothing_runs(home), processes_of(home)


def test_a_second_airflow_of_the_same_home_says_so(home: Home) -> None:
    command, below = started(home, "up", "--port", "0", until=UP)
    second = home.run("airflow", "run", "--date", BUSINESS_DATE)
    assert second.returncode == 1
    assert "an Airflow already runs in" in second.stderr
    assert "Traceback" not in second.stderr
    os.kill(command.pid, signal.SIGTERM)
    command.communicate(timeout=60)
    assert all_gone(below) == []


def test_a_second_run_changes_nothing(home: Home) -> None:
    first = home.run("airflow", "run", "--date", BUSINESS_DATE)
    assert first.returncode == 0, first.stderr
    before = tree(home.path / "out"), ages(home.path / "out")
    again = home.run("airflow", "run", "--date", BUSINESS_DATE)
    assert (again.returncode, again.stdout) == (0, first.stdout), again.stderr
    assert (tree(home.path / "out"), ages(home.path / "out")) == before


def test_again_right_after_a_kill(home: Home) -> None:
    """The new one waits for what still stops, and runs the night."""
    command, below = started(home, "run", "--date", BUSINESS_DATE, until=RUNNING)
    os.kill(command.pid, signal.SIGKILL)
    command.communicate(timeout=60)
    done = home.run("airflow", "run", "--date", BUSINESS_DATE)
    assert done.returncode == 0, done.stderr
    assert all_gone(below) == []


def test_everything_listens_on_loopback_only(home: Home) -> None:
    """Every socket of every process below the command, while a task runs."""
    command, below = started(home, "run", "--date", BUSINESS_DATE, until=RUNNING, wait=1.0)
    try:
        found = {
            (process.name(), one.laddr.ip, one.laddr.port)
            for process in descendants(command.pid)
            for one in process.net_connections(kind="inet")
            if one.status == psutil.CONN_LISTEN
        }
    finally:
        os.kill(command.pid, signal.SIGTERM)
        command.communicate(timeout=PATIENCE)
    assert below
    assert found, "nothing listens at all"
    assert {where for where in found if where[1] not in ("127.0.0.1", "::1")} == set()
