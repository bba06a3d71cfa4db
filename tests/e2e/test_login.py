"""People at the command line of a machine on which Airflow runs: nothing counts but their own logins."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

import pytest

from stable_jobs.local.session import local_airflow
from stable_jobs.settings import Settings
from tests.e2e.home import Home, new_home
from tests.e2e.small import write_small

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("airflow")]
NIGHT = "2020-05-11"
BATCH = "360100-20200511-L2-1"
ADD = ("approver", "add", "--region", "360100", "--level")
APPROVE = ("batch", "approve", BATCH, "--yes", "--level")


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Home, str]]:
    """A home with a batch that waits for two people, and its Airflow's address."""
    with new_home() as home:
        write_small(home.path / "landing", home.path / "demo.json", date.fromisoformat(NIGHT))
        for command in ("night", "disburse"):
            done = home.run(command, "--date", NIGHT)
            assert done.returncode == 0, done.stderr
        with pytest.MonkeyPatch.context() as patch:
            for name, value in home.environment().items():
                patch.setenv(name, value)
            with local_airflow(Settings(_env_file=None), 0, lambda _: None) as airflow:
                yield home, airflow.url


def test_two_people_approve_under_their_own_logins(running: tuple[Home, str]) -> None:
    home, url = running
    refused = home.run(*ADD, "1", "mallory1", "--by", "nobody")
    assert (refused.returncode, "an Airflow runs for this home" in refused.stderr) == (1, True), (
        refused.stderr
    )
    home.log_in(url, "engineer")
    assert home.run("whoami").stdout.startswith(f"engineer at {url} until ")
    for level, person in (("1", "first"), ("2", "second")):
        done = home.run(*ADD, level, person)
        assert done.returncode == 0, done.stderr
    refused = home.run(*APPROVE, "1")
    assert (refused.returncode, "not for your role" in refused.stderr) == (1, True), refused.stderr
    for level, person in (("1", "first"), ("2", "second")):
        home.log_in(url, person)
        refused = home.run(*APPROVE, level, "--by", "mallory1")
        assert (refused.returncode, f"logged in as {person}" in refused.stderr) == (2, True)
        done = home.run(*APPROVE, level)
        assert done.returncode == 0, done.stderr
    refused = home.run(*APPROVE, "1")
    assert refused.returncode == 1
    assert home.run("logout").returncode == 0
    shown = home.run("batch", "show", BATCH).stdout
    assert shown.count(" authenticated ") == 2
    assert home.run("disburse", "--date", NIGHT).returncode == 0
    (manifest,) = (home.path / "out" / NIGHT).glob(f"*/{BATCH}/manifest.json")
    said = json.loads(manifest.read_text(encoding="utf-8"))
    assert said["approvals"] == [["1", "first（command line）"], ["2", "second（command line）"]]
    assert home.run("ledger", "verify").returncode == 0
