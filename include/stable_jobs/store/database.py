"""The database: found or started, at this version's schema, and used as a role without special rights."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

from stable_jobs.errors import StepError, UsageError
from stable_jobs.settings import Settings
from stable_jobs.store.embedded import embedded_server
from stable_jobs.store.schema_code import applied_code, apply_code, drop_views, is_applied

DATABASE = "stable_jobs"
OWNER = "stable_jobs_owner"
APP = "stable_jobs_app"
READER = "stable_jobs_reader"
"""The pages' role: it reads everything but account numbers, and writes nothing."""
SEARCH_PATH = "ledger, public"
"""Where unqualified names are looked for, in this order: the ledger, then the catalog. It is a setting of the
database, so that every client has it, through a pooler too, which passes on no options of a connection."""
MIGRATIONS = Path(__file__).parent / "migrations"
_INIT_LOCK = 5_700_001
_DATE_LOCK = 5_700_002
_MIGRATION_LOCK = 5_700_003
"""Advisory lock numbers of this product: one for `db init`, one class for business dates, one for migrations,
which `db init` waits for while it holds its own, in whichever database."""
_PATIENCE = ("5s", "60s")
"""How long to wait for a lock before it is said who holds it: first, then again and again."""
log = logging.getLogger(__name__)


@contextmanager
def database(settings: Settings) -> Iterator[Engine]:
    """The database as the application sees it, at this version's schema.

    `settings.database_url` is connected to as given: StepError if it does not answer, is not at this
    version's schema or is behind a transaction pooler, UsageError if it is no PostgreSQL URL. Without one,
    the embedded server under `<home>/postgres` runs as long as the block does, initialised, and the role is
    `stable_jobs_app`.
    """
    if settings.database_url is not None:
        with _engine(postgres_url(settings.database_url.get_secret_value())) as engine:
            _check_version(engine)
            _require_sessions(engine)
            yield engine
        return
    with embedded_server(settings.home) as superuser:
        app = superuser.set(username=APP, database=DATABASE)
        if not _is_ready(app):
            init_database(superuser, is_demonstration=settings.is_demonstration)
        with _engine(app) as engine:
            yield engine


@contextmanager
def reading_database(settings: Settings) -> Iterator[Engine]:
    """The database as pages see it: nothing can be written, and no account number read.

    As `settings.reader_url` says. Without one it is `database(settings)` in the reader's role, in
    transactions that only read. StepError and UsageError as there.
    """
    if settings.reader_url is not None:
        with _engine(
            postgres_url(settings.reader_url.get_secret_value(), "STABLE_JOBS_READER_URL")
        ) as engine:
            _check_version(engine)
            yield engine
        return
    with database(settings) as app, _engine(app.url, f"-c role={READER}") as engine:
        yield engine


def postgres_url(text: str, setting: str = "STABLE_JOBS_DATABASE_URL") -> URL:
    """The URL for psycopg 3. UsageError for anything but PostgreSQL, without showing the text."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise UsageError(f"{setting} is not a URL: write postgresql://user:password@host/name.") from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise UsageError(f"{setting} names {url.drivername}: only PostgreSQL is supported.")
    return url.set(drivername="postgresql+psycopg")


def head() -> str:
    """The schema version that this code needs: the newest migration's number."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def init_database(
    owner: URL | str,
    *,
    name: str = DATABASE,
    app_password: str | None = None,
    is_demonstration: bool = False,
) -> URL:
    """Make roles, database and schema where they are missing, and return the application's URL.

    owner: a role that may create databases and roles, connected to any database of the server. Any number of
    processes may do this at once. The owner role owns the tables and cannot log in; the application role
    `stable_jobs_app` may add rows and change almost none. Without `app_password` it keeps the one it has.
    is_demonstration: the mark of the installation, set once, when it is made. StepError if the server does
    not answer or refuses.
    """
    url = postgres_url(owner) if isinstance(owner, str) else owner
    with _engine(url) as engine, _connected(engine) as connection:
        _require_sessions(engine)
        _take_lock(connection, ":key", {"key": _INIT_LOCK}, "`stable-jobs db init`")
        _make_roles(connection, app_password)
        _make_database(connection, name)
        upgrade(url.set(database=name))
        _mark(url.set(database=name), is_demonstration)
    return url.set(username=APP, password=app_password, database=name)


def is_demonstration(connection: Connection) -> bool:
    """Whether this installation was made as a demonstration, without real money and people."""
    return bool(connection.scalar(text("SELECT is_demonstration FROM installation")))


def upgrade(owner: URL, revision: str = "head") -> None:
    """Migrate forward to `revision` as the owner role, in one transaction; one process at a time.

    At the newest revision the functions, triggers and views of this version are applied, unless they are
    there: see `stable_jobs.store.schema_code`.
    """
    _migrate(owner, "upgrade", revision)


def downgrade(owner: URL, revision: str) -> None:
    """Migrate back to `revision` (`base`: no tables) likewise. Newer tables are dropped with their rows."""
    _migrate(owner, "downgrade", revision)


@contextmanager
def business_date_lock(engine: Engine, business_date: date) -> Iterator[None]:
    """Lock a business date: one writer at a time. Waits for the process with the lock; a dead one has none.

    It is a session's advisory lock on a connection of its own, independent of the caller's others. A process
    that waits logs the one for which it waits. StepError if the session loses the lock before the end.
    """
    keys = {"kind": _DATE_LOCK, "day": business_date.toordinal()}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        _take_lock(connection, ":kind, :day", keys, f"the business date {business_date}")
        try:
            yield
        finally:
            if not connection.scalar(text("SELECT pg_advisory_unlock(:kind, :day)"), keys):
                raise StepError(f"the lock on {business_date} was not held to the end. {_POOLED}")


def _take_lock(connection: Connection, numbers: str, keys: Mapping[str, int], what: str) -> None:
    """Wait for a session's advisory lock; after a few seconds, and then each minute, say who holds it."""
    if connection.scalar(text(f"SELECT pg_try_advisory_lock({numbers})"), keys):
        return
    first, *later = _PATIENCE
    connection.execute(text("SELECT set_config('lock_timeout', :time, false)"), {"time": first})
    while True:
        try:
            connection.execute(text(f"SELECT pg_advisory_lock({numbers})"), keys)
            break
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
        log.warning("%s is held by %s: waiting until it ends", what, _holder(connection, keys))
        connection.execute(text("SELECT set_config('lock_timeout', :time, false)"), {"time": later[0]})
    connection.execute(text("RESET lock_timeout"))


_LOCK_NOT_AVAILABLE = "55P03"
_HOLDER = """
    SELECT format('%s from %s, connected since %s (server process %s)', a.usename,
                  coalesce(host(a.client_addr), 'this machine'),
                  to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS'), a.pid)
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.database = (
        SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.objid = :last AND (:first = 0 OR l.classid = :first) LIMIT 1
"""


def _holder(connection: Connection, keys: Mapping[str, int]) -> str:
    *before, last = keys.values()
    values = {"first": before[0] if before else 0, "last": last}
    return str(connection.scalar(text(_HOLDER), values) or "another session")


_POOLED = (
    "The database is reached through a pooler that hands each transaction to another session (PgBouncer with"
    " pool_mode = transaction): the lock that keeps two nights of a date apart is a session's, and would wait"
    " for ever or hold nobody. Name the server itself in STABLE_JOBS_DATABASE_URL, or a pool with"
    " pool_mode = session."
)


def _require_sessions(engine: Engine) -> None:
    """StepError behind a transaction pooler: there one connection's statements run in several sessions, or
    one session runs statements of two connections.

    A pool that gives the session used last shows the second, one that gives them in turn the first.
    """
    with _connected(engine) as one, _connected(engine) as other:
        for _ in range(2):
            own = {_session(one), _session(one)}
            if len(own) > 1 or _session(other) in own:
                raise StepError(_POOLED)


def _session(connection: Connection) -> int:
    return int(connection.scalar(text("SELECT pg_backend_pid()")) or 0)


@contextmanager
def _engine(url: URL, options: str = "") -> Iterator[Engine]:
    """options: settings of the server's session, as libpq writes them; with any, the session only reads."""
    given = {"options": f"{options} -c default_transaction_read_only=on"} if options else {}
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=given)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection
    except (OperationalError, ProgrammingError) as error:
        shown = engine.url.render_as_string(hide_password=True)
        raise StepError(f"The database {shown}: {error.orig}. Check STABLE_JOBS_DATABASE_URL.") from error


def _version(connection: Connection) -> str | None:
    """The version of the tables there; None where nothing was ever migrated."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def _is_current(connection: Connection) -> bool:
    """Whether tables and code are this version's."""
    return _version(connection) == head() and is_applied(connection)


def _check_version(engine: Engine) -> None:
    with _connected(engine) as connection:
        found = _version(connection)
        if found != head():
            raise StepError(
                f"The database {engine.url.database} is at schema {found or 'none'}, "
                f"this version needs {head()}: run `stable-jobs db init`."
            )
        if connection.scalar(text("SELECT to_regclass('audit_events')")) is None:
            raise StepError(
                f"The database {engine.url.database} has not the search_path {SEARCH_PATH} (a restored one"
                " loses it), or it is set otherwise for the role: run `stable-jobs db init`."
            )
        if not is_applied(connection):
            raise StepError(
                f"The database {engine.url.database} has the functions and views of another version: "
                "run `stable-jobs db init`."
            )


def _is_ready(app: URL) -> bool:
    try:
        with _engine(app) as engine, _connected(engine) as connection:
            return _is_current(connection)
    except StepError:
        return False


def _make_roles(connection: Connection, app_password: str | None) -> None:
    for role, login in ((OWNER, "NOLOGIN"), (APP, "LOGIN"), (READER, "LOGIN")):
        known = connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role})
        if not known:
            connection.execute(text(f"CREATE ROLE {role} {login} NOSUPERUSER NOCREATEDB NOCREATEROLE"))
    connection.execute(text(f"GRANT {OWNER} TO CURRENT_USER"))
    connection.execute(text(f"GRANT {READER} TO {APP}"))
    if app_password is not None:
        statement = "SELECT format('ALTER ROLE %I PASSWORD %L', CAST(:role AS text), CAST(:password AS text))"
        made = connection.scalar(text(statement), {"role": APP, "password": app_password})
        connection.exec_driver_sql(str(made).replace("%", "%%"))


def _make_database(connection: Connection, name: str) -> None:
    """Ours is for our roles, and they have no business in the server's other databases."""
    known = connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name})
    quoted = connection.dialect.identifier_preparer.quote(name)
    if not known:
        connection.execute(
            text(
                f"CREATE DATABASE {quoted} OWNER {OWNER} TEMPLATE template0"
                " ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
            )
        )
        connection.execute(text(f"REVOKE ALL ON DATABASE {quoted} FROM PUBLIC"))
    connection.execute(text(f"ALTER DATABASE {quoted} SET search_path = {SEARCH_PATH}"))
    connection.execute(text(f"GRANT CONNECT ON DATABASE {quoted} TO {APP}, {READER}"))
    for other in ("postgres", "template1"):
        connection.execute(text(f"REVOKE CONNECT ON DATABASE {other} FROM PUBLIC"))


def _mark(owner: URL, is_demonstration: bool) -> None:
    """Say once what the installation is; a mark that is there stays."""
    with _engine(owner) as engine, engine.begin() as connection:
        connection.execute(text(f"SET LOCAL ROLE {OWNER}"))
        connection.execute(
            text("INSERT INTO installation (is_demonstration) VALUES (:is) ON CONFLICT DO NOTHING"),
            {"is": is_demonstration},
        )


def _migrate(owner: URL, command: str, revision: str) -> None:
    import alembic.command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with _engine(owner) as engine, engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        connection.execute(text(f"SET LOCAL ROLE {OWNER}"))
        connection.execute(text(f"SET LOCAL search_path = {SEARCH_PATH}"))
        config.attributes["connection"] = connection
        if _is_current(connection) and command == "upgrade":
            return
        if applied_code(connection):
            drop_views(connection)
        getattr(alembic.command, command)(config, revision)
        if _version(connection) == head():
            apply_code(connection)
        if connection.scalar(text("SELECT to_regprocedure('grant_reading()')")) is not None:
            connection.execute(text("CALL grant_reading()"))
