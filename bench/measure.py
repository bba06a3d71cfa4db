"""Seconds and peak memory of a piece of work in this process, from the kernel's own counters."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR_REFS = Path("/proc/self/clear_refs")


@dataclass
class Measure:
    """Wall seconds and the highest resident memory, in bytes, while the work ran."""

    name: str
    seconds: float = 0.0
    peak_bytes: int = 0


@contextmanager
def measured(name: str) -> Iterator[Measure]:
    """Measure what runs inside. The kernel's high-water mark is reset first, so each step has its own peak."""
    measure = Measure(name)
    CLEAR_REFS.write_text("5")
    started = time.perf_counter()
    try:
        yield measure
    finally:
        measure.seconds = time.perf_counter() - started
        measure.peak_bytes = high_water_mark()


def high_water_mark() -> int:
    """The process's peak resident memory in bytes since the last reset."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
