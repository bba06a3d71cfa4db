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
from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from stable_jobs.garbage import collect_rarely
from stable_jobs.ledger import approvals, hands
from stable_jobs.ledger import event as ledger_events
from stable_jobs.settings import Settings
from stable_jobs.store.database import APP, init_database
from stable_jobs.store.embedded import embedded_server

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


def run_sql(url: URL, *statements: str) -> None:
    """Run statements that cannot be in a transaction."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def copy_database(postgres: URL, template: str, kind: str) -> str:
    """A database like the template; its name. Files are copied: half the time of going through the log."""
    name = f"{kind}_{uuid4().hex}"
    run_sql(postgres, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    return name


def drop_database(postgres: URL, name: str) -> None:
    """Whoever is still connected to it."""
    run_sql(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def mark_demonstration(url: URL, name: str) -> None:
    """Make a test's database one of a demonstration: the packaged policies count as confirmed in it."""
    run_sql(
        url.set(database=name),
        "SET session_replication_role = replica",
        "UPDATE installation SET is_demonstration = true",
    )


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


@pytest.fixture
def database_url(postgres_url: URL, template_database: str) -> Iterator[URL]:
    """The application's URL of a fresh migrated database."""
    name = copy_database(postgres_url, template_database, "test")
    yield postgres_url.set(username=APP, database=name)
    drop_database(postgres_url, name)


@pytest.fixture
def engine(database_url: URL) -> Iterator[Engine]:
    """A fresh migrated database as the application sees it."""
    engine = create_engine(database_url, poolclass=NullPool)
    yield engine
    engine.dispose()


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
