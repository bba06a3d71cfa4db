"""`make bench-spark TIER=…`: a tier decided by DuckDB, by Spark in one process, by a cluster of two workers.

The deliveries are generated, collected and validated once, which is DuckDB's whatever the engine is. Then
each engine, one after the other and each in a process of its own, decides the night from the same files. The
nine tables are compared row for row; the benchmark ends with an error if one differs. Processor seconds and
memory are of the whole process tree: Python, Java, the cluster's daemons and executors.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psutil

from bench.night import PREFIX, delivered_rows, make_tier, say
from bench.worker import BUSINESS_DATE

if TYPE_CHECKING:
    from collections.abc import Iterator

ENGINES = ("duckdb", "local[2]", "cluster")
LOOK_SECONDS = 0.25
NEXT_TO = {"spark.driver.memory": "2g", "spark.executor.memory": "2g"}


@dataclass
class Found:
    """What one engine took: seconds to begin (imports, Java, executors) and to decide."""

    engine: str
    begin_seconds: float = 0.0
    decide_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    units: int = 0


def main() -> None:
    """Make and validate the tier once, decide it by every engine, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tier", default="county", help="county, prefecture, big_city, province, …")
    parser.add_argument("--seed", type=int, default=20200511, help="of the generated extracts")
    parser.add_argument(
        "--home", type=Path, help="keep the deliveries and the lake here; used again where they are"
    )
    parser.add_argument("--decide", choices=ENGINES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.decide is not None:
        print(json.dumps(asdict(_decide(arguments.decide))), flush=True)
        return
    with ExitStack() as stack:
        home = arguments.home or Path(stack.enter_context(TemporaryDirectory(prefix=PREFIX)))
        landing, load = home / "landing", os.getloadavg()[0]
        if not any(landing.glob("*/*/*/*.csv")):
            make_tier(landing, arguments.tier, arguments.seed)
        os.environ |= {"STABLE_JOBS_HOME": str(home), "STABLE_JOBS_LANDING": str(landing.absolute())}
        _validate()
        found = [_measured(engine, home) for engine in ENGINES]
        _same(home)
        _print(arguments.tier, delivered_rows(landing), found, load)


def _validate() -> None:
    """Collect and validate every department, as the night does."""
    from stable_jobs.contracts.model import DEPARTMENTS
    from stable_jobs.night import steps
    from stable_jobs.night.context import open_night
    from stable_jobs.settings import Settings

    with open_night(Settings(), BUSINESS_DATE) as night:
        for department in DEPARTMENTS:
            say(f"collect and validate {department}")
            steps.collect(night, department, waits=False)
            steps.validate(night, department)


def _measured(engine: str, home: Path) -> Found:
    """In a process of its own; a cluster is started before and ended after it."""
    say(f"decide by {engine}")
    with ExitStack() as stack:
        others, environment = list[int](), os.environ | {"OUT": str(home / "decided" / engine)}
        if engine != "duckdb":
            environment |= {"STABLE_JOBS_ENGINE": "spark", "STABLE_JOBS_SPARK_MASTER": engine}
            environment |= stack.enter_context(_spark(engine, others))
        command = [sys.executable, "-m", "bench.spark", "--decide", engine]
        process = stack.enter_context(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        )
        cpu, peak = _watch(process, others)
        said = process.communicate()[0]
        if process.returncode:
            raise SystemExit(f"{engine} failed")
        found = Found(**json.loads(said.splitlines()[-1]))
        found.cpu_seconds, found.peak_bytes = cpu, peak
        return found


@contextmanager
def _spark(engine: str, others: list[int]) -> Iterator[dict[str, str]]:
    """The environment of a session; `others` gets the daemons of the cluster."""
    from tests.spark.cluster import DEFAULTS, cluster, write_defaults

    values = {k: v for k, v in DEFAULTS.items() if k != "spark.sql.shuffle.partitions"} | NEXT_TO
    values["spark.sql.shuffle.partitions"] = str(2 * (os.cpu_count() or 2))
    if engine == "cluster":
        with cluster(values, memory="2g") as made:
            others += [daemon.pid for daemon in made.daemons.values()]
            yield {"STABLE_JOBS_SPARK_MASTER": made.master, "SPARK_CONF_DIR": os.environ["SPARK_CONF_DIR"],
                   "SPARK_LOCAL_IP": os.environ["SPARK_LOCAL_IP"]}  # fmt: skip
    else:
        with TemporaryDirectory(prefix=PREFIX) as folder:
            write_defaults(Path(folder) / "conf", values | {"spark.driver.memory": "4g"})
            yield {"SPARK_CONF_DIR": f"{folder}/conf", "SPARK_LOCAL_IP": "127.0.0.1"}


def _watch(process: subprocess.Popen[str], others: list[int]) -> tuple[float, int]:
    """Wait for the process: processor seconds of all trees, each process's last seen, and the most memory."""
    cpu, peak = dict[tuple[int, float], float](), 0
    before: dict[tuple[int, float], float] | None = None
    while process.poll() is None:
        memory = 0
        for root in (process.pid, *others):
            for one in _tree(root):
                try:
                    times, key = one.cpu_times(), (one.pid, one.create_time())
                    cpu[key] = times.user + times.system
                    memory += one.memory_info().rss
                except psutil.Error:
                    continue
        before = dict(cpu) if before is None else before
        peak = max(peak, memory)
        time.sleep(LOOK_SECONDS)
    started = sum(seconds for key, seconds in (before or {}).items() if key[0] in others)
    return sum(cpu.values()) - started, peak


def _tree(root: int) -> list[psutil.Process]:
    try:
        top = psutil.Process(root)
        return [top, *top.children(recursive=True)]
    except psutil.Error:
        return []


def _decide(engine: str) -> Found:
    """Decide the night of the home into `OUT`. The first query stands for the executors being there."""
    began = time.monotonic()
    from stable_jobs.night.context import open_night
    from stable_jobs.night.steps import deliveries_in_force
    from stable_jobs.policy.determine import decide, input_files, keep_in
    from stable_jobs.policy.extracts import Inputs, count_of
    from stable_jobs.settings import Settings

    out = Path(os.environ["OUT"])
    out.mkdir(parents=True, exist_ok=True)
    with open_night(Settings(), BUSINESS_DATE) as night:
        in_force, held = deliveries_in_force(night)
        inputs = Inputs(input_files(night.lake, in_force), night.contracts, held)
        backend = night.computing.backend
        backend.raw_sql("SELECT 1")
        ready = time.monotonic()
        tables = decide(backend, inputs, night.policies, BUSINESS_DATE, keep_in(backend, str(out)))
        ended = time.monotonic()
        units = count_of(tables["unit_facts"])
    return Found(engine, ready - began, ended - ready, units=units)


def _same(home: Path) -> None:
    """Every row of every table, in order, is DuckDB's own; ends the benchmark otherwise."""
    import duckdb

    from stable_jobs.policy.determine import KINDS
    from stable_jobs.store.engine import read_parquet_sql

    with duckdb.connect() as con:
        for engine in ENGINES[1:]:
            for kind in KINDS:
                one, other = (
                    f"(SELECT *, row_number() OVER () AS place FROM"
                    f" {read_parquet_sql([str(home / 'decided' / which / f'{kind}.parquet')])})"
                    for which in (ENGINES[0], engine)
                )
                ((different,),) = con.execute(
                    f"SELECT count(*) FROM ((FROM {one} EXCEPT ALL FROM {other})"
                    f" UNION ALL (FROM {other} EXCEPT ALL FROM {one}))"
                ).fetchall()
                if different:
                    raise SystemExit(f"{engine}: {different} rows of {kind} are not DuckDB's")


def _print(tier: str, rows: int, found: list[Found], load: float) -> None:
    print(f"\n{tier}: {found[0].units:,} units, {rows:,} rows")
    print(f"{os.cpu_count()} processors, load before {load:.1f}\n")
    print(f"{'engine':<12}{'begin s':>10}{'decide s':>10}{'cpu s':>10}{'peak MB':>10}{'µs a unit':>12}")
    for one in found:
        each = one.decide_seconds / max(one.units, 1) * 1e6
        print(
            f"{one.engine:<12}{one.begin_seconds:>10.1f}{one.decide_seconds:>10.1f}{one.cpu_seconds:>10.1f}"
            f"{one.peak_bytes / 1e6:>10,.0f}{each:>12,.0f}"
        )
    print("\nAll nine tables of all engines are equal, row for row and in order.")


if __name__ == "__main__":
    main()
