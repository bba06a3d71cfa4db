"""Databases for tests: copied from a template once, then emptied from test to test.

A database is a thousand files to make and to drop, and a new connection plans every query anew: together
two thirds of what a test of the ledger costs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool, QueuePool

from stable_jobs.store.database import APP, SEARCH_PATH

T = TypeVar("T")

SERVER_HOME = "TEST_POSTGRES_HOME"
"""The environment's name for the folder of the session's server."""

TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'ledger'))
    AND relkind = 'r' ORDER BY relname
"""

DEFINED = """
    SELECT md5(string_agg(one, ',' ORDER BY one)) FROM (
        SELECT concat_ws(' ', 'class', oid, xmin) FROM pg_class
        WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'ledger'))
        UNION ALL
        SELECT concat_ws(' ', 'proc', oid, xmin) FROM pg_proc
        WHERE pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'ledger'))
        UNION ALL SELECT concat_ws(' ', 'trigger', oid, xmin) FROM pg_trigger
        UNION ALL SELECT concat_ws(' ', 'constraint', oid, xmin) FROM pg_constraint
        UNION ALL SELECT concat_ws(' ', 'default', oid, xmin) FROM pg_attrdef
        UNION ALL SELECT concat_ws(' ', 'rule', oid, xmin) FROM pg_rewrite
    ) AS every (one)
"""
"""What any change of the schema changes: every definition with the transaction that wrote it."""

ALONE = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
      AND pid NOT IN (pg_backend_pid(), :own)
"""

ADVISORY_LOCKS = """
    SELECT pid FROM pg_locks
    WHERE locktype = 'advisory' AND granted = :granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
"""The server is shared by all workers, and so is what it says of locks."""

AS_CONNECTED = "DISCARD TEMP; RESET ALL; SELECT pg_advisory_unlock_all()"

COUNT_AGAIN = """
    SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence
    WHERE pg_sequence_last_value(seqrelid) IS NOT NULL
"""


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
    run_sql(
        postgres,
        f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy",
        f"ALTER DATABASE {name} SET search_path = {SEARCH_PATH}",  # a copy has no settings of the template's
    )
    return name


def drop_database(postgres: URL, name: str) -> None:
    """Whoever is still connected to it."""
    run_sql(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def advisory_locks(engine: Engine, *, granted: bool) -> list[int]:
    """The server processes that hold an advisory lock of this database, or wait for one."""
    with engine.connect() as connection:
        return list(connection.scalars(text(ADVISORY_LOCKS), {"granted": granted}))


def mark_demonstration(url: URL, name: str) -> None:
    """Make a test's database one of a demonstration: the packaged policies count as confirmed in it."""
    run_sql(
        url.set(database=name),
        "SET session_replication_role = replica",
        "UPDATE installation SET is_demonstration = true",
    )


QUICK = {"options": "-c join_collapse_limit=1 -c from_collapse_limit=1 -c jit=off"}
"""A handful of rows needs no clever plans."""


@dataclass(frozen=True)
class Template:
    """What a database made from it is like before a test. emptied: statements for a superuser."""

    as_made: str
    given: tuple[str, ...]
    emptied: str


@dataclass
class Databases:
    """One worker's databases, used again for as long as tests leave what the template gave as it was."""

    postgres: URL
    templates: dict[str, Template] = field(default_factory=dict)
    spare: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    engines: dict[str, Engine] = field(default_factory=dict)

    def take(self, template: str) -> str:
        """The name of a database as the template is; nobody else has it until it is given back."""
        if self.spare[template]:
            return self.spare[template].pop()
        name = copy_database(self.postgres, template, "test")
        if template not in self.templates:
            self.templates[template] = self._ask(name, _described)
        url = self.postgres.set(username=APP, database=name)
        self.engines[name] = create_engine(url, pool_size=1, connect_args=QUICK)
        return name

    def give_back(self, template: str, name: str) -> None:
        """Empty it for the next test; drop it where anything is not as the template gave it."""
        own = self._own_session(self.engines[name])
        if self._ask(name, lambda connection: _emptied(connection, self.templates[template], own)):
            self.spare[template].append(name)
        else:
            self.engines.pop(name).dispose()
            drop_database(self.postgres, name)

    def close(self) -> None:
        """End the connections; the databases go with their server."""
        for engine in self.engines.values():
            engine.dispose()

    def _own_session(self, engine: Engine) -> int:
        """The process id of the connection that stays, as if it had just been made; 0: none stays."""
        assert isinstance(engine.pool, QueuePool)
        if engine.pool.checkedout() or not engine.pool.checkedin():
            engine.dispose()
            return 0
        with engine.connect() as connection:
            connection.execute(text(AS_CONNECTED))
            return int(connection.scalar(text("SELECT pg_backend_pid()")))

    def _ask(self, name: str, what: Callable[[Connection], T]) -> T:
        engine = create_engine(self.postgres.set(database=name), poolclass=NullPool)
        with engine.begin() as connection:
            found = what(connection)
        engine.dispose()
        return found


def emptying(tables: list[str]) -> str:
    """A statement that empties the tables past every guard; for a superuser."""
    return "; ".join(f"DELETE FROM {table}" for table in tables)


def _described(connection: Connection) -> Template:
    tables = list(connection.scalars(text(TABLES)))
    given = tuple(one for one in tables if connection.scalar(text(f"SELECT EXISTS (SELECT FROM {one})")))
    return Template(
        _as_it_is(connection, given), given, emptying([one for one in tables if one not in given])
    )


def _as_it_is(connection: Connection, given: tuple[str, ...]) -> str:
    rows = " ".join(
        f"UNION ALL SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {one} t" for one in given
    )
    return "".join(connection.scalars(text(f"{DEFINED} {rows}")))


def _emptied(connection: Connection, template: Template, own: int) -> bool:
    connection.execute(text(ALONE), {"own": own})
    if _as_it_is(connection, template.given) != template.as_made:
        return False
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    connection.execute(text(template.emptied))
    connection.execute(text(COUNT_AGAIN))
    return True
