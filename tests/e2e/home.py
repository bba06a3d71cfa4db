"""One home folder and the real command line in it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from stable_jobs.settings import Settings
from stable_jobs.store.database import APP
from tests.databases import SERVER_HOME, Databases
from tests.processes import heed_signals, run_loaded

BUSINESS_DATE = "2020-05-11"
URL_NAME = "STABLE_JOBS_DATABASE_URL"
PROGRAM = Path(sys.executable).parent / "stable-jobs"


@dataclass(frozen=True)
class Home:
    """Where a night runs. `more`: settings beside the home, as environment variables."""

    path: Path
    more: dict[str, str] = field(default_factory=dict)

    def run(
        self, *arguments: str, said: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """said: what stands on its standard input."""
        return run_loaded(arguments, self.environment(**environment), said)

    def run_program(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The same by the installed program, from its first import on."""
        return subprocess.run(
            [PROGRAM, *arguments], env=self.environment(), capture_output=True, text=True, check=False
        )

    def log_in(self, url: str, user: str) -> None:
        """Log the command line in to the Airflow of this home, as one of its users."""
        password = json.loads((self.path / "airflow/passwords.json").read_text())[user]
        done = self.run("login", "--url", url, "--user", user, said=f"{password}\n")
        assert done.returncode == 0, done.stderr

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The same in a process group of its own, not waited for; what it says on stderr can be read."""
        return subprocess.Popen(
            [PROGRAM, *arguments],
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=heed_signals,
        )

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("STABLE_JOBS_")}
        return {**kept, "STABLE_JOBS_HOME": str(self.path), "COLUMNS": "160", **self.more, **more}

    def settings(self) -> Settings:
        """What its commands are set to, whatever this process's environment says."""
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("STABLE_JOBS_")]:
                patch.delenv(name)
            url = SecretStr(self.more[URL_NAME]) if URL_NAME in self.more else None
            return Settings(_env_file=None, home=self.path, database_url=url)

    @property
    def out(self) -> Path:
        return self.path / "out" / BUSINESS_DATE

    def key(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(
            (self.path / "demo" / "expected.json").read_text(encoding="utf-8")
        )
        return loaded


@contextmanager
def new_home(**more: str) -> Iterator[Home]:
    """A home that an embedded server can live in, also as root; gone afterwards."""
    path = Path(tempfile.mkdtemp(dir=os.environ[SERVER_HOME]))
    try:
        yield Home(path, more)
    finally:
        shutil.rmtree(path)


@contextmanager
def home_with_database(databases: Databases, template: str) -> Iterator[Home]:
    """A home whose commands use a database of the tests' server: none starts and stops one of its own."""
    name = databases.take(template)
    url = databases.postgres.set(username=APP, database=name).render_as_string(hide_password=False)
    with new_home(**{URL_NAME: url}) as home:
        yield home
    databases.give_back(template, name)


BATCH = re.compile(r"[0-9]{6}-[0-9]{8}-L[0-2]-[0-9]+", re.ASCII)
ANCHOR = re.compile(rb"[0-9]+:[0-9a-f]{64}")


def tree(folder: Path) -> dict[str, str]:
    """Every file under the folder, hidden ones too → SHA-256 of its bytes; a folder without files → ''.

    A batch's manifest and application are told without the ledger's anchor, which is each ledger's own.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file():
            found[name] = hashlib.sha256(without_anchor(path)).hexdigest()
        elif not any(path.iterdir()):
            found[name] = ""
    return found


def without_anchor(path: Path) -> bytes:
    """A file's bytes; of a batch's manifest and application what they say beside the anchor."""
    content = path.read_bytes()
    if BATCH.fullmatch(path.parent.name) is None:
        return content
    if path.name.startswith("disbursement_application."):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                content = b"".join(one.encode() + book.read(one) for one in sorted(book.namelist()))
        return ANCHOR.sub(b"anchor", content)
    if path.name == "manifest.json":
        said = json.loads(content)
        said.pop("anchor", None)
        for name, file in said["files"].items():
            if name.startswith("disbursement_application."):
                file.pop("sha256"), file.pop("bytes")
        return json.dumps(said, sort_keys=True).encode()
    return content


def ages(folder: Path) -> dict[str, int]:
    """Every file under the folder → when it was last written, in nanoseconds."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in files}
