"""`make bench-review`: how long each page of the review app takes over a province's night, and what it holds.

The app runs in a server process of its own, as in Airflow's server; requests come one after the other. The
home is kept when `--home` names it: a night of a province takes minutes to make.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import httpx
import psutil

DATE = "2020-05-11"
PREFIX = "/stable-jobs"
MEDIAN_MS, P95_MS, GROWTH_MB = 500, 1500, 300
CHANGED = ('value: "0.5"', 'value: "0.4"')
"""The same date is decided a second time with another rate, so that there is something to compare."""


@dataclass(frozen=True)
class Timed:
    """One page. Milliseconds, sorted."""

    name: str
    times: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        return self.times[max(0, -(-len(self.times) * 95 // 100) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tier", default="province", help="county, prefecture, big_city or province")
    parser.add_argument("--home", type=Path, help="where the night is made, and found again")
    parser.add_argument("--landing", type=Path, help="extracts that are there already")
    parser.add_argument("--requests", type=int, default=20, help="of each page")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        _serve(arguments.serve)
        return
    home = (arguments.home or Path(mkdtemp(prefix="stable-jobs-bench-"))).absolute()
    try:
        _make(home, arguments.tier, arguments.landing)
        _measure(home, arguments.requests)
    finally:
        if arguments.home is None:
            shutil.rmtree(home)


def _make(home: Path, tier: str, landing: Path | None) -> None:
    """The night, the same date decided otherwise, and its disbursement; each step once."""
    environment = os.environ | {"STABLE_JOBS_HOME": str(home)}
    if landing is not None:
        environment["STABLE_JOBS_LANDING"] = str(landing.absolute())
    done = home / "bench-made"
    if done.exists():
        return
    home.mkdir(parents=True, exist_ok=True)
    if landing is None:
        _run(environment, "demo", "--date", DATE, "--tier", tier)
    _run(environment, "night", "--date", DATE)
    with tempfile.TemporaryDirectory() as folder:
        changed = {"STABLE_JOBS_POLICIES": str(_changed_policies(Path(folder) / "policies"))}
        _run(environment | changed, "night", "--date", DATE)
    _run(environment, "disburse", "--date", DATE)
    done.touch()


def _changed_policies(folder: Path) -> Path:
    from stable_jobs.settings import data_folder

    shutil.copytree(data_folder("policies"), folder)
    for path in folder.rglob("*.yaml"):
        path.write_text(path.read_text(encoding="utf-8").replace(*CHANGED), encoding="utf-8")
    return folder


def _run(environment: dict[str, str], *arguments: str) -> None:
    print("stable-jobs", *arguments, file=sys.stderr, flush=True)
    program = Path(sys.executable).parent / "stable-jobs"
    subprocess.run([program, *arguments], env=environment, stdout=subprocess.DEVNULL, check=True)


def _serve(port: int) -> None:
    import uvicorn
    from tests.review.stand_in import mounted

    from stable_jobs.settings import Settings

    uvicorn.run(mounted(Settings()), host="127.0.0.1", port=port, log_level="warning")


@contextmanager
def _server(home: Path) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "bench.review", "--serve", str(port)]
    headers = {"authorization": "Bearer bench:officer,approver,engineer"}
    with subprocess.Popen(command, env=os.environ | {"STABLE_JOBS_HOME": str(home)}) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=120) as client:
                _wait(client)
                yield client, psutil.Process(process.pid)
        finally:
            process.terminate()


def _wait(client: httpx.Client) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            client.get(f"{PREFIX}/static/review.css").raise_for_status()
            return
        except httpx.ConnectError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _measure(home: Path, requests: int) -> None:
    with _server(home) as (client, process):
        before = process.memory_info().rss
        print(f"{'page':<44}{'median ms':>10}{'p95 ms':>10}{'first ms':>10}{'KB':>8}{'MB more':>9}")
        found = [_time(client, process, before, *page, requests) for page in _pages(home, client)]
        growth = (process.memory_info().rss - before) / 1e6
    everything = tuple(sorted(t for one in found for t in one.times))
    whole = Timed("all pages", everything)
    print(f"{'all pages':<44}{whole.median:>10,.0f}{whole.p95:>10,.0f}\nmemory growth {growth:,.0f} MB")
    slow = [one.name for one in found if one.median > MEDIAN_MS or one.p95 > P95_MS]
    if slow or growth > GROWTH_MB:
        raise SystemExit(f"over {MEDIAN_MS} ms, {P95_MS} ms or {GROWTH_MB} MB: {', '.join(slow) or 'memory'}")


def _time(
    client: httpx.Client, process: psutil.Process, before: int, name: str, path: str, requests: int
) -> Timed:
    """The first request is shown and not counted: it opens what the server then keeps."""
    first = _once(client, path)[0]
    while client.get(PREFIX + path).status_code == 202:
        time.sleep(0.2)
    took = [_once(client, path) for _ in range(requests)]
    timed = Timed(name, tuple(sorted(ms for ms, _ in took)))
    more = (process.memory_info().rss - before) / 1e6
    figures = (timed.median, timed.p95, first)
    columns = "".join(f"{milliseconds:>10,.0f}" for milliseconds in figures)
    print(f"{name:<44}{columns}{took[0][1] / 1e3:>8,.0f}{more:>9,.0f}", flush=True)
    return timed


def _once(client: httpx.Client, path: str) -> tuple[float, int]:
    started = time.monotonic()
    answer = client.get(PREFIX + path)
    milliseconds = (time.monotonic() - started) * 1000
    if answer.status_code not in (200, 202):
        raise SystemExit(f"{path}: {answer.status_code}")
    return milliseconds, len(answer.content)


def _pages(home: Path, client: httpx.Client) -> list[tuple[str, str]]:
    """What is looked at: a unit and a batch of the night are asked of the pages themselves."""
    import re

    def first(pattern: str, path: str) -> str:
        return str(re.findall(pattern, client.get(PREFIX + path).text)[0])

    night = f"/nights/{DATE}"
    region, uscc = re.findall(rf"{night}/enterprises/(\d+)/(\w+)", client.get(f"{PREFIX}/enterprises").text)[
        0
    ]
    name = first(rf"{night}/enterprises/{region}/{uscc}\"[^>]*>\s*<bdi[^>]*>([^<]+)<", "/enterprises")
    batch = first(r"/batches/([\d]+-\d+-L\d-\d+)\"", "/batches?sort=-units")
    return [
        ("nights", night),
        ("validation report", f"{night}/report"),
        ("validation report, a department", f"{night}/report/tax"),
        ("validation report, an extract", f"{night}/report/tax/premium_payments"),
        ("enterprises, all", "/enterprises"),
        ("enterprises, by a code", f"/enterprises?q={uscc}"),
        ("enterprises, by a part of a name", f"/enterprises?q={name[2:5]}"),
        ("enterprises, undecided, by name", "/enterprises?decision=undecided&sort=unit"),
        ("enterprises, page 20,000", "/enterprises?page=20000"),
        ("an enterprise", f"{night}/enterprises/{region}/{uscc}"),
        ("regions", f"/regions?on={DATE}"),
        ("a region", f"/regions/{region}?on={DATE}"),
        ("batches", "/batches"),
        ("a batch", f"/batches/{batch}"),
        ("a batch, its lines from the end", f"/batches/{batch}?page=1000"),
        ("comparison", f"/comparison?night={DATE}&against={DATE}"),
        ("comparison, one kind, by name", f"/comparison?night={DATE}&against={DATE}&kind=changed&sort=unit"),
        ("comparison, page 1,000", f"/comparison?night={DATE}&against={DATE}&page=1000"),
    ]


if __name__ == "__main__":
    main()
