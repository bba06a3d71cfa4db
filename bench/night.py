"""`make bench TIER=…`: a whole night of one tier in a fresh process, median of some runs, beside its floor.

Each run is a new process with an empty home, so imports, the database's start and cold caches count.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.floor import floor
from bench.measure import measured

BUSINESS_DATE = date(2020, 5, 11)


def main() -> None:
    """Make the tier's extracts once, run the night several times, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tier", default="prefecture")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=20200511)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        print(json.dumps(_one_night(Path(arguments.one))))
        return
    with TemporaryDirectory(prefix="stable-jobs-bench-") as folder:
        landing = Path(folder) / "landing"
        rows = _make(landing, arguments.tier, arguments.seed)
        runs = [_in_a_new_process(landing) for _ in range(arguments.runs)]
        floors = [_floor_seconds(landing) for _ in range(arguments.runs)]
    _print(arguments.tier, rows, runs, statistics.median(floors))


def _make(landing: Path, tier: str, seed: int) -> int:
    from stable_jobs.contracts.load import contracts_as_of
    from stable_jobs.demo.write import write_demo
    from stable_jobs.settings import Settings

    contracts = contracts_as_of(Settings().contracts_root, BUSINESS_DATE)
    return write_demo(landing, seed=seed, business_date=BUSINESS_DATE, contracts=contracts, tier=tier).rows


def _in_a_new_process(landing: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.night", "--one", str(landing)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _one_night(landing: Path) -> dict[str, Any]:
    with TemporaryDirectory(prefix="stable-jobs-bench-") as home, measured("all") as whole:
        os.environ |= {"STABLE_JOBS_HOME": home, "STABLE_JOBS_LANDING": str(landing)}
        steps = _steps()
    steps.append({"name": "all", "seconds": whole.seconds})
    return {"steps": steps, "peak_bytes": max(s.get("peak_bytes", 0) for s in steps)}


def _steps() -> list[dict[str, Any]]:
    from stable_jobs.night.desk import open_desk
    from stable_jobs.night.run import steps_of
    from stable_jobs.settings import Settings

    measures = []
    with open_desk(Settings(), BUSINESS_DATE) as desk:
        for step in steps_of(desk):
            with measured(step.name) as measure:
                step.run()
            measures.append(vars(measure))
    return measures


def _floor_seconds(landing: Path) -> float:
    from stable_jobs.contracts.load import contracts_as_of
    from stable_jobs.settings import Settings

    contracts = contracts_as_of(Settings().contracts_root, BUSINESS_DATE)
    with measured("floor") as measure:
        floor(landing, {name: contract.encoding for name, contract in contracts.items()})
    return measure.seconds


def _print(tier: str, rows: int, runs: list[dict[str, Any]], floor_seconds: float) -> None:
    names = [step["name"] for step in runs[0]["steps"]]
    print(f"\n{tier}: {rows:,} rows, median of {len(runs)} nights\n")
    print(f"{'step':<24}{'seconds':>10}{'peak MB':>10}")
    for index, name in enumerate(names):
        seconds = statistics.median(run["steps"][index]["seconds"] for run in runs)
        peak = statistics.median(run["steps"][index].get("peak_bytes", run["peak_bytes"]) for run in runs)
        print(f"{name:<24}{seconds:>10.1f}{peak / 1e6:>10.0f}")
        total = seconds
    print(f"{'rows a second':<24}{rows / total:>10,.0f}")
    print(f"{'floor':<24}{floor_seconds:>10.1f}   the night is {total / floor_seconds:.1f} × its floor")


if __name__ == "__main__":
    main()
