"""A DAG file is read in a process of its own, as Airflow reads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DAGS = Path(__file__).parents[2] / "dags"
READER = Path(__file__).with_name("reader.py")


def read_dag(home: Path, name: str = "nightly_eligibility", **environment: str) -> dict[str, Any]:
    """What `reader` prints of a DAG, with that folder as home and nothing else set."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("STABLE_JOBS_", "AIRFLOW"))}
    done = subprocess.run(
        [sys.executable, str(READER), str(DAGS), name],
        env={**kept, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS), **environment},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="session")
def nightly(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return read_dag(tmp_path_factory.mktemp("airflow"))


@pytest.fixture(scope="session")
def disbursement(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return read_dag(tmp_path_factory.mktemp("airflow"), "disbursement")


@pytest.fixture(scope="session")
def returns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return read_dag(tmp_path_factory.mktemp("airflow"), "payment_returns")
