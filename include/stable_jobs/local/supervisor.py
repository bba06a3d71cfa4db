"""The process that owns a local Airflow: it starts the server and Airflow's four programs, and stops them.

Its life hangs on its standard input: whoever started it holds the other end, and however that one ends, by a
signal that cannot be caught too, the pipe closes and everything is stopped. It is a subreaper: a process that
its parent left behind becomes its child, so none gets lost. If the supervisor itself is killed with
`kill -9`, the kernel ends Airflow's four programs; the database server is then stopped by its next user.
"""

from __future__ import annotations

import ctypes
import fcntl
import importlib.metadata
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil
from sqlalchemy import URL, create_engine, text
from sqlalchemy.pool import NullPool

from stable_jobs.errors import StableJobsError, StepError, UsageError
from stable_jobs.local.configuration import METADATA, airflow_home, environment, passwords
from stable_jobs.settings import Settings, read_settings
from stable_jobs.store.database import init_database
from stable_jobs.store.embedded import embedded_server

AIRFLOW = (sys.executable, "-m", "airflow")
PROGRAMS = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}
"""Airflow's programs and their arguments. Its log servers listen on every interface and cannot be told
otherwise; on one machine the api-server reads the logs from the folder."""
GRACE_SECONDS = 10.0
LOOK_SECONDS = 0.5
STILL_THERE_SECONDS = 60.0
"""How long to wait for another Airflow of the same home to stop."""
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def main() -> None:
    """Run until standard input ends. Exit 1 if Airflow did not start or a program ended, 2 for usage."""
    try:
        _supervise(read_settings(), int(sys.argv[1]))
    except UsageError as error:
        _end(error, 2)
    except StableJobsError as error:
        _end(error, 1)


def _end(error: Exception, code: int) -> None:
    _say(str(error))
    sys.exit(code)


def _say(sentence: str) -> None:
    print(f"stable-jobs: {sentence}", file=sys.stderr, flush=True)


def _supervise(settings: Settings, port: int) -> None:
    home = airflow_home(settings)
    passwords(home)
    with _alone(home), embedded_server(settings.home) as server:
        variables = environment(settings, server, port)
        if settings.database_url is None:
            init_database(server, is_demonstration=settings.is_demonstration)
        _make_metadata(server, variables, home)
        _prctl(PR_SET_CHILD_SUBREAPER, 1)
        try:
            _watch({name: _start(name, variables, home) for name in PROGRAMS}, home)
        finally:
            end_all()


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One Airflow per home. One that is just stopping is waited for."""
    home.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + STILL_THERE_SECONDS
    with (home / "lock").open("ab") as lock:
        if not _is_locked(lock):
            _say(f"an Airflow still runs in {home}: waiting {STILL_THERE_SECONDS:.0f} s for it to stop")
            while not _is_locked(lock):
                if time.monotonic() > deadline:
                    raise UsageError(f"an Airflow already runs in {home}: stop it first")
                time.sleep(LOOK_SECONDS)
        yield


def _is_locked(lock: IO[bytes]) -> bool:
    """Whether this process now holds the lock."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _make_metadata(server: URL, variables: Mapping[str, str], home: Path) -> None:
    """Airflow's database, at this Airflow's schema; what it was migrated by is noted on the database."""
    version = importlib.metadata.version("apache-airflow")
    engine = create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    noted = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = :name"
    with engine.connect() as connection:
        if not connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": METADATA}):
            connection.execute(text(f"CREATE ROLE {METADATA} LOGIN"))
        if not connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": METADATA}):
            connection.execute(text(f"CREATE DATABASE {METADATA} OWNER {METADATA}"))
        connection.execute(text(f"REVOKE CONNECT ON DATABASE {METADATA} FROM PUBLIC"))
        if connection.scalar(text(noted), {"name": METADATA}) != version:
            _migrate(variables, home)
            connection.execute(text(f"COMMENT ON DATABASE {METADATA} IS '{version}'"))
    engine.dispose()


def _migrate(variables: Mapping[str, str], home: Path) -> None:
    with _log(home, "db-migrate").open("ab") as log:
        command = [*AIRFLOW, "db", "migrate"]
        done = subprocess.run(command, env=variables, stdout=log, stderr=log, check=False)  # noqa: S603  # constants
    if done.returncode:
        raise StepError(_ended("db-migrate", home))


def _start(name: str, variables: Mapping[str, str], home: Path) -> subprocess.Popen[bytes]:
    with _log(home, name).open("ab") as log:
        return subprocess.Popen(  # noqa: S603  # constants
            [*AIRFLOW, name, *PROGRAMS[name]],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  # no thread of ours runs yet
        )


def _log(home: Path, name: str) -> Path:
    folder = home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"


def _die_with_parent() -> None:
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _watch(programs: Mapping[str, subprocess.Popen[bytes]], home: Path) -> None:
    """Until standard input ends; StepError if a program ends before."""
    told = threading.Event()
    threading.Thread(target=_listen, args=(told,), daemon=True).start()
    while not told.wait(LOOK_SECONDS):
        for name, program in programs.items():
            if program.poll() is not None:
                raise StepError(_ended(name, home))


def _listen(told: threading.Event) -> None:
    sys.stdin.buffer.read()
    told.set()


def _ended(name: str, home: Path) -> str:
    log = _log(home, name)
    last = log.read_text(errors="replace").splitlines()[-12:]
    return "\n".join((f"Airflow's {name} ended. The end of {log}:", *last))


def end_all() -> None:
    """Ask every process below this one to end, once; kill what still runs after the grace."""
    deadline = time.monotonic() + GRACE_SECONDS
    asked: set[int] = set()
    while children := psutil.Process().children(recursive=True):
        is_late = time.monotonic() > deadline
        for child in children:
            if is_late or child.pid not in asked:
                _tell(child, signal.SIGKILL if is_late else signal.SIGTERM)
                asked.add(child.pid)
        psutil.wait_procs(children, timeout=LOOK_SECONDS)


def _tell(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


if __name__ == "__main__":
    main()
