"""What tests share: one real PostgreSQL server for the session, a fresh database per test, a home of its own.

The server is the embedded one, used by all xdist workers together and stopped by the last.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from _pytest.nodeid import coerce_node_id
from pydantic import SecretStr
from sqlalchemy import URL, Engine

from stable_jobs.garbage import collect_rarely
from stable_jobs.ledger import batches, people
from stable_jobs.ledger import event as ledger_events
from stable_jobs.settings import Settings
from stable_jobs.store.database import APP, init_database
from stable_jobs.store.embedded import embedded_server
from tests.databases import SERVER_HOME, Databases, copy_database, drop_database, run_sql
from tests.e2e.home import URL_NAME, Home, new_home
from tests.e2e.small import write_small
from tests.night.small_night import FirstNight, first_night
from tests.shared import made_once

TWO_NIGHTS = (date(2020, 5, 11), date(2020, 5, 19))
MEMORY, ROOM = Path("/dev/shm"), 6 * 2**30  # a folder of the session's own is made in it
HANDS = [people.Hand(people.AIRFLOW, "test")]
"""By whose hand people act in a test's own process: the last."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regen", action="store_true", help="write the golden files anew; read the diff")
    parser.addoption("--engine", choices=("duckdb", "spark"), default="duckdb", help="spark: beside DuckDB")


def pytest_configure(config: pytest.Config) -> None:
    """The controller makes the server's folder; workers inherit its name."""
    collect_rarely()
    if config.getoption("--engine") == "spark":
        from tests.spark.cluster import IGNORED

        for ignored in IGNORED:
            config.addinivalue_line("filterwarnings", ignored)
    if hasattr(config, "workerinput"):
        return
    home = tempfile.mkdtemp(prefix="stable-jobs-tests-", dir=_memory())
    os.environ[SERVER_HOME] = home
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))


def _memory() -> Path | None:
    """The machine's file system in memory, where it has room; None: the temporary folder.

    A night of the ledger makes a hundred temporary tables, so a sixth of what its tests cost is the making
    and removing of files on a disk.
    """
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM
    return MEMORY if has_room and os.access(MEMORY, os.W_OK) else None


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """What a module makes once for its tests is made by one worker: they are a group without being marked.

    And a test's group is put where pytest 9.2 reads it: xdist 3.8 still writes it where earlier ones did.
    Without it every `xdist_group` is ignored, and each worker makes the nights that one could share.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None and _is_made_for_the_module(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    yield
    for item in items:
        named = vars(item).get("_nodeid")
        if named is not None:
            item._id = coerce_node_id(named)


def _is_made_for_the_module(item: pytest.Item) -> bool:
    """Whether it asks for a fixture of its module's own scope."""
    known = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    return any(one.scope == "module" for made in known.values() for one in made)


@pytest.fixture
def is_regen(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--regen"))


@pytest.fixture(scope="session", autouse=True)
def spark_beside(request: pytest.FixtureRequest) -> Iterator[None]:
    """With `--engine spark` every world of a policy test is decided by Spark too."""
    if request.config.getoption("--engine") == "spark":
        from tests.spark.cluster import beside

        with beside():
            yield
    else:
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[URL]:
    """The superuser on a real server. Nothing in it outlives the session, so nothing is synced to disk."""
    with embedded_server(Path(os.environ[SERVER_HOME])) as url:
        off = (f"{one} = off" for one in ("fsync", "full_page_writes", "synchronous_commit"))
        settings = (*off, "max_wal_size = '256MB'")
        run_sql(url, *(f"ALTER SYSTEM SET {one}" for one in settings), "SELECT pg_reload_conf()")
        yield url


@pytest.fixture(scope="session", autouse=True)
def checked_people() -> Iterator[None]:
    """Whoever acts in a test's own process is somebody whom Airflow has checked, or as `HANDS` says."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (ledger_events, batches):
            patch.setattr(module, "hand_of", lambda person: people._HAND.get() or HANDS[-1])
        yield


@pytest.fixture(scope="session")
def template_database(postgres_url: URL) -> str:
    """The name of a migrated, empty database. Nobody connects to it: it could not be copied meanwhile."""
    return made_once("template", lambda _: _migrated(postgres_url))


@pytest.fixture(scope="session")
def demonstration_database(postgres_url: URL) -> str:
    """The same of a demonstration: the one kind of ledger on which commands take a name on trust."""
    return made_once("demonstration", lambda _: _migrated(postgres_url, is_demonstration=True))


def _migrated(postgres: URL, *, is_demonstration: bool = False) -> str:
    name = f"template_{uuid4().hex}"
    init_database(postgres, name=name, is_demonstration=is_demonstration)
    return name


@pytest.fixture(scope="session")
def databases(postgres_url: URL) -> Iterator[Databases]:
    """Copies of templates, each used again by the next test."""
    databases = Databases(postgres_url)
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def made(postgres_url: URL, template_database: str) -> FirstNight:
    """A first night: its homes are copies."""
    return made_once("first_night", lambda folder: first_night(postgres_url, template_database, folder))


@pytest.fixture(scope="session")
def two_nights(made: FirstNight) -> Iterator[Home]:
    """A home with two small nights and what they paid; not to change. For the group `review`.

    It begins as a copy of the first night; the second is run by the command line.
    """
    first, later = TWO_NIGHTS
    postgres = made.places.postgres
    name = copy_database(postgres, made.ended.database, "two_nights")
    url = postgres.set(username=APP, database=name).render_as_string(hide_password=False)
    with new_home(**{URL_NAME: url}) as home:
        shutil.copytree(made.ended.folder, home.path, dirs_exist_ok=True)
        for day in TWO_NIGHTS:
            key = home.path / "demo" / f"{day}.json"
            write_small(home.path / "landing", key, day, None if day == first else first)
        for command in ("night", "disburse"):
            done = home.run(command, "--date", later.isoformat())
            assert done.returncode == 0, done.stdout + done.stderr
        yield home
    drop_database(postgres, name)


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
