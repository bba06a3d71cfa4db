"""Dates and places that no command takes, nights that two people take back, and why nothing is ready."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from stable_jobs.cli import main as command_line
from stable_jobs.cli import night
from stable_jobs.errors import UsageError
from stable_jobs.settings import SHANGHAI
from tests.cli.conftest import Captured, Done, Run
from tests.ledger.conftest import CODES, REGION, Books, unit
from tests.ledger.full import LAST, OPENED

A, B = CODES[:2]
TODAY = datetime(2020, 5, 11, 23, 59, tzinfo=SHANGHAI)
DATED = [
    pytest.param(("night", "--date"), id="night"),
    pytest.param(("disburse", "--date"), id="disburse"),
    pytest.param(("returns", "take", "--date"), id="returns take"),
    pytest.param(("airflow", "run", "--date", "2020-05-11", "--date"), id="airflow run, the second date"),
]


@pytest.mark.parametrize("command", DATED)
def test_a_date_after_today_is_refused(
    dry: Run, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """In Shanghai, a minute before midnight."""
    monkeypatch.setattr("stable_jobs.settings.now", lambda: TODAY)
    done = dry(*command, "2020-05-12")
    assert (done.code, done.out) == (2, "")
    assert "2020-05-12 is after today: expected 2020-05-11 (Asia/Shanghai) or earlier" in done.err


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> Callable[..., Done]:
    """Runs a command with these settings and no database named."""
    for name in ("DATABASE_URL", "LANDING", "LAKE", "OUT"):
        monkeypatch.delenv(f"STABLE_JOBS_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command_line, "atexit", SimpleNamespace(register=lambda _: None))

    def run(*arguments: str, **settings: Path) -> Done:
        for name, value in settings.items():
            monkeypatch.setenv(f"STABLE_JOBS_{name.upper()}", str(value))
        monkeypatch.setattr(sys, "argv", ["stable-jobs", *arguments])
        with pytest.raises(SystemExit) as end:
            command_line.main()
        out, err = capsys.readouterr()
        return Done(int(end.value.code or 0), out, err)

    return run


def landing_of(home: Path, *, on: str | None) -> Path:
    """A landing folder with a file of that date, or with empty folders only."""
    folder = home / "landing" / "tax" / "taxpayers" / (on or "2020-05-11")
    folder.mkdir(parents=True)
    if on:
        (folder / "610100.csv").write_text("x", encoding="utf-8")
    return home / "landing"


@pytest.mark.parametrize("command", ["night", "airflow run"])
@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(lambda home: None, "there is no home {home}", id="no home"),
        pytest.param(lambda home: home.mkdir(), "there is no landing folder {home}/landing", id="no landing"),
        pytest.param(lambda home: landing_of(home, on=None), "found no delivery of any date", id="empty"),
        pytest.param(
            lambda home: landing_of(home, on="2020-05-11"),
            "found deliveries of other dates only",
            id="other dates",
        ),
    ],
)
def test_a_mistyped_or_empty_place_is_told_and_nothing_is_made(
    alone: Callable[..., Done], tmp_path: Path, command: str, make: Callable[[Path], object], says: str
) -> None:
    home = tmp_path / "home"
    make(home)
    before = sorted(tmp_path.rglob("*"))
    done = alone(*command.split(), "--date", "2020-05-12", home=home)
    assert (done.code, done.out) == (2, "")
    assert says.format(home=home) in done.err
    assert sorted(tmp_path.rglob("*")) == before


LOOKING = [
    ("disburse", "--date", "2020-05-11"),
    ("explain", A, "--date", "2020-05-11"),
    ("delivery", "list", "--date", "2020-05-11"),
    ("ledger", "verify"),
    ("ledger", "sums"),
    ("returns", "take", "--date", "2020-05-11"),
    ("returns", "list"),
    ("recovery", "list"),
    ("batch", "list"),
    ("hold", REGION, "--reason", "x", "--by", "y"),
]


@pytest.mark.parametrize("command", LOOKING, ids=[" ".join(words[:2]) for words in LOOKING])
def test_a_home_without_a_database_is_told_and_gets_none(
    alone: Callable[..., Done], tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = alone(*command, home=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert f"there is no database in {tmp_path}: no night was ever run there" in done.err
    assert list(tmp_path.iterdir()) == []


class Terminal(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "is_sure", "ends"),
    [
        pytest.param(None, False, UsageError, id="no terminal"),
        pytest.param("n\n", False, BaseException, id="no"),
        pytest.param("y\n", False, None, id="yes"),
        pytest.param(None, True, None, id="--yes"),
    ],
)
def test_a_night_for_which_nobody_sent_anything_asks(
    monkeypatch: pytest.MonkeyPatch, typed: str | None, is_sure: bool, ends: type[BaseException] | None
) -> None:
    desk = SimpleNamespace(business_date=date(2020, 5, 12))
    monkeypatch.setattr("stable_jobs.night.step.nothing_came", lambda _: "nobody sent anything")
    monkeypatch.setattr(sys, "stdin", io.StringIO("") if typed is None else Terminal(typed))
    if ends is None:
        night._check_came(desk, is_sure)  # type: ignore[arg-type]
        return
    with pytest.raises(ends):
        night._check_came(desk, is_sure)  # type: ignore[arg-type]


def test_two_people_withdraw_a_night(run: Run, books: Books) -> None:
    books.decide(unit(A), on=OPENED)
    books.decide(unit(A), unit(B), on=LAST)
    asked = run("withdraw-night", "--date", str(LAST), "--reason", "a slip", "--by", "zheng")
    assert "The night of 2020-07-02 is to be withdrawn: proposal 1 waits for another person" in asked.out
    assert asked.row(REGION).split()[:3] == [REGION, "1", "100.00"]
    assert run("proposal", "confirm", "1", "--by", "zheng").code == 1
    assert run("proposal", "confirm", "1", "--by", "wu").code == 0
    assert books.ask("SELECT business_date FROM newest_nights") == [(OPENED,)]
    again = run("withdraw-night", "--date", str(LAST), "--reason", "a slip", "--by", "zheng")
    assert (again.code, "is the newest night of no region" in again.err) == (1, True)


def test_disburse_says_why_nothing_is_ready(run: Run, books: Books) -> None:
    books.decide(unit(A), on=OPENED)
    done = run("disburse", "--date", "2020-05-12")
    assert done.code == 1
    assert "No batch: nothing is ready to be paid." in done.out
    says = ("2020-05-11", "older_night", "100.00", "there is no night of 2020-05-12")
    assert done.row(REGION, *says)
    assert "no region's newest night is that of 2020-05-12" in done.err
