"""The stack's roles in a real FAB on a real PostgreSQL: what each may do in Airflow, and see of the pages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL

from tests.databases import run_sql

pytestmark = pytest.mark.xdist_group("roles")

PLUGINS = Path(__file__).parents[2] / "plugins"
PEOPLE = ("Viewer", "Officer", "Approver", "Engineer", "Admin", "Public")
ASK = """
import json, warnings
warnings.simplefilter("ignore")
from airflow.api_fastapi.main import app
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity, DagDetails
from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
from fastapi.testclient import TestClient

PEOPLE = json.loads(input())
with get_application_builder() as builder:
    for role in PEOPLE:
        name = role.lower()
        person = builder.sm.add_user(name, name, name, f"{name}@localhost", builder.sm.find_role(role), name)
        assert person

manager = get_auth_manager()
QUESTIONS = {
    "see the entry": lambda u: manager.is_authorized_view(access_view=AccessView.PLUGINS, user=u),
    "see runs": lambda u: dag(u, "GET", DagAccessEntity.RUN),
    "see questions": lambda u: dag(u, "GET", DagAccessEntity.HITL_DETAIL, "disbursement"),
    "answer": lambda u: dag(u, "PUT", DagAccessEntity.HITL_DETAIL, "disbursement"),
    "answer elsewhere": lambda u: dag(u, "PUT", DagAccessEntity.HITL_DETAIL),
    "change the night": lambda u: dag(u, "PUT", None),
    "start a night": lambda u: dag(u, "POST", DagAccessEntity.RUN),
    "set a task": lambda u: dag(u, "PUT", DagAccessEntity.TASK_INSTANCE, "disbursement"),
    "make users": lambda u: manager.is_authorized_custom_view(method="POST", resource_name="Users", user=u),
}

def dag(user, method, entity, dag_id="nightly_eligibility"):
    details = DagDetails(id=dag_id)
    return manager.is_authorized_dag(method=method, user=user, access_entity=entity, details=details)

with TestClient(app) as client:
    for role in PEOPLE:
        name = role.lower()
        given = client.post("/auth/token", json={"username": name, "password": name})
        client.cookies.clear()
        bearer = {"Authorization": "Bearer " + given.json()["access_token"]}
        page = client.get("/stable-jobs/static/icon.svg", headers=bearer).status_code
        with get_application_builder() as builder:
            user = builder.sm.find_user(name)
            may = sorted(what for what, is_allowed in QUESTIONS.items() if is_allowed(user))
        print("FOUND", json.dumps([role, page, may]))
    print("FOUND", json.dumps(["", client.get("/stable-jobs/static/icon.svg").status_code, []]))
"""
SEES = {"see the entry", "see runs", "see questions"}


@pytest.fixture(scope="module")
def environment(postgres_url: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Airflow's database as the stack's `init` leaves it."""
    name = f"airflow_of_roles_{uuid4().hex}"
    run_sql(postgres_url, f"CREATE DATABASE {name}")
    url = postgres_url.set(drivername="postgresql+psycopg2", database=name)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("STABLE_JOBS_", "AIRFLOW"))}
    yield {
        **kept,
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__CORE__AUTH_MANAGER": "stable_jobs_auth.NamedFabAuthManager",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PLUGINS),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url.render_as_string(hide_password=False),
        "AIRFLOW__API__SECRET_KEY": "of the tests only, long enough to sign with",
        "AIRFLOW__API_AUTH__JWT_SECRET": "of the tests only, " * 5,
        "PYTHONPATH": str(PLUGINS),
    }
    run_sql(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


def run(environment: dict[str, str], *arguments: str, said: str = "") -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        input=said,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def found(environment: dict[str, str]) -> dict[str, tuple[int, set[str]]]:
    """Role → the status of a page, and what it may do in Airflow; the nameless one is nobody."""
    run(environment, "-m", "airflow", "db", "migrate")
    for _ in range(2):
        run(environment, "-m", "stable_jobs_roles")
    printed = run(environment, "-c", ASK, said=json.dumps(PEOPLE))
    lines: list[Any] = [json.loads(line[6:]) for line in printed.splitlines() if line.startswith("FOUND ")]
    return {role: (status, set(may)) for role, status, may in lines}


@pytest.mark.parametrize(
    ("role", "status", "may"),
    [
        pytest.param("", 401, set(), id="nobody"),
        pytest.param("Public", 403, set(), id="somebody without a role"),
        pytest.param("Viewer", 200, SEES, id="viewer"),
        pytest.param("Officer", 200, SEES, id="officer"),
        pytest.param("Approver", 200, SEES | {"answer"}, id="approver"),
        pytest.param(
            "Engineer", 200, SEES | {"change the night", "start a night", "set a task"}, id="engineer"
        ),
        pytest.param(
            "Admin",
            200,
            SEES
            | {"answer", "answer elsewhere", "change the night", "start a night", "set a task", "make users"},
            id="admin",
        ),
    ],
)
def test_a_role_may_this_and_nothing_else(
    found: dict[str, tuple[int, set[str]]], role: str, status: int, may: set[str]
) -> None:
    assert found[role] == (status, may)
