"""What the plugin costs and leaves in a process of Airflow, and where its links lead."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PLUGINS = Path(__file__).parents[2] / "plugins"
HEAVY = {"great_expectations", "pandas", "duckdb", "ibis"}
AT_MOST_SECONDS = 1.5
"""Of processor time, which other work on the machine makes longer too."""
TRIES = 3
"""The quickest counts: other tests share the machine."""
IMPORT = """
import json, sys, time
{before}
known, started = set(sys.modules), time.process_time()
from stable_jobs_plugin import StableJobsPlugin
plugin = StableJobsPlugin()
{after}
seconds = time.process_time() - started
added = sorted(set(sys.modules) - known)
print(json.dumps({{"seconds": seconds, "added": added}}))
"""
EVERYWHERE = ("import airflow.sdk, airflow.plugins_manager, airflow.providers_manager", "")
API_SERVER = (
    "import airflow.api_fastapi.app, airflow.api_fastapi.core_api.security",
    "assert plugin.fastapi_apps[0]['url_prefix'] == '/stable-jobs'",
)
REFUSED = """
from stable_jobs_plugin import StableJobsPlugin
StableJobsPlugin().fastapi_apps
"""
LINKS = """
import json
import stable_jobs_plugin as here
from types import SimpleNamespace

here._business_date = lambda ti_key: ti_key.key
here._name_of_mapped = lambda ti_key: ti_key.batch
asked = json.loads(input())
for one in asked:
    key = SimpleNamespace(run_id="r", map_index=-1, **one)
    links = here.StableJobsPlugin.global_operator_extra_links
    found = {type(link).__name__: link.get_link(None, ti_key=key) for link in links}
    print(json.dumps({name: url for name, url in found.items() if url}))
"""


def in_airflow(tmp_path: Path, program: str, said: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """A program in a process of its own, with the plugins' folder where Airflow puts it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("STABLE_JOBS_", "AIRFLOW"))}
    environment = {
        **kept,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://nobody@127.0.0.1:1/none",
        "AIRFLOW__API__SECRET_KEY": "of the tests only",
        "PYTHONPATH": str(PLUGINS),
        **more,
    }
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, env=environment, input=said, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(*EVERYWHERE, id="in every process"),
        pytest.param(*API_SERVER, id="in the API server, with the app"),
    ],
)
def test_it_comes_quickly_and_alone(tmp_path: Path, before: str, after: str) -> None:
    for _ in range(TRIES):
        done = in_airflow(tmp_path, IMPORT.format(before=before, after=after))
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout.splitlines()[-1])
        assert {name.partition(".")[0] for name in found["added"]} & HEAVY == set()
        if found["seconds"] <= AT_MOST_SECONDS:
            break
    assert found["seconds"] <= AT_MOST_SECONDS


def test_only_the_api_server_gets_the_app(tmp_path: Path) -> None:
    done = in_airflow(tmp_path, IMPORT.format(before=EVERYWHERE[0], after=""))
    added = set(json.loads(done.stdout.splitlines()[-1])["added"])
    assert added & {"fastapi", "stable_jobs_server"} == set()
    ours = {name for name in added if name.partition(".")[0] == "stable_jobs"}
    assert ours == {"stable_jobs", "stable_jobs.dag_ids"}


def test_it_refuses_to_start_without_a_key(tmp_path: Path) -> None:
    done = in_airflow(tmp_path, REFUSED, AIRFLOW__API__SECRET_KEY="")
    assert done.returncode != 0
    assert "AirflowConfigException: the review pages need [api] secret_key" in done.stderr


def task(dag_id: str, task_id: str, batch: str = "", key: str = "2020-05-11") -> dict[str, Any]:
    return {"dag_id": dag_id, "task_id": task_id, "batch": batch, "key": key}


NIGHT, DISBURSEMENT, REVIEW = "nightly_eligibility", "disbursement", "review.first_approval"
BATCH = "360100-20200511-L2-1"
CASES = [
    pytest.param(task(NIGHT, "report"), {"ReportLink": "/nights/2020-05-11/report"}, id="report"),
    pytest.param(task(NIGHT, "tax.owed"), {"ReportLink": "/nights/2020-05-11/report/tax"}, id="department"),
    pytest.param(task(NIGHT, "compare"), {"ComparisonLink": "/comparison?night=2020-05-11"}, id="compare"),
    pytest.param(task(DISBURSEMENT, REVIEW, BATCH), {"BatchLink": f"/batches/{BATCH}"}, id="approval"),
    pytest.param(task(DISBURSEMENT, "form"), {"BatchLink": "/batches?on=2020-05-11"}, id="all batches"),
    pytest.param(
        task(DISBURSEMENT, REVIEW, "3"), {"BatchLink": "/batches?on=2020-05-11"}, id="tried again, no name"
    ),
    pytest.param(
        task(DISBURSEMENT, REVIEW, "../../dags"), {"BatchLink": "/batches?on=2020-05-11"}, id="no batch"
    ),
    pytest.param(
        task(NIGHT, "report", key="a/../b"), {"ReportLink": "/nights/a%2F..%2Fb/report"}, id="quoted"
    ),
    pytest.param(task(NIGHT, "report", key=""), {}, id="a run without a date"),
    pytest.param(task("somebody_elses", "report"), {}, id="another DAG"),
]


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, str]]]:
    """Base URL → the links of each case."""
    asked = json.dumps([case.values[0] for case in CASES])
    found = {}
    for base in ("http://localhost:8080", "https://bureau.example/airflow/"):
        done = in_airflow(tmp_path_factory.mktemp("airflow"), LINKS, asked, AIRFLOW__API__BASE_URL=base)
        assert done.returncode == 0, done.stderr
        found[base] = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return found


@pytest.mark.parametrize(
    ("base", "above"), [("http://localhost:8080", ""), ("https://bureau.example/airflow/", "/airflow")]
)
@pytest.mark.parametrize(
    ("place", "expected"), [pytest.param(n, case.values[1], id=case.id) for n, case in enumerate(CASES)]
)
def test_links(
    links: dict[str, list[dict[str, str]]], base: str, above: str, place: int, expected: dict[str, str]
) -> None:
    assert links[base][place] == {name: f"{above}/stable-jobs{url}" for name, url in expected.items()}
