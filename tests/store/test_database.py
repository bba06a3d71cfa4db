import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

import stable_jobs
from stable_jobs.errors import StepError, UsageError
from stable_jobs.settings import Settings
from stable_jobs.store.database import (
    APP,
    OWNER,
    business_date_lock,
    database,
    init_database,
    postgres_url,
)
from stable_jobs.store.tables import metadata
from tests.databases import advisory_locks
from tests.pooler import transaction_pooler
from tests.processes import output_of, tell

D = date(2020, 5, 11)
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(stable_jobs.__file__).parents[1])}


def python(program: str, *arguments: str) -> subprocess.Popen[str]:
    """A process of its own; its warnings are errors as here."""
    command = [sys.executable, "-W", "error", "-c", program, *arguments]
    return subprocess.Popen(
        command,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def with_url(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"database_url": SecretStr(url)})


def plain(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@pytest.mark.parametrize(
    "driver",
    ["postgresql", "postgresql+psycopg", "postgresql+psycopg2", "postgresql+asyncpg"],
)
def test_any_postgresql_url_is_psycopg_s(driver: str) -> None:
    url = postgres_url(f"{driver}://me:p%40ss@db.example:5433/jobs")
    assert (url.drivername, url.username, url.password) == ("postgresql+psycopg", "me", "p@ss")
    assert (url.host, url.port, url.database) == ("db.example", 5433, "jobs")


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("sqlite:///secret.db", id="sqlite"),
        pytest.param("mysql://me:secret@db/jobs", id="mysql"),
        pytest.param("secret", id="no URL"),
        pytest.param("", id="empty"),
    ],
)
def test_other_urls_are_refused_without_showing_them(settings: Settings, url: str) -> None:
    with pytest.raises(UsageError) as caught, database(with_url(settings, url)):
        pass
    assert "STABLE_JOBS_DATABASE_URL" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_configured_database_is_used_as_given(settings_with_database: Settings) -> None:
    with database(settings_with_database) as engine, engine.connect() as connection:
        assert connection.scalar(text("SELECT current_user")) == APP
    assert not (settings_with_database.home / "postgres").exists()


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param((), id="nothing there"),
        pytest.param(
            (
                "CREATE TABLE alembic_version (version_num text)",
                "INSERT INTO alembic_version VALUES ('0000')",
            ),
            id="older",
        ),
    ],
)
def test_a_configured_database_must_be_at_this_schema(
    settings: Settings, postgres_url: URL, schema: tuple[str, ...]
) -> None:
    name = f"bare_{uuid4().hex}"
    execute(postgres_url, f"CREATE DATABASE {name}")
    execute(postgres_url.set(database=name), *schema)
    url = plain(postgres_url.set(database=name))
    with pytest.raises(StepError, match="run `stable-jobs db init`"), database(with_url(settings, url)):
        pass


def execute(url: URL, *statements: str) -> None:
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_a_database_that_does_not_answer_is_named_without_its_password(
    settings: Settings, tmp_path: Path
) -> None:
    url = f"postgresql://me:secret@/jobs?host={tmp_path}"
    with (
        pytest.raises(StepError, match="STABLE_JOBS_DATABASE_URL") as caught,
        database(with_url(settings, url)),
    ):
        pass
    assert "secret" not in str(caught.value)


def test_a_missing_database_is_a_step_error(settings: Settings, postgres_url: URL) -> None:
    url = plain(postgres_url.set(database="none"))
    with pytest.raises(StepError, match="none"), database(with_url(settings, url)):
        pass


def test_an_error_inside_is_not_the_database_s(settings_with_database: Settings) -> None:
    with pytest.raises(ZeroDivisionError), database(settings_with_database):
        raise ZeroDivisionError


ALLOWED = [
    "SELECT * FROM {table}",
    "INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE false",
]
FORBIDDEN = ["DELETE FROM {table}", "TRUNCATE {table}", "DROP TABLE {table}", "ALTER TABLE {table} ADD x int"]
CHANGEABLE = {
    f"deliveries.{name}" for name in ("rows", "control_total", "status", "problem", "staged_snapshot_id")
}
TABLES = sorted(metadata.tables)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ALLOWED)
def test_the_application_may(empty_engine: Engine, table: str, statement: str) -> None:
    with empty_engine.connect() as connection:
        columns = ", ".join(c.name for c in metadata.tables[table].columns if c.name != "id")
        connection.execute(text(statement.format(table=table, columns=columns)))


@pytest.mark.parametrize(
    "statement",
    [
        *(statement.format(table=table) for table in TABLES for statement in FORBIDDEN),
        *(
            f"UPDATE {table.name} SET {column.name} = {column.name}"
            for table in metadata.sorted_tables
            for column in table.columns
            if column.name != "id" and f"{table.name}.{column.name}" not in CHANGEABLE
        ),
        "CREATE TABLE own (n int)",
        "CREATE ROLE another",
        "CREATE DATABASE another",
        "UPDATE alembic_version SET version_num = '9999'",
        f"SET ROLE {OWNER}",
        "COPY deliveries TO PROGRAM 'true'",
    ],
)
def test_the_application_may_not(empty_engine: Engine, statement: str) -> None:
    with (
        empty_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
    ):
        connection.execute(text(statement))


def test_the_application_may_say_what_became_of_a_delivery(empty_engine: Engine) -> None:
    with empty_engine.connect() as connection:
        connection.execute(
            text("UPDATE deliveries SET status = 'landed', problem = NULL, staged_snapshot_id = NULL")
        )


def test_roles_have_no_special_rights(postgres_url: URL, template_database: str) -> None:
    engine = create_engine(postgres_url, poolclass=NullPool)
    question = """
        SELECT rolname, rolcanlogin FROM pg_roles
        WHERE rolname IN (:app, :owner) AND NOT (rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls)
    """
    with engine.connect() as connection:
        found = {tuple(row) for row in connection.execute(text(question), {"app": APP, "owner": OWNER})}
    assert found == {(APP, True), (OWNER, False)}


INIT = """
import sys
from stable_jobs.store.database import init_database
print("ready", flush=True)
sys.stdin.readline()
print(init_database(sys.argv[1], name=sys.argv[2]).database)
"""


def test_two_processes_may_initialise_at_once(postgres_url: URL, settings: Settings) -> None:
    name = f"both_{uuid4().hex}"
    children = [python(INIT, plain(postgres_url), name) for _ in range(2)]
    for child in children:
        assert output_of(child).readline() == "ready\n"
    for child in children:
        tell(child, "\n")
    assert [child.communicate(timeout=60) for child in children] == [(f"{name}\n", "")] * 2
    with database(with_url(settings, plain(postgres_url.set(username=APP, database=name)))):
        pass


def test_init_again_keeps_what_is_there(postgres_url: URL) -> None:
    name = f"again_{uuid4().hex}"
    url = init_database(postgres_url, name=name)
    execute(postgres_url.set(database=name), "CREATE TABLE kept (n int)")
    assert init_database(plain(postgres_url), name=name) == url
    execute(postgres_url.set(database=name), "SELECT * FROM kept")


@pytest.mark.parametrize("password", ["plain", "o'clock", "p%40$1", 'a"b\\c'])
def test_the_application_s_password_is_set_and_returned(
    postgres_url: URL, template_database: str, password: str
) -> None:
    url = init_database(postgres_url, name=template_database, app_password=password)
    assert url.password == password
    engine = create_engine(postgres_url, poolclass=NullPool)
    with engine.connect() as connection:
        kept = connection.scalar(text("SELECT rolpassword FROM pg_authid WHERE rolname = :app"), {"app": APP})
    assert kept.startswith("SCRAM-SHA-256$")


def is_free(engine: Engine, day: date) -> bool:
    try_lock = "SELECT pg_try_advisory_xact_lock(5700002, :day)"
    with engine.connect() as connection:
        return bool(connection.scalar(text(try_lock), {"day": day.toordinal()}))


def test_a_business_date_has_one_writer(engine: Engine) -> None:
    with business_date_lock(engine, D):
        assert not is_free(engine, D)
        assert is_free(engine, date(2020, 5, 12))
    assert is_free(engine, D)


def test_an_error_lets_the_date_go(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), business_date_lock(engine, D):
        raise ZeroDivisionError
    assert is_free(engine, D)


def test_the_second_writer_waits_for_the_first(engine: Engine) -> None:
    seen = []

    def write() -> None:
        with business_date_lock(engine, D):
            seen.append("second")

    with ThreadPoolExecutor(1) as pool:
        with business_date_lock(engine, D):
            second = pool.submit(write)
            wait_until(lambda: len(advisory_locks(engine, granted=False)) == 1)
            seen.append("first")
        second.result(timeout=30)
    assert seen == ["first", "second"]


def wait_until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


HOLD = """
import sys
from datetime import date
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from stable_jobs.store.database import business_date_lock
with business_date_lock(create_engine(sys.argv[1], poolclass=NullPool), date(2020, 5, 11)):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_killed_writer_holds_nothing(engine: Engine, database_url: URL) -> None:
    child = python(HOLD, plain(database_url))
    assert output_of(child).readline() == "held\n"
    assert not is_free(engine, D)
    child.kill()
    child.communicate()
    wait_until(lambda: is_free(engine, D))


@pytest.mark.parametrize("in_turn", [False, True], ids=["the session used last", "sessions in turn"])
@pytest.mark.parametrize("others", [0, 1, 3])
def test_a_transaction_pooler_is_refused_in_one_sentence(
    settings: Settings, database_url: URL, in_turn: bool, others: int
) -> None:
    """Before anything waits for a lock that is another session's."""
    with transaction_pooler(database_url, in_turn) as (url, pooler), ExitStack() as stack:
        engines = [create_engine(url, poolclass=NullPool) for _ in range(others)]
        busy = [stack.enter_context(engine.connect()) for engine in engines]
        for connection in busy:
            connection.execute(text("SELECT 1"))  # in a transaction: it keeps its session
        for connection in busy:
            connection.rollback()
        with (
            pytest.raises(StepError, match="pool_mode = session") as refused,
            database(with_url(settings, plain(url))),
        ):
            pass
    assert pooler.opened >= max(1, others)
    assert "\n" not in str(refused.value)


def test_db_init_through_a_transaction_pooler_is_refused(postgres_url: URL) -> None:
    with transaction_pooler(postgres_url) as (url, _), pytest.raises(StepError, match="pool_mode = session"):
        init_database(url, name=f"never_{uuid4().hex}")


def test_a_lock_that_a_pooler_gave_away_is_told(database_url: URL) -> None:
    """Where the look at the start saw nothing: other clients moved the session between lock and release."""
    with transaction_pooler(database_url, in_turn=True) as (url, _):
        engine = create_engine(url, poolclass=NullPool)
        keeping = [engine.connect() for _ in range(2)]
        for one in keeping:
            one.execute(text("SELECT 1"))
        for one in keeping:
            one.rollback()
        with pytest.raises(StepError, match="was not held to the end"), business_date_lock(engine, D):
            pass
        for one in keeping:
            one.close()


def test_sessions_of_its_own_are_taken(settings: Settings, database_url: URL) -> None:
    with database(with_url(settings, plain(database_url))) as engine, business_date_lock(engine, D):
        assert not is_free(engine, D)


def test_who_waits_says_for_whom(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("stable_jobs.store.database._PATIENCE", ("50ms", "200ms"))
    with ThreadPoolExecutor(1) as pool:
        with business_date_lock(engine, D):
            second = pool.submit(lambda: business_date_lock(engine, D).__enter__())
            wait_until(lambda: len(caplog.messages) >= 2)
            (holder,) = advisory_locks(engine, granted=True)
        second.result(timeout=30)
    assert caplog.messages[0].startswith(f"the business date {D} is held by ")
    assert caplog.messages[0].endswith(f"(server process {holder}): waiting until it ends")


def test_db_init_of_the_database_it_is_connected_to_ends(postgres_url: URL, template_database: str) -> None:
    """Its own lock and the migrations' are two: it would wait for itself."""
    url = postgres_url.set(database=template_database)
    done = python(INIT_ALONE, plain(url), template_database)
    try:
        done.communicate(timeout=60)
    finally:
        done.kill()
    assert done.returncode == 0


INIT_ALONE = """
import sys
from stable_jobs.store.database import init_database
init_database(sys.argv[1], name=sys.argv[2])
"""
