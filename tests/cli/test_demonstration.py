"""`stable-jobs` with and without the distribution `stable-jobs-demo` beside it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.cli import demonstration
from stable_jobs.cli.airflow import BANK_SEED, bank_answers
from stable_jobs.cli.demonstration import AnswerPayments, find_bank_stand_in
from stable_jobs.settings import Settings
from stable_jobs_demo.bank import answer_payments
from tests.cli.conftest import Run

STAND_IN = ("airflow", "run", "--date", "2020-05-11", "--bank-stand-in")


@pytest.fixture
def without_demonstration(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a bureau's server: the product alone."""

    def distribution(name: str) -> Distribution:
        assert name == "stable-jobs-demo"
        raise PackageNotFoundError(name)

    monkeypatch.setattr(demonstration, "distribution", distribution)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        pytest.param(("demo",), "`stable-jobs demo`", id="demo"),
        pytest.param(("demo", "--date", "2020-05-11"), "`stable-jobs demo`", id="demo with an option"),
        pytest.param(("demo", "--help"), "`stable-jobs demo`", id="its help"),
        pytest.param(STAND_IN, "--bank-stand-in", id="the bank stand-in"),
    ],
)
def test_what_is_missing_is_one_sentence(
    without_demonstration: None, dry: Run, tmp_path: Path, arguments: tuple[str, ...], what: str
) -> None:
    """It names what is missing and how it is installed; nothing is begun."""
    delivered = tmp_path / "landing/labor/insured_units/2020-05-11/610100.csv"
    delivered.parent.mkdir(parents=True)
    delivered.write_text("a\n", encoding="utf-8")

    done = dry(*arguments)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"stable-jobs: {what} needs the distribution stable-jobs-demo, ")
    assert "`pip install ./demo`" in done.err
    assert len(done.err.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["landing"]


def listed(help_text: str) -> list[str]:
    lines = help_text.partition("Commands:\n")[2].splitlines()
    return [line.split()[0] for line in lines if line.strip()]


def test_the_list_of_commands_has_it_where_it_is_installed(
    dry: Run, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    installed = listed(dry("--help").out)
    request.getfixturevalue("without_demonstration")
    alone = listed(dry("--help").out)

    assert installed == ["demo", *alone]
    assert "check" in alone


@pytest.mark.parametrize("arguments", [("dmeo",), ("whoami",)], ids=["a typing error", "another command"])
def test_the_product_alone_does_the_rest(
    without_demonstration: None, dry: Run, arguments: tuple[str, ...]
) -> None:
    done = dry(*arguments)

    assert done.code == (2 if arguments == ("dmeo",) else 0)
    assert "demo" not in done.err.replace("dmeo", "")


def test_a_typing_error_suggests_it(dry: Run) -> None:
    assert "Did you mean 'demo'?" in dry("dmeo").err


@pytest.mark.parametrize(("arguments", "is_loaded"), [(["whoami"], False), (["--help"], True)])
def test_it_is_loaded_only_where_it_is_asked_for(
    tmp_path: Path, arguments: list[str], is_loaded: bool
) -> None:
    """Nor is anything of the generator loaded to list its command."""
    program = (
        "import sys\nfrom stable_jobs.cli.main import app\n"
        f"try:\n    app({arguments})\nexcept SystemExit:\n    pass\n"
        "print([name for name in sys.modules if name.startswith('stable_jobs_demo')])"
    )
    environment = {"PATH": "/usr/bin:/bin", "STABLE_JOBS_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    found = ["stable_jobs_demo", "stable_jobs_demo.command"] if is_loaded else []
    assert done.stdout.splitlines()[-1] == str(found)


def test_the_stand_in_is_the_demonstrations() -> None:
    agreed: AnswerPayments = answer_payments

    assert find_bank_stand_in() is agreed


@dataclass(frozen=True)
class Day:
    files: tuple[Path, ...]
    paid: int = 7151
    returned: int = 186
    forgotten: int = 25


@pytest.mark.parametrize(
    ("files", "told"),
    [
        pytest.param(
            (Path("payment.1.xml"),), ["bank stand-in: 7,151 paid, 186 returned, 25 forgotten"], id="a file"
        ),
        pytest.param((), [], id="nothing to answer"),
    ],
)
def test_the_stand_in_answers_a_day_later_what_was_published(
    tmp_path: Path, files: tuple[Path, ...], told: list[str]
) -> None:
    settings = Settings(home=tmp_path)
    asked: list[tuple[Any, ...]] = []

    def stand_in(folder: Path, answers: Path, seed: int, *, banks: Any, on: date | None = None) -> Day:
        asked.append((folder, answers, seed, banks.of("610100").demo, on))
        return Day(files)

    said: list[str] = []
    assert bank_answers(settings, date(2020, 5, 31), said.append, stand_in) is bool(files)
    assert said == told
    folder = settings.out_root / "2020-05-31"
    assert asked == [(folder, settings.bank_answers_root, BANK_SEED, True, date(2020, 6, 1))]
