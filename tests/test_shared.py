"""What every worker uses is made by one of them, whoever asks first."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests.databases import SERVER_HOME
from tests.shared import made_once


@pytest.fixture(autouse=True)
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SERVER_HOME, str(tmp_path))


def test_whoever_asks_gets_what_the_first_made() -> None:
    calls: list[Path] = []
    together = Barrier(4)

    def make(folder: Path) -> tuple[str, Path]:
        calls.append(folder)
        time.sleep(0.1)  # the others look whether it is there meanwhile
        return "made", folder

    def ask(_: int) -> tuple[str, Path]:
        together.wait()
        return made_once("night", make)

    with ThreadPoolExecutor(4) as workers:
        found = list(workers.map(ask, range(4)))
    [folder] = calls
    assert folder.is_dir()
    assert found == [("made", folder)] * 4


def test_what_could_not_be_made_is_tried_again() -> None:
    def broken(folder: Path) -> int:
        raise OSError(folder)

    with pytest.raises(OSError):
        made_once("night", broken)
    assert made_once("night", lambda _: 1) == 1


def test_each_name_is_made() -> None:
    assert [made_once(name, lambda folder: folder.name) for name in ("a", "b")] == ["a", "b"]
