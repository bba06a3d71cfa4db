"""Homes that stand still before a step that moves money: copied for each kill, so that each begins alike.

One home goes through both nights of the demonstration in small, by the real command line; before each step it
is copied, its server stopped. So the home before the next step is what the step leaves undisturbed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from stable_jobs.bank.banks import load_banks
from stable_jobs.ledger.verify import verify_ledger
from stable_jobs.settings import Settings, data_folder
from stable_jobs.store.database import APP, database
from stable_jobs.store.embedded import embedded_server
from stable_jobs_demo.bank import answer_payments
from tests.databases import SERVER_HOME, copy_database, drop_database, run_sql
from tests.e2e.home import Home, tree
from tests.e2e.ledger_dump import dump_ledger
from tests.e2e.small import write_small
from tests.processes import heed_signals

FIRST, LATER = "2020-05-11", "2020-05-19"
COMMANDS = {
    "decided": ("notices", LATER),
    "announced": ("disburse", "--date", LATER),
    "approved": ("disburse", "--date", LATER),
    "answered": ("returns", "take", "--date", LATER),
}
"""Stage → what is run, and killed, in it."""
APPROVALS = (
    ("610100-20200519-L1-1", ("first",)),
    ("610100-20200519-L2-1", ("first", "second")),
    ("620100-20200519-L1-1", ("first",)),
    ("360100-20200511-L2-1", ("first", "second")),
)
"""Batches that are approved between two disbursements; others stay open."""
ROOT = Path(__file__).parents[2]
UNDISTURBED = "undisturbed"


@dataclass(frozen=True)
class Outcome:
    """What a step leaves behind for good."""

    files: dict[str, str]
    ledger: dict[str, list[str]]
    breaks: tuple[str, ...]
    leftovers: tuple[str, ...]
    """Files of unfinished work outside `out/`: they may hold accounts."""


@dataclass(frozen=True)
class Stages:
    """The homes before each step, by name, and what each step leaves undisturbed."""

    folder: Path
    more: dict[str, str]
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    @contextmanager
    def home(self, stage: str) -> Iterator[Home]:
        """A copy of the stage, its server running until the end."""
        with fresh_folder() as folder:
            _copy(self.folder / stage, folder / "home")
            home = home_in(folder, self.more)
            with embedded_server(home.path):
                yield home


def home_in(folder: Path, more: dict[str, str]) -> Home:
    """Unfinished work of its processes goes to a folder that is looked into."""
    (folder / "temporary").mkdir(exist_ok=True)
    return Home(folder / "home", {**more, "TMPDIR": str(folder / "temporary")})


@contextmanager
def fresh_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=os.environ[SERVER_HOME]))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def empty_ledger(postgres: URL, template: str) -> Iterator[tuple[Home, Engine]]:
    """A home over an empty ledger on the tests' own server."""
    name = copy_database(postgres, template, "kills")
    url = postgres.set(username=APP, database=name)
    with fresh_folder() as folder:
        home = home_in(folder, {"STABLE_JOBS_DATABASE_URL": url.render_as_string(hide_password=False)})
        yield home, create_engine(url, poolclass=NullPool)
    drop_database(postgres, name)


@contextmanager
def written_stages() -> Iterator[Stages]:
    with fresh_folder() as folder:
        landing, first = folder / "landing", date.fromisoformat(FIRST)
        write_small(landing, folder / "first.json", first)
        write_small(landing, folder / "later.json", date.fromisoformat(LATER), first)
        stages = Stages(folder, {"STABLE_JOBS_LANDING": str(landing)})
        (folder / "at_work" / "home").mkdir(parents=True)
        _go(stages, home_in(folder / "at_work", stages.more))
        yield stages


def _go(stages: Stages, home: Home) -> None:
    with embedded_server(home.path) as url:
        run_sql(url, "ALTER SYSTEM SET fsync = off")
    succeed(home, "night", "--date", FIRST)
    for person, level in (("first", "1"), ("first", "2"), ("second", "2")):
        succeed(home, "approver", "add", person, "--region", "000000", "--level", level, "--by", "head")
    succeed(home, "disburse", "--date", FIRST)
    let_the_bank_answer(home)
    succeed(home, "returns", "take", "--date", FIRST)
    assert run_to(home, "stable_jobs.night.notices:open_notices:1:before", "night", "--date", LATER) == -9
    _step(stages, home, "decided")
    _step(stages, home, "announced")
    for batch_no, people in APPROVALS:
        for place, person in enumerate(people, 1):
            succeed(home, "batch", "approve", batch_no, "--level", str(place), "--by", person, "--yes")
    _step(stages, home, "approved")
    let_the_bank_answer(home)
    (home.path / "bank" / "answers" / "610100-x.csv").write_text("x", encoding="utf-8")
    _step(stages, home, "answered")


def _step(stages: Stages, home: Home, stage: str) -> None:
    with embedded_server(home.path):
        pass  # what a killed night left running
    _copy(home.path, stages.folder / stage)
    assert run_to(home, UNDISTURBED, *COMMANDS[stage]) == 0
    stages.outcomes[stage] = outcome(home)


def _copy(source: Path, target: Path) -> None:
    """With its owners: the server's folder belongs to the server's user."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def succeed(home: Home, *arguments: str) -> None:
    done = home.run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def let_the_bank_answer(home: Home) -> None:
    answer_payments(
        home.path / "out", home.path / "bank" / "answers", 7, banks=load_banks(data_folder("banks"))
    )


def run_to(home: Home, point: str, *command: str) -> int:
    """Run the command up to the point; how it ended. Its words are kept for a failure's sake."""
    started = start(home, point, *command)
    said = started.communicate()[0]
    if started.returncode not in (0, -9):
        print(said)
    return started.returncode


def start(home: Home, point: str, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.kill_points", point, "--", *command],
        cwd=ROOT,
        env=home.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=heed_signals,
    )


@contextmanager
def ledger_of(home: Home) -> Iterator[Connection]:
    url = home.more.get("STABLE_JOBS_DATABASE_URL")
    settings = Settings(_env_file=None, home=home.path, database_url=SecretStr(url) if url else None)
    with database(settings) as engine, engine.connect() as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        yield connection


def outcome(home: Home) -> Outcome:
    out = home.path / "out"
    with ledger_of(home) as connection:
        breaks = tuple(one.sentence() for one in verify_ledger(connection, out).breaks)
        return Outcome(tree(out), dump_ledger(connection), breaks, leftovers(home))


def leftovers(home: Home) -> tuple[str, ...]:
    return tuple(sorted(tree(Path(home.more["TMPDIR"])).keys() | tree(home.path / "tmp").keys()))
