"""A DAG file is read in a process of its own, as Airflow reads it.

Loading Airflow is most of what that costs, so the processes are forks of one that has loaded it. What is read
again to be compared with the first reading is read in forks of another one: its sets have another order.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DAGS = Path(__file__).parents[2] / "dags"
READER = Path(__file__).with_name("reader.py")
LOADED = Path(__file__).with_name("loaded.py")
FIRST, SECOND = "first", "second"


AIRFLOWS: dict[str, subprocess.Popen[str]] = {}
"""The processes that have loaded Airflow, by name."""


def in_airflow(source: str, *arguments: str, home: Path, which: str = FIRST, **environment: str) -> Any:
    """What the program prints last, as JSON. home: where it runs, with nothing set but what is given."""
    if which not in AIRFLOWS:
        AIRFLOWS[which] = started(home)
    process, told = AIRFLOWS[which], [home / "out", home / "err"]
    assert process.stdin is not None
    assert process.stdout is not None
    asked = {"source": source, "arguments": arguments, "environment": environment, "folder": str(home)}
    process.stdin.write(json.dumps(asked | {"told": [str(path) for path in told]}) + "\n")
    process.stdin.flush()
    ended = next(line for line in process.stdout if line.startswith("ended"))
    assert ended == "ended 0\n", told[1].read_text()
    return json.loads(told[0].read_text().splitlines()[-1])


def started(home: Path) -> subprocess.Popen[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("STABLE_JOBS_", "AIRFLOW"))}
    return subprocess.Popen(
        [sys.executable, str(LOADED)],
        env={**kept, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS)},
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="session", autouse=True)
def airflows_end() -> Iterator[None]:
    yield
    for process in AIRFLOWS.values():
        process.communicate()
    AIRFLOWS.clear()


def read_dag(
    home: Path, name: str = "nightly_eligibility", which: str = SECOND, **environment: str
) -> dict[str, Any]:
    """What `reader` prints of a DAG, with that folder as home and nothing else set."""
    source = READER.read_text(encoding="utf-8")
    return dict(in_airflow(source, str(DAGS), name, home=home, which=which, **environment))


@pytest.fixture(scope="session")
def nightly(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return read_dag(tmp_path_factory.mktemp("airflow"), which=FIRST)


@pytest.fixture(scope="session")
def disbursement(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return read_dag(tmp_path_factory.mktemp("airflow"), "disbursement", FIRST)


@pytest.fixture(scope="session")
def returns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return read_dag(tmp_path_factory.mktemp("airflow"), "payment_returns", FIRST)
