"""`stable-jobs airflow run`, which `make run` calls: the figures and bytes of the command line's night."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Night
from tests.e2e.home import BUSINESS_DATE, new_home, tree
from tests.e2e.kills import nothing_runs, processes_of

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("night")]


@pytest.fixture(scope="module")
def ran(night: Night) -> Iterator[Night]:
    """Over the same landing, in a home of its own."""
    with new_home(STABLE_JOBS_LANDING=str(night.home.path / "landing")) as home:
        done = home.run("airflow", "run", "--date", BUSINESS_DATE)
        assert done.returncode == 0, done.stdout + done.stderr
        assert nothing_runs(home), processes_of(home)
        yield Night(home, done.stdout, done.stderr)


def test_it_prints_the_same_table(night: Night, ran: Night) -> None:
    printed = ran.printed.replace(str(ran.home.path), str(night.home.path))
    assert printed == night.printed


def test_it_leaves_the_same_bytes(night: Night, ran: Night) -> None:
    assert tree(ran.home.out) == tree(night.home.out)


def test_it_says_who_owes(ran: Night) -> None:
    assert ran.progress.count("the department owes deliveries") == 5
    assert "Traceback" not in ran.progress


def test_nobody_else_reads_its_secrets(ran: Night) -> None:
    for name in ("secrets.json", "passwords.json"):
        assert (ran.home.path / "airflow" / name).stat().st_mode & 0o077 == 0
