"""The demonstration's night, run once by the real command line in a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

BUSINESS_DATE = "2020-05-11"


@dataclass(frozen=True)
class Home:
    """One home folder and the command line in it."""

    path: Path

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).parent / "stable-jobs"), *arguments],
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            check=False,
        )

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("STABLE_JOBS_")}
        return {**kept, "STABLE_JOBS_HOME": str(self.path), "COLUMNS": "160", **more}

    @property
    def out(self) -> Path:
        return self.path / "out" / BUSINESS_DATE

    def key(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.path / "demo" / "expected.json").read_text(encoding="utf-8"))
        return loaded


@dataclass(frozen=True)
class Night:
    """A finished night: where it ran and what it printed."""

    home: Home
    printed: str


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    home = Home(tmp_path_factory.mktemp("night"))
    for arguments in (("demo", "--date", BUSINESS_DATE), ("night", "--date", BUSINESS_DATE)):
        done = home.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    yield Night(home, done.stdout)
