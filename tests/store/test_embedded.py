"""The embedded server with real processes: shared, never stopped under another, stopped by the last."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.pool import NullPool

import stable_jobs
from stable_jobs.errors import StepError, UsageError
from stable_jobs.settings import Settings
from stable_jobs.store import embedded
from stable_jobs.store.database import database
from stable_jobs.store.embedded import embedded_server
from tests.processes import heed_signals, output_of, tell

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(stable_jobs.__file__).parents[1])}
USER = """
import sys
from pathlib import Path
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from stable_jobs.store.embedded import embedded_server
with embedded_server(Path(sys.argv[1])) as url:
    print("up", flush=True)
    for line in sys.stdin:
        with create_engine(url, poolclass=NullPool).connect() as connection:
            print(connection.scalar(text("SELECT 42")), flush=True)
"""
NIGHT = """
import sys
from pathlib import Path
from sqlalchemy import text
from stable_jobs.settings import Settings
from stable_jobs.store.database import database
print("ready", flush=True)
sys.stdin.readline()
with database(Settings(_env_file=None, home=Path(sys.argv[1]))) as engine, engine.connect() as connection:
    print(connection.scalar(text("SELECT count(*) FROM deliveries")))
"""


@pytest.fixture(scope="module")
def home() -> Path:
    """One home with a data folder for all tests here; each leaves it stopped."""
    return Path(tempfile.mkdtemp(dir=os.environ["TEST_POSTGRES_HOME"]))


@pytest.fixture(autouse=True)
def _stopped_after(home: Path) -> Iterator[None]:
    yield
    User.end_all()
    if left := is_running(home):
        with embedded_server(home):
            pass
    assert not left


def is_running(home: Path) -> bool:
    return (home / "postgres" / "postmaster.pid").exists()


def server_pid(home: Path) -> int:
    return int((home / "postgres" / "postmaster.pid").read_text().split()[0])


def answer(url: URL) -> int:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return int(connection.scalar(text("SELECT 42")))


class User:
    """Another process that uses the server."""

    started: ClassVar[list[subprocess.Popen[str]]] = []

    def __init__(self, home: Path, program: str = USER, first: str = "up\n") -> None:
        command = [sys.executable, "-W", "error", "-c", program, str(home)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT,
            text=True, preexec_fn=heed_signals,
        )  # fmt: skip
        self.started.append(self.process)
        assert output_of(self.process).readline() == first, self.process.communicate()

    @classmethod
    def end_all(cls) -> None:
        """What a failed test left, so that it fails no other."""
        while cls.started:
            with cls.started.pop() as process:
                process.kill()

    def answers(self) -> bool:
        tell(self.process, "\n")
        return output_of(self.process).readline() == "42\n"

    def ends(self, number: signal.Signals | None = None) -> int:
        """Its exit status, after that signal or the end of its input (which leaves nothing on stderr)."""
        if number is not None:
            self.process.send_signal(number)
            self.process.wait(timeout=30)
        _, said = self.process.communicate(timeout=30)
        assert number is not None or said == ""
        return self.process.returncode


def test_the_server_runs_as_long_as_the_block(home: Path) -> None:
    with embedded_server(home) as url:
        assert answer(url) == 42
        assert is_running(home)
    assert not is_running(home)


def test_it_listens_on_no_port_and_its_folder_is_private(home: Path) -> None:
    with embedded_server(home) as url, create_engine(url, poolclass=NullPool).connect() as connection:
        assert connection.scalar(text("SHOW listen_addresses")) == ""
        assert (home / "postgres").stat().st_mode & 0o077 == 0


def test_it_is_utf_8(home: Path) -> None:
    with embedded_server(home) as url, create_engine(url, poolclass=NullPool).connect() as connection:
        assert connection.scalar(text("SHOW server_encoding")) == "UTF8"


def test_an_error_inside_ends_the_server_too(home: Path) -> None:
    with pytest.raises(ZeroDivisionError), embedded_server(home):
        raise ZeroDivisionError


def test_blocks_of_one_process_share_it(home: Path) -> None:
    with embedded_server(home) as url:
        with embedded_server(home) as inner:
            assert inner == url
        assert answer(url) == 42


def test_a_thread_may_use_it(home: Path) -> None:
    answers = []

    def use() -> None:
        with embedded_server(home) as url:
            answers.append(answer(url))

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert answers == [42]


def test_two_processes_share_it_and_the_last_stops_it(home: Path) -> None:
    first, second = User(home), User(home)
    pid = server_pid(home)
    assert first.answers()
    assert first.ends() == 0
    assert second.answers()
    assert server_pid(home) == pid
    assert second.ends() == 0
    assert not is_running(home)


@pytest.mark.parametrize(
    ("number", "status"),
    [
        pytest.param(signal.SIGTERM, 128 + signal.SIGTERM, id="SIGTERM"),
        pytest.param(signal.SIGHUP, 128 + signal.SIGHUP, id="SIGHUP"),
        pytest.param(signal.SIGINT, -signal.SIGINT, id="SIGINT"),
    ],
)
def test_a_signal_stops_it_only_for_the_last(home: Path, number: signal.Signals, status: int) -> None:
    first, second = User(home), User(home)
    assert first.ends(number) == status
    assert second.answers()
    assert second.ends(number) == status
    assert not is_running(home)


def test_a_killed_process_leaves_the_server_to_the_next(home: Path) -> None:
    killed = User(home)
    pid = server_pid(home)
    assert killed.ends(signal.SIGKILL) == -signal.SIGKILL
    assert is_running(home)
    later = User(home)
    assert later.answers()
    assert server_pid(home) == pid
    assert later.ends() == 0
    assert not is_running(home)


def test_a_killed_process_does_not_stop_it_under_another(home: Path) -> None:
    killed, other = User(home), User(home)
    killed.ends(signal.SIGKILL)
    assert other.answers()
    assert other.ends() == 0


def test_a_killed_server_recovers(home: Path) -> None:
    with embedded_server(home) as url:
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS n"))
        pid = server_pid(home)
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text():
            time.sleep(0.02)
    with embedded_server(home) as url, create_engine(url, poolclass=NullPool).connect() as connection:
        assert connection.scalar(text("SELECT n FROM kept")) == 7


def test_a_server_that_another_began_to_start_is_waited_for(home: Path) -> None:
    with embedded_server(home):
        pass
    folder = home / "postgres"
    options = f"-c listen_addresses= -k {folder}"
    log = ("-l", str(folder / "log"))
    embedded._run("pg_ctl", "-D", str(folder), *log, "-o", options, "-W", "start")
    with embedded_server(home) as url:
        assert answer(url) == 42


def test_half_a_data_folder_is_made_anew(server_home: Path) -> None:
    half = server_home / ".postgres-killed"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with embedded_server(server_home) as url:
        assert answer(url) == 42
    assert sorted(path.name for path in server_home.iterdir()) == [
        "postgres",
        "postgres.lock",
        "postgres.users",
    ]


@pytest.mark.parametrize("name", ["my home", "a'b", "a$b", "a;b", "a,b", "a#b"])
def test_a_path_that_a_server_cannot_have_is_refused(server_home: Path, name: str) -> None:
    with pytest.raises(UsageError, match="STABLE_JOBS_HOME") as caught, embedded_server(server_home / name):
        pass
    assert str(server_home / name) in str(caught.value)
    assert not (server_home / name).exists()


@pytest.mark.parametrize("name", [pytest.param("稳岗", id="Chinese"), pytest.param("long" * 25, id="long")])
def test_a_path_that_works(server_home: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sockets = server_home / "sockets"
    sockets.mkdir()
    sockets.chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(sockets))
    with embedded_server(server_home / name) as url:
        assert answer(url) == 42
    assert list(sockets.iterdir()) == []


def test_a_server_that_does_not_start_shows_the_end_of_its_log(server_home: Path) -> None:
    with embedded_server(server_home):
        pass
    (server_home / "postgres" / "postgresql.conf").write_text("nonsense = 1\n")
    with pytest.raises(StepError, match="STABLE_JOBS_DATABASE_URL") as caught, embedded_server(server_home):
        pass
    assert "nonsense" in str(caught.value)


def test_two_first_nights_at_once(server_home: Path) -> None:
    nights = [User(server_home, NIGHT, "ready\n") for _ in range(2)]
    for night in nights:
        tell(night.process, "\n")
    assert [night.process.communicate(timeout=60) for night in nights] == [("0\n", "")] * 2
    assert not is_running(server_home)


def test_the_application_s_role_on_the_embedded_server(settings: Settings) -> None:
    for _ in range(2):
        with database(settings) as engine, engine.connect() as connection:
            assert connection.scalar(text("SELECT current_user")) == "stable_jobs_app"
            assert connection.scalar(text("SELECT count(*) FROM snapshots")) == 0
    assert not is_running(settings.home)
