"""Who may answer where the stack's users are FAB's. In a process of its own: FAB's import costs seconds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[2] / "plugins"
ASK = """
from types import SimpleNamespace
from airflow.configuration import conf
manager = conf.getimport("core", "auth_manager")
for name, number in (("first", "1"), ("admin", "7"), ("1", "9")):
    user = SimpleNamespace(get_name=lambda: name, get_id=lambda: number)
    print("answer", name, manager.is_authorized_hitl_task(None, assigned_users={"first", "7"}, user=user))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__CORE__AUTH_MANAGER": "stable_jobs_auth.NamedFabAuthManager",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://nobody@127.0.0.1:1/none",
        "PYTHONPATH": str(PLUGINS),
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(line.split()[1:] for line in done.stdout.splitlines() if line.startswith("answer"))


@pytest.mark.parametrize(
    ("person", "may"),
    [
        pytest.param("first", "True", id="is asked by name"),
        pytest.param("admin", "False", id="whose row number happens to be a name that is asked"),
        pytest.param("1", "False", id="is not asked"),
    ],
)
def test_who_is_asked_is_known_by_name(answers: dict[str, str], person: str, may: str) -> None:
    assert answers[person] == may
