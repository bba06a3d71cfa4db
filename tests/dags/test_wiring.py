"""Where a task decides: by the connection of Airflow, unless the environment names the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dags.conftest import DAGS, in_airflow

pytestmark = pytest.mark.xdist_group("dags")

ASKED = """
import json, os, sys
from types import SimpleNamespace
sys.path.insert(0, sys.argv[1])
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException
import stable_jobs_wiring
if not any(name.startswith("AIRFLOW_CONN_") for name in os.environ):
    def missing(conn_id):
        raise AirflowNotFoundException(conn_id)
    Connection.get = missing
run = stable_jobs_wiring.spark_run_of(SimpleNamespace(partition_key="2020-05-11", run_type="manual"), {})
names = ("STABLE_JOBS_ENGINE", "STABLE_JOBS_SPARK_MASTER")
print(json.dumps([run.business_date, *(os.environ.get(name) for name in names)]))
"""


@pytest.mark.parametrize(
    ("environment", "engine", "master"),
    [
        pytest.param({}, None, None, id="no connection"),
        pytest.param(
            {"AIRFLOW_CONN_STABLE_JOBS_SPARK": '{"conn_type": "spark", "host": "spark://h", "port": 7077}'},
            "spark", "spark://h:7077", id="a standalone master",
        ),
        pytest.param(
            {"AIRFLOW_CONN_STABLE_JOBS_SPARK": '{"conn_type": "spark", "host": "yarn"}'},
            "spark", "yarn", id="YARN",
        ),
        pytest.param(
            {"AIRFLOW_CONN_STABLE_JOBS_SPARK": '{"conn_type": "spark", "host": "yarn"}',
             "STABLE_JOBS_ENGINE": "duckdb"},
            "duckdb", None, id="the environment goes before it",
        ),
    ],
)  # fmt: skip
def test_the_engine_of_a_task(
    environment: dict[str, str], engine: str | None, master: str | None, tmp_path: Path
) -> None:
    assert in_airflow(ASKED, str(DAGS), home=tmp_path, **environment) == ["2020-05-11", engine, master]
