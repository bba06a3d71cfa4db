"""`stable-jobs airflow run`, which `make run` calls: two nights on to the bank's answers.

The command line does the same in another home: what Airflow leaves are the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from stable_jobs.bank.banks import load_banks
from stable_jobs.cli.airflow import BANK_SEED
from stable_jobs.settings import data_folder
from stable_jobs_demo.bank import answer_payments
from tests.e2e.conftest import Night
from tests.e2e.home import BUSINESS_DATE, Home, new_home, tree
from tests.e2e.kills import nothing_runs, processes_of
from tests.e2e.small import write_small

pytestmark = pytest.mark.long
FIRST, LATER = date.fromisoformat(BUSINESS_DATE), date(2020, 5, 19)
RUN = ("airflow", "run", "--date", str(FIRST), "--date", str(LATER), "--bank-stand-in")


@pytest.fixture(scope="module")
def landing() -> Iterator[Path]:
    """Both nights' deliveries, small."""
    with new_home() as home:
        write_small(home.path / "landing", home.path / "first.json", FIRST)
        write_small(home.path / "landing", home.path / "later.json", LATER, FIRST)
        yield home.path / "landing"


def by_hand(home: Home, day: date) -> str:
    """The night and what follows it, command by command; what the night printed."""
    printed = done(home, "night", "--date", str(day))
    done(home, "disburse", "--date", str(day))
    booked = day + timedelta(days=1)
    folder, answers = home.path / "out" / str(day), home.path / "bank" / "answers"
    answer_payments(folder, answers, BANK_SEED, banks=load_banks(data_folder("banks")), on=booked)
    done(home, "returns", "take", "--date", str(booked))
    return printed


def done(home: Home, *arguments: str) -> str:
    finished = home.run(*arguments)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout.replace(str(home.path), "HOME")


@pytest.fixture(scope="module")
def commanded(landing: Path) -> Iterator[Night]:
    """By the command line."""
    with new_home(STABLE_JOBS_LANDING=str(landing)) as home:
        yield Night(home, "".join(by_hand(home, day) for day in (FIRST, LATER)), "")


@pytest.fixture(scope="module")
def ran(landing: Path) -> Iterator[Night]:
    """In Airflow, in a home of its own."""
    with new_home(STABLE_JOBS_LANDING=str(landing)) as home:
        finished = home.run(*RUN)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        assert nothing_runs(home), processes_of(home)
        yield Night(home, finished.stdout.replace(str(home.path), "HOME"), finished.stderr)


def test_it_prints_the_night_s_figures(commanded: Night, ran: Night) -> None:
    missing = [line for line in commanded.printed.splitlines() if line not in ran.printed.splitlines()]
    assert missing == []


def test_it_says_how_far_the_money_is_and_who_is_awaited(ran: Night) -> None:
    assert "awaiting approval" in ran.printed
    assert "stable-jobs batch approve" in ran.printed
    assert "bank stand-in: " in ran.progress


def test_it_leaves_the_same_bytes(commanded: Night, ran: Night) -> None:
    assert tree(ran.home.path / "out") == tree(commanded.home.path / "out")


def test_its_ledger_verifies(ran: Night) -> None:
    assert done(ran.home, "ledger", "verify").startswith("OK")


def test_it_says_who_owes(ran: Night) -> None:
    assert ran.progress.count("the department owes deliveries") == 5
    assert "Traceback" not in ran.progress


def test_nobody_else_reads_its_secrets(ran: Night) -> None:
    for name in ("secrets.json", "passwords.json"):
        assert (ran.home.path / "airflow" / name).stat().st_mode & 0o077 == 0


def test_again_changes_no_byte(ran: Night) -> None:
    """What the bank returned meanwhile waits now: that is said in another edition of those lists."""
    before = tree(ran.home.path / "out")
    again = ran.home.run(*RUN)
    assert again.returncode == 0, again.stdout + again.stderr
    after = tree(ran.home.path / "out")
    assert {name: after[name] for name in before} == before
    assert {Path(name).parent.name for name in after.keys() - before.keys()} == {"waiting"}
    assert ran.home.run(*RUN).returncode == 0
    assert tree(ran.home.path / "out") == after
