"""Migrations go forward and back on a real server, and the catalog's tables are those of `tables.py`."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.pool import NullPool

from stable_jobs.store import database
from stable_jobs.store.tables import metadata

CATALOG = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable, is_identity, numeric_precision, numeric_scale,
               column_default
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype <> 'n'
          AND conrelid::regclass::text <> 'alembic_version'
    """,
    "indexes": """
        SELECT tablename, indexname, indexdef FROM pg_indexes
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    """,
}


def read(url: URL, question: str) -> set[tuple[Any, ...]]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return {tuple(row) for row in connection.execute(text(question))}


def new_database(postgres_url: URL) -> URL:
    """The superuser's URL of a migrated database."""
    name = f"migrations_{uuid4().hex}"
    database.init_database(postgres_url, name=name)
    return postgres_url.set(database=name)


@pytest.fixture(scope="module")
def migrated(postgres_url: URL) -> URL:
    """A database that ends every test as it began: migrated."""
    return new_database(postgres_url)


@pytest.fixture(scope="module")
def declared(postgres_url: URL) -> URL:
    """One with the tables made from `tables.py`."""
    url = new_database(postgres_url)
    database.downgrade(url, "base")
    metadata.create_all(create_engine(url, poolclass=NullPool))
    return url


@pytest.mark.parametrize("what", CATALOG)
def test_migrations_end_at_the_tables_declared(migrated: URL, declared: URL, what: str) -> None:
    found = {row for row in read(migrated, CATALOG[what]) if row[0] in metadata.tables}
    assert len(found) > 5
    assert found == read(declared, CATALOG[what])


def test_back_to_nothing_and_forward_again(migrated: URL) -> None:
    before = {what: read(migrated, question) for what, question in CATALOG.items()}
    database.downgrade(migrated, "base")
    assert all(read(migrated, question) == set() for question in CATALOG.values())
    database.upgrade(migrated)
    assert {what: read(migrated, question) for what, question in CATALOG.items()} == before


def test_head_is_the_newest_migration() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == database.head()


def test_the_owner_role_owns_the_tables(migrated: URL) -> None:
    question = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname IN ('public', 'ledger')"
    assert read(migrated, question) == {(database.OWNER,)}


def test_every_table_with_an_event_is_digested_a_later_one_too(migrated: URL) -> None:
    """A table that the digest did not read could be changed unseen."""
    noted = """
        SELECT attrelid::regclass::text, tgname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
        LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'check_event'
        WHERE attname = 'event_id' AND relkind = 'r'
    """
    own = "nullif(current_setting('stable_jobs.event', true), '')::bigint"
    engine = create_engine(migrated, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(
            text(f"CREATE TABLE ledger.later (id bigint PRIMARY KEY, event_id bigint DEFAULT {own})")
        )
        connection.execute(text("CALL keep_ledger_table('later')"))
        known = {row[0]: row[1] for row in connection.execute(text(noted))}
        connection.execute(text("SELECT set_config('stable_jobs.event', '1', true)"))
        connection.execute(text("INSERT INTO ledger.later VALUES (7)"))
        digest = connection.scalar(text("SELECT event_digest(1)"))
        connection.rollback()
    assert known.pop("entitlement_revisions") is None, "a former version is of the event that wrote it"
    assert set(known.values()) == {"check_event"}
    assert {"later", "payments"} < set(known)
    assert digest["later"]["rows"] == 1
