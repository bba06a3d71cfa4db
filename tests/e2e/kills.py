"""Nights that are killed: at a step's beginning or after some time, alone or with their database server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.home import BUSINESS_DATE, Home

NIGHT = ("night", "--date", BUSINESS_DATE)
TOLD = re.compile(r"\[ *\d+\.\d s\] (.+)")
PATIENCE = 60.0
"""Seconds for what should take one."""


@dataclass(frozen=True)
class Course:
    """An undisturbed night: the steps it told, and how many seconds it took."""

    steps: tuple[str, ...]
    seconds: float


def undisturbed(home: Home) -> Course:
    started = time.monotonic()
    done = home.run(*NIGHT)
    seconds = time.monotonic() - started
    assert done.returncode == 0, done.stderr
    return Course(tuple(TOLD.findall(done.stderr)), seconds)


def kill_at(home: Home, step: str, delay: float = 0.0) -> bool:
    """Run until the step begins and some seconds more, then kill. False if the night ended before."""
    night = home.start(*NIGHT)
    assert night.stderr is not None
    for line in night.stderr:
        if (told := TOLD.match(line)) and told[1] == step:
            time.sleep(delay)
            break
    return _kill(night)


def kill_after(home: Home, seconds: float) -> bool:
    """Run for so long, then kill. False if the night ended before."""
    night = home.start(*NIGHT)
    with suppress(subprocess.TimeoutExpired):
        night.wait(seconds)
    return _kill(night)


def _kill(night: subprocess.Popen[str]) -> bool:
    """SIGKILL to the whole group: nothing gets to put anything away."""
    with suppress(ProcessLookupError):
        os.killpg(night.pid, signal.SIGKILL)
    night.communicate()
    return night.returncode == -signal.SIGKILL


def processes_of(home: Home) -> dict[int, str]:
    """Every process that works in the home: id → command line. Told by its environment or its arguments."""
    return {pid: command for pid in _pids() if (command := _command_in(pid, str(home.path)))}


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _command_in(pid: int, folder: str) -> str:
    """The command line if the process names the folder; '' if not, or if it is gone."""
    try:
        command, environment = (Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
    except OSError:
        return ""
    said = command.replace(b"\0", b" ").decode(errors="replace").strip()
    return said if folder.encode() in command + environment and said else ""


def kill_server(home: Home) -> bool:
    """SIGKILL to the home's database server and its children, as a power cut would. False if none runs."""
    pid_file = home.path / "postgres" / "postmaster.pid"
    if not pid_file.exists():
        return False
    server = int(pid_file.read_text().splitlines()[0])
    mine = [server, *_children(server)]
    for pid in mine:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    _until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in mine))
    return True


def _children(parent: int) -> list[int]:
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(pid) for pid in text.split()]


def nothing_runs(home: Home) -> bool:
    """Whether nothing of the home runs any more, waiting a little for what is ending."""
    return _until(lambda: not processes_of(home))


def _until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
