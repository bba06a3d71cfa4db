"""Seconds, processor seconds and peak memory of a piece of work in this process, by the kernel's counters."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR_REFS = Path("/proc/self/clear_refs")
RESET_PEAK = "5"


@dataclass
class Measure:
    """Wall and processor seconds (all threads, and children waited for), and the highest resident memory."""

    name: str
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0


@contextmanager
def measured(name: str, since: float | None = None) -> Iterator[Measure]:
    """Measure what runs inside, and what ran before in this process where `since` says when it was started.

    since: `time.monotonic()` of the process that started this one; the clock is the machine's. The kernel's
    high-water mark is reset first, so each step has its own peak.
    """
    measure = Measure(name)
    CLEAR_REFS.write_text(RESET_PEAK)
    started, cpu = (time.monotonic(), cpu_seconds()) if since is None else (since, 0.0)
    try:
        yield measure
    finally:
        measure.seconds = time.monotonic() - started
        measure.cpu_seconds = cpu_seconds() - cpu
        measure.peak_bytes = high_water_mark()


def cpu_seconds() -> float:
    """Processor seconds of this process and of the children that it waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def high_water_mark() -> int:
    """The process's peak resident memory in bytes since the last reset."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
