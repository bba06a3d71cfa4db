"""The command line in process, on a fresh ledger, as `stable-jobs` ends: its words and its exit code."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine

from stable_jobs.cli import main as command_line
from stable_jobs.ledger.people import Hand
from stable_jobs.settings import Settings
from tests.conftest import HANDS
from tests.ledger.conftest import Books


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    def row(self, *words: str) -> str:
        """The one line of the output that has all the words."""
        found = [line for line in self.out.splitlines() if all(word in line for word in words)]
        assert len(found) == 1, self.out
        return found[0]


Run = Callable[..., Done]
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="session")
def template_database(demonstration_database: str) -> str:
    """Here people act on trust."""
    return demonstration_database


@pytest.fixture(autouse=True)
def people_on_trust() -> Iterator[None]:
    """What the books do beside the commands is of their kind: nobody checked who does it."""
    HANDS.append(Hand(None, "test"))
    yield
    HANDS.pop()


@pytest.fixture
def books(settings_with_database: Settings, engine: Engine) -> Books:
    """The ledger that the commands of the test see, published below the same folder."""
    return Books(engine, settings_with_database.out_root)


@pytest.fixture
def last_event(books: Books) -> Callable[[], tuple[str, str, object]]:
    """Who did the newest thing in the ledger, what kind it was, and in the name of which night."""

    def last_event() -> tuple[str, str, object]:
        body = json.loads(books.ask("SELECT body FROM audit_events ORDER BY id DESC LIMIT 1")[0][0])
        return body["actor"], body["kind"], body["business_date"]

    return last_event


@pytest.fixture
def run(settings_with_database: Settings, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> Run:
    """Runs `stable-jobs` with these arguments on the test's ledger; `said`: what is typed."""
    url = settings_with_database.database_url
    assert url is not None
    return runner(settings_with_database.home, url.get_secret_value(), monkeypatch, capsys)


@pytest.fixture
def dry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> Run:
    """Likewise, where no database answers: what gets as far as the ledger ends with 1."""
    return runner(tmp_path, "postgresql://nobody@127.0.0.1:1/none", monkeypatch, capsys)


def runner(home: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> Run:
    monkeypatch.setenv("STABLE_JOBS_HOME", str(home))
    monkeypatch.setenv("STABLE_JOBS_DATABASE_URL", url)
    monkeypatch.setattr(command_line, "atexit", SimpleNamespace(register=lambda _: None))

    def run(*arguments: str, said: str = "") -> Done:
        monkeypatch.setattr(sys, "argv", ["stable-jobs", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(said))
        with pytest.raises(SystemExit) as end:
            command_line.main()
        said_out, said_err = capsys.readouterr()
        return Done(int(end.value.code or 0), said_out, said_err)

    return run
