"""The set of functions, triggers and views: applied whole when a file changed, each after what it needs."""

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias
from uuid import uuid4

import pytest
from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.pool import NullPool

from stable_jobs.errors import StepError
from stable_jobs.store import database, schema_check, schema_code
from stable_jobs.store.database import OWNER
from tests.databases import run_sql

RELEASED = schema_code.released_code()
COLUMNS = """
    SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = 'open_doubts'::regclass AND attnum > 0
"""
Release: TypeAlias = Callable[[dict[str, str | None]], None]


@pytest.fixture(scope="module")
def url(postgres_url: URL) -> Iterator[URL]:
    """The superuser's URL of a database of this version."""
    name = f"code_{uuid4().hex}"
    database.init_database(postgres_url, name=name)
    yield postgres_url.set(database=name)
    run_sql(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def owner(url: URL) -> Iterator[Connection]:
    """The owner's connection; what a test does is rolled back."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"SET LOCAL ROLE {OWNER}"))
        yield connection
        connection.rollback()


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Release:
    """Another version's files: `release({"views/open_doubts": "CREATE …"})`; None: no such file any more."""

    def changed(files: dict[str, str | None]) -> None:
        found = {name: sql for name, sql in {**RELEASED, **files}.items() if sql is not None}
        monkeypatch.setattr(schema_code, "released_code", lambda: found)
        monkeypatch.setattr(schema_check, "released_code", lambda: found)

    return changed


def oids(connection: Connection) -> str | None:
    query = "SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_class WHERE relkind = 'v'"
    found: str | None = connection.scalar(text(query))
    return found


def test_a_file_holds_one_object_that_is_named_like_it() -> None:
    declared = r"^CREATE OR REPLACE (FUNCTION|PROCEDURE|VIEW|TRIGGER) (\w+)(?:.*? ON (\w+))?"
    for name, sql in RELEASED.items():
        kind, _, bare = name.partition("/")
        if bare == "history":
            continue
        ((what, made, table),) = re.findall(declared, sql, re.MULTILINE)
        assert {"FUNCTION": "functions", "PROCEDURE": "functions", "VIEW": "views", "TRIGGER": "triggers"}[
            what
        ] == kind
        assert bare == (f"{table}.{made}" if kind == "triggers" else made)


def test_what_a_view_needs_stands_before_it() -> None:
    order = list(RELEASED)
    assert order.index("views/standing_nights") < order.index("views/newest_nights")
    assert order.index("functions/account_key") < order.index("views/failed_lines")
    assert order.index("views/line_results") < order.index("functions/payments_sent")
    assert order.index("functions/guard_batch") < order.index("triggers/batches.guard")


def test_the_same_set_is_not_applied_again(url: URL, owner: Connection) -> None:
    before = oids(owner)
    database.upgrade(url)
    assert oids(owner) == before


def test_a_changed_function_is_applied(owner: Connection, release: Release) -> None:
    same = (
        "CREATE OR REPLACE FUNCTION hand_words(is_authenticated boolean) RETURNS text LANGUAGE sql IMMUTABLE"
    )
    release({"functions/hand_words": f"{same}\nRETURN 'both';\n"})
    assert not schema_code.is_applied(owner)
    assert "code: functions/hand_words" in [one.name for one in schema_check.differences(owner)]
    schema_code.apply_code(owner)
    assert schema_code.is_applied(owner)
    assert owner.scalar(text("SELECT hand_words(true)")) == "both"


def test_a_view_may_lose_a_column(owner: Connection, release: Release) -> None:
    release({"views/open_doubts": "CREATE OR REPLACE VIEW open_doubts AS SELECT id, kind, units,"
             " entitlement_id, other_entitlement_id, now() AS at FROM doubts;"})  # fmt: skip
    schema_code.apply_code(owner)
    assert owner.scalar(text(COLUMNS)).endswith("at")


def test_an_object_without_a_file_is_dropped(owner: Connection, release: Release) -> None:
    release({"triggers/entitlements.guard_new": None, "functions/guard_new_entitlements": None})
    schema_code.apply_code(owner)
    assert "trigger: ledger.entitlements.guard_new" in [one.name for one in schema_check.differences(owner)]
    assert owner.scalar(text("SELECT to_regproc('guard_new_entitlements')")) is None


def test_a_view_of_somebody_else_is_not_dropped(owner: Connection, release: Release) -> None:
    owner.execute(text("CREATE VIEW mine AS SELECT count(*) FROM open_doubts"))
    release({"views/open_doubts": RELEASED["views/open_doubts"] + "\n"})
    with pytest.raises(StepError, match="mine was not made by this product"):
        schema_code.apply_code(owner)


def test_a_database_with_another_versions_code_is_refused(
    url: URL, owner: Connection, release: Release
) -> None:
    release({"views/open_doubts": RELEASED["views/open_doubts"] + "\n"})
    with pytest.raises(StepError, match="functions and views of another version"):
        database._check_version(owner.engine)


def test_a_restored_database_without_its_search_path_is_refused_until_db_init(
    url: URL, postgres_url: URL
) -> None:
    assert url.database is not None
    run_sql(postgres_url, f"ALTER DATABASE {url.database} RESET search_path")
    engine = create_engine(url, poolclass=NullPool)
    with pytest.raises(StepError, match="search_path ledger, public"):
        database._check_version(engine)
    database.init_database(postgres_url, name=url.database)
    database._check_version(engine)


def test_going_back_and_forward_again_ends_with_this_versions_code(url: URL, owner: Connection) -> None:
    database.downgrade(url, "0014")
    assert schema_code.applied_code(owner) == {}
    database.upgrade(url)
    owner.rollback()
    assert schema_check.differences(owner) == []
