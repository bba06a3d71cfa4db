"""The pages' role: it reads what pages show, no account number, and nothing can be written through it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from stable_jobs.settings import Settings
from stable_jobs.store.database import APP, READER, init_database, reading_database
from tests.databases import run_sql


@pytest.fixture(scope="module")
def url(postgres_url: URL) -> Iterator[URL]:
    """The superuser's URL of a database as `db init` makes it."""
    name = f"reader_{uuid4().hex}"
    init_database(postgres_url, name=name)
    yield postgres_url.set(database=name)
    run_sql(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["own login", "the application's login"])
def reader(request: pytest.FixtureRequest, url: URL, settings: Settings) -> Iterator[Engine]:
    """What the pages are given, with a URL of the reader's own and without."""
    said = {"database_url": url.set(username=APP)}
    if request.param == "own login":
        said["reader_url"] = url.set(username=READER)
    urls = {name: SecretStr(one.render_as_string(hide_password=False)) for name, one in said.items()}
    with reading_database(settings.model_copy(update=urls)) as engine:
        yield engine


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO approvals (batch_id, batch_hash, level, approver, answer, reason, answered_in)"
        " VALUES (1, 'x', 1, 'first', 'approved', '', 'airflow')",
        "INSERT INTO audit_events (id, body, previous_hash, hash) VALUES (1, '{}', '', '')",
        "INSERT INTO approver_changes (person, region_code, level, is_assigned, entered_by)"
        " VALUES ('li', '610100', 1, true, 'head')",
        "INSERT INTO acknowledgements (business_date, extract, rule_id, region_code, person, reason)"
        " VALUES ('2020-05-11', 'x', 'x', '610100', 'li', 'x')",
        "UPDATE payments SET state = 'paid'",
        "DELETE FROM batches",
        "SELECT record_hand()",
    ],
)
def test_nothing_is_written_through_a_page(reader: Engine, statement: str) -> None:
    with reader.connect() as connection, pytest.raises(DBAPIError, match=r"permission denied|read-only"):
        connection.execute(text(statement))


def test_the_own_login_has_no_right_to_write_at_all(url: URL) -> None:
    query = """
        SELECT count(*) FROM pg_class c CROSS JOIN aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
        WHERE r.rolname = 'stable_jobs_reader' AND a.privilege_type <> 'SELECT'
    """
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.scalar(text(query)) == 0
        member = "SELECT pg_has_role('stable_jobs_reader', 'stable_jobs_app', 'MEMBER')"
        assert connection.scalar(text(member)) is False


@pytest.mark.parametrize("table", ["payment_lines", "account_corrections", "new_accounts"])
def test_no_account_number_is_read_through_a_page(reader: Engine, table: str) -> None:
    with reader.connect() as connection:
        connection.execute(text(f"SELECT id, account_name FROM {table}"))
        with pytest.raises(DBAPIError, match="permission denied"):
            connection.execute(text(f"SELECT account_no FROM {table}"))


def test_everything_else_is_read(reader: Engine) -> None:
    with reader.connect() as connection:
        names = (
            connection.execute(
                text(
                    "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v')"
                    " AND relnamespace IN ('public'::regnamespace, 'ledger'::regnamespace)"
                )
            )
            .scalars()
            .all()
        )
        for name in set(names) - {"payment_lines", "account_corrections", "new_accounts", "batch_lines"}:
            connection.execute(text(f"SELECT * FROM {name} LIMIT 1"))


@pytest.mark.parametrize("role", [APP, READER])
@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_our_roles_open_no_other_database(url: URL, role: str, database: str) -> None:
    engine = create_engine(url.set(username=role, database=database), poolclass=NullPool)
    with pytest.raises(OperationalError, match="permission denied for database"):
        engine.connect()
