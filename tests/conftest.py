"""What tests share: one real PostgreSQL server for the session, a fresh database per test, a home of its own.

The server is the embedded one, used by all xdist workers together and stopped by the last.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from _pytest.nodeid import coerce_node_id
from pydantic import SecretStr
from sqlalchemy import URL, Engine

from stable_jobs.garbage import collect_rarely
from stable_jobs.ledger import approvals, hands
from stable_jobs.ledger import event as ledger_events
from stable_jobs.settings import Settings
from stable_jobs.store.database import APP, init_database
from stable_jobs.store.embedded import embedded_server
from tests.databases import Databases, run_sql

SERVER_HOME = "TEST_POSTGRES_HOME"
HANDS = [hands.Hand(hands.AIRFLOW, "test")]
"""By whose hand people act in a test's own process: the last."""


def pytest_configure(config: pytest.Config) -> None:
    """The controller makes the server's folder; workers inherit its name."""
    collect_rarely()
    if hasattr(config, "workerinput"):
        return
    home = tempfile.mkdtemp(prefix="stable-jobs-tests-")
    os.environ[SERVER_HOME] = home
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put a test's group where pytest 9.2 reads it: xdist 3.8 still writes it where earlier ones did.

    Without it every `xdist_group` is ignored, and each worker makes the nights that one could share.
    """
    for item in items:
        named = vars(item).get("_nodeid")
        if named is not None:
            item._id = coerce_node_id(named)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[URL]:
    """The superuser on a real server. Nothing in it outlives the session, so nothing is synced to disk."""
    with embedded_server(Path(os.environ[SERVER_HOME])) as url:
        settings = ("fsync = off", "full_page_writes = off")
        run_sql(url, *(f"ALTER SYSTEM SET {one}" for one in settings), "SELECT pg_reload_conf()")
        yield url


@pytest.fixture(scope="session", autouse=True)
def checked_people() -> Iterator[None]:
    """Whoever acts in a test's own process is somebody whom Airflow has checked, or as `HANDS` says."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (ledger_events, approvals):
            patch.setattr(module, "hand_of", lambda person: hands._HAND.get() or HANDS[-1])
        yield


@pytest.fixture(scope="session")
def template_database(postgres_url: URL) -> str:
    """The name of a migrated, empty database of this worker."""
    name = f"template_{uuid4().hex}"
    init_database(postgres_url, name=name)
    return name


@pytest.fixture(scope="session")
def databases(postgres_url: URL) -> Iterator[Databases]:
    """Copies of templates, each used again by the next test."""
    databases = Databases(postgres_url)
    yield databases
    databases.close()


@pytest.fixture
def database_url(databases: Databases, template_database: str) -> Iterator[URL]:
    """The application's URL of a migrated database as it is when new."""
    name = databases.take(template_database)
    yield databases.postgres.set(username=APP, database=name)
    databases.give_back(template_database, name)


@pytest.fixture
def engine(databases: Databases, database_url: URL) -> Engine:
    """A migrated database as it is when new, as the application sees it."""
    return databases.engines[str(database_url.database)]


@pytest.fixture
def server_home() -> Iterator[Path]:
    """A new folder that an embedded server can live in.

    Not pytest's `tmp_path`: each pytest session that starts on the machine closes that tree to other users,
    and as root the server is one.
    """
    home = Path(tempfile.mkdtemp(dir=os.environ[SERVER_HOME]))
    yield home
    shutil.rmtree(home)


@pytest.fixture
def settings(server_home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home of the test's own, whatever the environment says; no database URL."""
    for name in [name for name in os.environ if name.startswith("STABLE_JOBS_")]:
        monkeypatch.delenv(name)
    return Settings(_env_file=None, home=server_home / "home")


@pytest.fixture
def settings_with_database(settings: Settings, database_url: URL) -> Settings:
    """`settings` on the same fresh database as `engine`: `database(settings)` starts no server."""
    url = database_url.render_as_string(hide_password=False)
    return settings.model_copy(update={"database_url": SecretStr(url)})
