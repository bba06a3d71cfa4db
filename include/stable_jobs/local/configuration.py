"""How a local Airflow is set up: everything by environment variables, under `<home>/airflow`."""

from __future__ import annotations

import json
import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path

from sqlalchemy import URL

from stable_jobs.errors import UsageError
from stable_jobs.settings import PACKAGE, Settings
from stable_jobs.store.database import APP, DATABASE, READER

HOST = "127.0.0.1"
METADATA = "airflow"
"""Airflow's own database and the role that owns it, beside the business database on the embedded server."""
USERS = {"engineer": "admin", "preparer": "user", "first": "user", "second": "user", "viewer": "viewer"}
"""User → role in Airflow's simple login, which is for one person's machine."""
POOL = "engine"
SLOTS = 1


def airflow_home(settings: Settings) -> Path:
    """Where Airflow keeps logs, generated secrets and passwords."""
    return settings.home.absolute() / "airflow"


def dags_folder() -> Path:
    """`dags/` of the checkout. UsageError where the package was installed without one."""
    folder = PACKAGE.parents[1] / "dags"
    if not folder.is_dir():
        raise UsageError(f"no DAGs at {folder}: run it from a checkout, or use docs/how-to/run-the-stack.md")
    return folder


def environment(settings: Settings, server: URL, port: int) -> dict[str, str]:
    """The environment of every Airflow process, the caller's included.

    server: the superuser's URL of the embedded server. The tasks get the business database as the role
    without rights, or the one that `STABLE_JOBS_DATABASE_URL` names.
    """
    home = airflow_home(settings)
    generated = generated_secrets(home)
    business = server.set(username=APP, database=DATABASE)
    if settings.database_url is not None:
        business_url = settings.database_url.get_secret_value()
    else:
        business_url = business.render_as_string(hide_password=False)
    ours = {
        **_reader(settings, server),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder()),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(dags_folder().parent / "plugins"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Asia/Shanghai",
        "AIRFLOW__CORE__FERNET_KEY": generated["fernet_key"],
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{HOST}:{port}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{u}:{role}" for u, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file(home)),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": _metadata_url(server, "psycopg2"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": _metadata_url(server, "asyncpg"),
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__BASE_URL": f"http://{HOST}:{port}",
        "AIRFLOW__API__SECRET_KEY": generated["secret_key"],
        "AIRFLOW__API_AUTH__JWT_SECRET": generated["jwt_secret"],
        "AIRFLOW__SCHEDULER__MAX_DAGRUNS_PER_LOOP_TO_SCHEDULE": "50",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "NO_PROXY": _no_proxy(),
        "no_proxy": _no_proxy(),
        "GX_ANALYTICS_ENABLED": "false",
        "PYTHONIOENCODING": "utf-8:backslashreplace",
        "STABLE_JOBS_HOME": str(settings.home.absolute()),
        "STABLE_JOBS_DATABASE_URL": business_url,
    }
    return {**os.environ, **ours}


def _reader(settings: Settings, server: URL) -> dict[str, str]:
    """Where the pages read: in their own role where the embedded server has it, else as the caller says."""
    if settings.reader_url is not None:
        return {"STABLE_JOBS_READER_URL": settings.reader_url.get_secret_value()}
    if settings.database_url is not None:
        return {}
    url = server.set(username=READER, database=DATABASE)
    return {"STABLE_JOBS_READER_URL": url.render_as_string(hide_password=False)}


def _no_proxy() -> str:
    """The hosts that are reached without the machine's proxy, and this machine among them."""
    known = (os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or "").split(",")
    return ",".join([*filter(None, known), HOST])


def _metadata_url(server: URL, driver: str) -> str:
    url = server.set(drivername=f"postgresql+{driver}", username=METADATA, database=METADATA)
    return url.render_as_string(hide_password=False)


def passwords_file(home: Path) -> Path:
    """User → password, as Airflow's simple login reads it; for its owner's eyes only."""
    return home / "passwords.json"


def passwords(home: Path) -> dict[str, str]:
    """The users' passwords, made at the first call."""
    return _kept(passwords_file(home), {user: secrets.token_urlsafe(12) for user in USERS})


def generated_secrets(home: Path) -> dict[str, str]:
    """The secrets that sign and encrypt in this home, made at the first call."""
    made = {
        "fernet_key": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "secret_key": secrets.token_urlsafe(64),
        "jwt_secret": secrets.token_urlsafe(64),
    }
    return _kept(home / "secrets.json", made)


def _kept(path: Path, fresh: dict[str, str]) -> dict[str, str]:
    """The file's values; a missing file is first written with `fresh`, whole, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}")
        part.touch(mode=0o600)
        part.write_text(json.dumps(fresh, indent=1))
        part.rename(path)
    return dict(json.loads(path.read_text()))
