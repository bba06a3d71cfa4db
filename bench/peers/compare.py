"""`make bench-peers TIER=…`: the product with and without its ledger, and four peers, over the same files.

All are run in turns, N rounds; each run is a process of its own with empty folders. The lists of all must be
the same, row for row, or nothing is written down. The figures go to results.json, and from there to
bench/README.md and its chart.
"""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.night import make_tier, say
from bench.peers.from_contracts import spec_of
from bench.peers.product import general_rows
from bench.peers.results import FIGURES, Figures, Result, machine, render, with_result
from bench.peers.spec import Spec, read_lists
from bench.peers.tree import Cost, adopt, measure
from bench.worker import BUSINESS_DATE
from stable_jobs.settings import Settings
from stable_jobs_demo.tiers import TIERS

SEED = 20200511
PREFIX = "stable-jobs-peers-"
WITHOUT, WITH = "product without ledger", "product with ledger"
MODULES = {
    "pandas + GX": "pandas_gx",
    "PostgreSQL + GX": "postgres_gx",
    "Polars": "polars_expressions",
    "Spark local": "spark_local",
}
OF_THE_PEERS = ("Polars", "Spark local")
"""Those that run in the peers' environment; the others need only what the product has."""
Rows = set[tuple[str, str, str, str]]


@dataclass(frozen=True)
class Bench:
    """The landed files, the work, and the Python of the peers' environment."""

    landing: Path
    spec: Spec
    python: Path

    def run(self, name: str, log: Path) -> tuple[Cost, Rows]:
        """One run in empty folders: its cost, and what it pays."""
        with TemporaryDirectory(prefix=PREFIX) as folder:
            place = Path(folder)
            place.chmod(0o755)
            (place / "scratch").mkdir()
            self.spec.write(place / "spec.json")
            cost = measure(self._command(name, place), self._environment(place), log)
            is_product = name in (WITHOUT, WITH)
            return cost, general_rows(place / "home") if is_product else read_lists(place / "out")

    def _command(self, name: str, place: Path) -> list[str]:
        if name in (WITHOUT, WITH):
            return [sys.executable, "-m", "bench.peers.product", "with" if name == WITH else "without"]
        python = self.python if name in OF_THE_PEERS else Path(sys.executable)
        paths = (place / "spec.json", self.landing, place / "out", place / "scratch")
        return [str(python), "-m", f"bench.peers.{MODULES[name]}", *map(str, paths)]

    def _environment(self, place: Path) -> dict[str, str]:
        return os.environ | {
            "STABLE_JOBS_HOME": str(place / "home"),
            "STABLE_JOBS_LANDING": str(self.landing.absolute()),
            "POLARS_MAX_THREADS": str(self.spec.threads),
            "TMPDIR": str(place),
        }


def main() -> None:
    """Make the files, run all in turns, compare their lists, print the table, write the figures down."""
    arguments = _arguments()
    adopt()
    with ExitStack() as stack:
        made = stack.enter_context(TemporaryDirectory(prefix=PREFIX)) if arguments.landing is None else None
        landing = arguments.landing or Path(str(made))
        bench = bench_over(landing, arguments.tier, arguments.python)
        found = _rounds(bench, arguments.only or [WITHOUT, WITH, *MODULES], arguments.runs)
    result = Result(
        tier=arguments.tier,
        units=TIERS[arguments.tier],
        runs=arguments.runs,
        measured_on=time.strftime("%Y-%m-%d"),
        machine=machine(),
        load=found.load,
        command=f"make bench-peers TIER={arguments.tier}",
        figures=tuple(_median(name, costs) for name, costs in found.costs.items()),
    )
    print(render([result]))
    if arguments.only is None:
        _write_down(result, arguments.python)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tier", default="county", choices=sorted(TIERS))
    parser.add_argument("--runs", type=int, default=3, help="rounds; the medians are shown")
    parser.add_argument(
        "--python", type=Path, default=Path(".venv-bench/bin/python"), help="the peers' Python"
    )
    parser.add_argument("--landing", type=Path, help="keep the files here; used again where they exist")
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="only this one; nothing is written down"
    )
    return parser.parse_args()


def bench_over(landing: Path, tier: str, python: Path) -> Bench:
    """The tier's files under a folder, made unless they are there, and the work over them."""
    if not any(landing.glob("*/*/*/*.csv")):
        make_tier(landing, tier, SEED)
    return Bench(landing, spec_of(Settings(), BUSINESS_DATE), python)


@dataclass(frozen=True)
class Found:
    """The costs of each, round by round, and the load of the machine before."""

    costs: dict[str, list[Cost]]
    load: float


def _rounds(bench: Bench, names: list[str], runs: int) -> Found:
    load, costs, first = os.getloadavg()[0], {name: list[Cost]() for name in names}, dict[str, Rows]()
    with TemporaryDirectory(prefix=PREFIX) as folder:
        for number in range(runs):
            for name in names:
                say(f"{name}, {number + 1} of {runs}")
                cost, rows = bench.run(name, Path(folder) / "log")
                say(f"  {cost.seconds:.1f} s, {cost.cpu_seconds:.1f} cpu s, {cost.peak_bytes / 1e6:,.0f} MB")
                costs[name].append(cost)
                first.setdefault(names[0], rows)
                assert_equal(names[0], first[names[0]], name, rows)
    return Found(costs, load)


def assert_equal(one: str, rows: Rows, other: str, others: Rows) -> None:
    """SystemExit where two pay different units or amounts, or nobody."""
    if not rows or rows != others:
        missing, more = sorted(rows - others), sorted(others - rows)
        raise SystemExit(
            f"{other} pays {len(others)} units and {one} {len(rows)}; "
            f"only {one}: {missing[:3]}; only {other}: {more[:3]}"
        )


def _median(name: str, costs: list[Cost]) -> Figures:
    return Figures(
        name,
        round(statistics.median(cost.seconds for cost in costs), 1),
        round(statistics.median(cost.cpu_seconds for cost in costs), 1),
        round(statistics.median(cost.peak_bytes for cost in costs) / 1e6),
    )


def _write_down(result: Result, python: Path) -> None:
    with_result(result)
    subprocess.run([str(python), "-m", "bench.peers.chart"], check=True)
    print(f"written: {FIGURES}, bench/README.md, bench/peers.svg; {shlex.quote(result.command)}")


if __name__ == "__main__":
    main()
