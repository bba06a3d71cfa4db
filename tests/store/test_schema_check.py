"""The file that says what this version's database is made of, against a database that the migrations made."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from stable_jobs.store import database
from stable_jobs.store import schema_check as schema
from tests.databases import run_sql


@pytest.fixture(scope="module")
def made(postgres_url: URL) -> Iterator[Engine]:
    """A superuser's engine on a database fresh from the migrations."""
    name = f"schema_{uuid4().hex}"
    database.init_database(postgres_url, name=name)
    yield create_engine(postgres_url.set(database=name), poolclass=NullPool)
    run_sql(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


def test_the_file_says_what_the_migrations_make(made: Engine) -> None:
    with made.connect() as connection:
        found = schema.describe(connection)
    differ = sorted(set(found.objects.items()) ^ set(schema.shipped_schema().objects.items()))
    assert differ == [], "after a migration: make schema, and look at what git says has changed"
    assert found == schema.shipped_schema()


@pytest.mark.parametrize(
    "setting",
    ["search_path = 'x'", "datestyle = 'German'", "quote_all_identifiers = on", "timezone = 'America/Lima'"],
)
def test_the_settings_of_a_connection_change_nothing(made: Engine, setting: str) -> None:
    with made.connect() as connection:
        connection.execute(text(f"SET {setting}"))
        assert schema.differences(connection) == []


def test_a_connection_goes_on_with_its_own_settings(made: Engine) -> None:
    with made.connect() as connection:
        connection.execute(text("SET search_path = public, pg_temp"))
        schema.differences(connection)
        assert connection.scalar(text("SHOW search_path")) == "public, pg_temp"


def test_down_and_up_again_makes_the_same(made: Engine) -> None:
    database.downgrade(made.url, "base")
    database.upgrade(made.url)
    with made.connect() as connection:
        assert schema.differences(connection) == []


def test_another_major_version_is_compared_by_what_every_version_words_alike(
    made: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = schema.shipped_schema()
    other = schema.Described(shipped.version, shipped.server - 1, shipped.objects)
    monkeypatch.setattr(schema, "shipped_schema", lambda: other)
    with made.begin() as connection:
        connection.execute(text("DROP TRIGGER guard ON approvals"))
        connection.execute(
            text(
                "CREATE OR REPLACE VIEW total_stops AS SELECT NULL::text AS region_code,"
                " 'x'::text AS cause, NULL::text AS detail WHERE false"
            )
        )
        assert [one.name for one in schema.differences(connection)] == ["trigger: ledger.approvals.guard"]
        connection.rollback()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    described = schema.Described(
        "0013", 18, {"function: public.f(a text, b text)": "a" * 64, 'table: "x"': "b" * 64}
    )
    schema.write_schema(described, tmp_path / "schema.csv")
    assert schema.shipped_schema(tmp_path / "schema.csv") == described
