"""Seconds, processor seconds and peak memory of a command and of all it starts, servers included."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LOOK_SECONDS = 0.25
PATIENCE_SECONDS = 20.0
"""For what a command leaves behind to end by itself, before it is killed."""
_SUBREAPER = 36


@dataclass(frozen=True)
class Cost:
    """`seconds`: by the clock. `cpu_seconds`: user and system, of all processes. `peak_bytes`: the most
    memory that all had together at one look: the private memory and the pages of files of each, and shared
    memory (a database server's buffers) once.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def adopt() -> None:
    """Become the parent of processes that outlive the command that started them, so that they are counted.

    A database server is one: it is started by a program that ends. Linux only.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def measure(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Cost:
    """Run a command to its end and that of its processes.

    The caller has called `adopt`, and has no other child.

    SystemExit with the end of the log where it fails.
    """
    before, started, peak = _cpu_seconds(), time.monotonic(), 0
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        while process.poll() is None:
            peak = max(peak, memory(_descendants()))
            time.sleep(LOOK_SECONDS)
    seconds = time.monotonic() - started
    _reap()
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:3])} failed:\n{log.read_text(errors='replace')[-2000:]}")
    return Cost(seconds, _cpu_seconds() - before, peak)


def memory(processes: Sequence[int]) -> int:
    """Bytes of processes together."""
    own, shared = 0, 0
    for process in processes:
        try:
            lines = Path(f"/proc/{process}/status").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.startswith("Rss")}
        own += sizes.get("RssAnon", 0) + sizes.get("RssFile", 0)
        shared = max(shared, sizes.get("RssShmem", 0))
    return own + shared


def _descendants() -> list[int]:
    """Every process below this one."""
    children = dict[int, list[int]]()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, open_ones = list[int](), [os.getpid()]
    while open_ones:
        below = children.get(open_ones.pop(), [])
        found += below
        open_ones += below
    return found


def _reap() -> None:
    """Wait for what the command left behind: only then its processor seconds are counted."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            process, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if process == 0:
            if time.monotonic() > until:
                for left in _descendants():
                    os.kill(left, signal.SIGKILL)
            time.sleep(0.05)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
