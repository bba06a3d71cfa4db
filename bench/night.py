"""`make bench TIER=…`: a whole night of one tier and the night after, medians of some runs, beside the floor.

Every run is a new process. The first night's has an empty home: imports, the making and the start of the
database count, and nothing is found from a night before. The night after it is run in the same home, with one
changed extract of thirteen. The extracts stay, so they may be in the page cache, for the night as
for the floor. Memory is of the night's own process; the embedded database server is not in it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import Measure
from bench.second import deliver_again
from bench.worker import BUSINESS_DATE, NIGHTS

LONG = {"province", "nation-may-2020", "nation"}
"""Tiers of many minutes: one run, unless more are asked for."""
PREFIX = "stable-jobs-bench-"
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Run:
    """One process: wall seconds from its start to its end, its measures, and the most disk it spilled to."""

    seconds: float
    measures: tuple[Measure, ...]
    spilled_bytes: int


def main() -> None:
    """Make the tier's extracts, run the night and the floor several times, print the table."""
    arguments = _arguments()
    runs = arguments.runs or (1 if arguments.tier in LONG else 3)
    load = os.getloadavg()[0]
    with ExitStack() as stack:
        landing = arguments.landing or Path(stack.enter_context(TemporaryDirectory(prefix=PREFIX)))
        if not any(landing.glob("*/*/*/*.csv")):
            make_tier(landing, arguments.tier, arguments.seed)
        deliver_again(landing, BUSINESS_DATE, NIGHTS["second"])
        nights, floors = list[list[Run]](), list[Run]()
        for n in range(runs):
            nights.append(_runs(tuple(NIGHTS), landing, f"{n + 1} of {runs}"))
            floors += _runs(("floor",), landing, f"{n + 1} of {runs}")
        first, second = zip(*nights, strict=True)
        _print(arguments.tier, delivered_rows(landing), first, statistics.median(f.seconds for f in floors))
        _print_second(first, second)
        print(f"{'load before':<24}{load:>10.1f}   others' work on this machine; quiet is below 0.3")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tier", default="prefecture", help="county, prefecture, big_city, province, …")
    parser.add_argument("--runs", type=int, help="nights and floors to run; 3, or 1 for a long tier")
    parser.add_argument("--seed", type=int, default=20200511, help="of the generated extracts")
    parser.add_argument("--landing", type=Path, help="keep the extracts here; used again where they exist")
    return parser.parse_args()


def make_tier(landing: Path, tier: str, seed: int) -> None:
    """Write a tier's deliveries of the first night into a landing folder."""
    from stable_jobs.contracts.load import contracts_as_of
    from stable_jobs.settings import Settings
    from stable_jobs_demo.write import write_demo

    say(f"extracts of {tier}")
    contracts = contracts_as_of(Settings().contracts_root, BUSINESS_DATE)
    write_demo(landing, seed=seed, business_date=BUSINESS_DATE, contracts=contracts, tier=tier)


def delivered_rows(landing: Path) -> int:
    """Data rows of all deliveries, by their manifests."""
    return sum(
        json.loads(path.read_text())["rows"] for path in landing.glob(f"*/*/{BUSINESS_DATE}/*.manifest.json")
    )


def _runs(works: Sequence[str], landing: Path, title: str) -> list[Run]:
    """One after the other, each in a process of its own, in one new home."""
    with TemporaryDirectory(prefix=PREFIX) as home:
        return [_run(what, landing, Path(home), f"{what} {title}") for what in works]


def _run(what: str, landing: Path, home: Path, title: str) -> Run:
    """In a process of its own; ends the benchmark if it fails."""
    say(title)
    environment = os.environ | {"STABLE_JOBS_HOME": str(home), "STABLE_JOBS_LANDING": str(landing.absolute())}
    started = time.monotonic()
    command = [sys.executable, "-m", "bench.worker", what, str(started)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        spilled = _watch(process, home)
        found = json.loads(process.communicate()[0] or "[]")
    if process.returncode:
        raise SystemExit(f"{title} failed")
    return Run(time.monotonic() - started, tuple(Measure(**one) for one in found), spilled)


def _watch(process: subprocess.Popen[str], home: Path) -> int:
    """Wait for the process; the most bytes seen in its spill folder."""
    most = 0
    while process.poll() is None:
        most = max(most, _size(home / "tmp"))
        time.sleep(LOOK_SECONDS)
    return most


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total


def say(what: str) -> None:
    """A line of progress on standard error, with the time."""
    print(f"[{time.strftime('%H:%M:%S')}] {what}", file=sys.stderr, flush=True)


def _print(tier: str, rows: int, nights: Sequence[Run], floor_seconds: float) -> None:
    count = f"median of {len(nights)} nights" if len(nights) > 1 else "one night only: no median"
    print(f"\n{tier}: {rows:,} rows, {count}, {os.cpu_count()} processors\n")
    print(f"{'step':<24}{'seconds':>10}{'cpu s':>10}{'peak MB':>10}")
    for each in zip(*(night.measures for night in nights), strict=True):
        print(_line(each[0].name, [m.seconds for m in each], list(each)))
    whole = statistics.median(night.seconds for night in nights)
    print(_line("the night", [night.seconds for night in nights], [_sum(night) for night in nights]))
    print(f"{'spilled to disk':<24}{max(night.spilled_bytes for night in nights) / 1e6:>30,.0f}   MB at most")
    print(f"{'rows a second':<24}{rows / whole:>10,.0f}")
    print(f"{'floor':<24}{floor_seconds:>10.1f}   the night is {whole / floor_seconds:.1f} × its floor")


def _print_second(first: Sequence[Run], second: Sequence[Run]) -> None:
    print("\nthe night after, one extract of thirteen changed\n")
    for each in zip(*(night.measures for night in second), strict=True):
        print(_line(each[0].name, [m.seconds for m in each], list(each)))
    print(_line("the night after", [night.seconds for night in second], [_sum(night) for night in second]))
    shares = [after.seconds / before.seconds for before, after in zip(first, second, strict=True)]
    print(f"{'of the first night':<24}{statistics.median(shares):>10.0%}")


def _sum(night: Run) -> Measure:
    cpu = sum(m.cpu_seconds for m in night.measures)
    return Measure("the night", night.seconds, cpu, max(m.peak_bytes for m in night.measures))


def _line(name: str, seconds: list[float], each: list[Measure]) -> str:
    cpu = statistics.median(m.cpu_seconds for m in each)
    peak = statistics.median(m.peak_bytes for m in each)
    return f"{name:<24}{statistics.median(seconds):>10.1f}{cpu:>10.1f}{peak / 1e6:>10,.0f}"


if __name__ == "__main__":
    main()
