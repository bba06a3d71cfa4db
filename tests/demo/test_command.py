"""`stable-jobs demo`: which nights it writes, and under which key."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from stable_jobs.cli.main import app
from stable_jobs_demo.write import DemoResult

FIRST, LATER = date(2020, 5, 11), date(2020, 5, 19)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[date, date, str]]:
    """Business date, first night and key of every night that would be written."""
    found: list[tuple[date, date, str]] = []

    def write_demo(landing: Path, **said: Any) -> DemoResult:
        found.append((said["business_date"], said["first_night"], said["key"].name))
        return DemoResult(0, 0, (), said["key"], "")

    monkeypatch.setenv("STABLE_JOBS_HOME", str(tmp_path))
    monkeypatch.setattr("stable_jobs_demo.write.write_demo", write_demo)
    return found


@pytest.mark.parametrize(
    ("arguments", "nights"),
    [
        pytest.param([], [(FIRST, FIRST, "expected.json")], id="the day of the announcement"),
        pytest.param(["--date", "2020-05-19"], [(LATER, LATER, "expected.json")], id="one other night"),
        pytest.param(
            ["--date", "2020-05-11", "--date", "2020-05-19"],
            [(FIRST, FIRST, "expected.json"), (LATER, FIRST, "expected-2020-05-19.json")],
            id="two nights",
        ),
    ],
)
def test_nights(
    written: list[tuple[date, date, str]], arguments: list[str], nights: list[tuple[date, date, str]]
) -> None:
    done = CliRunner().invoke(app, ["demo", *arguments])

    assert done.exit_code == 0, done.output
    assert written == nights


def test_nothing_is_written_when_the_second_date_is_wrong(written: list[tuple[date, date, str]]) -> None:
    done = CliRunner().invoke(app, ["demo", "--date", "2020-05-11", "--date", "2020-06-19"])

    assert done.exit_code != 0
    assert written == []
