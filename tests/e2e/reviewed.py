"""A real Airflow with two finished nights and batches that wait, and people who look at the pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx

from stable_jobs.local.configuration import airflow_home, generated_secrets, passwords
from stable_jobs.local.session import logged_in
from stable_jobs.review.access import Person, form_token
from stable_jobs.settings import Settings
from tests.e2e.airflow_home import Both, both_homes
from tests.e2e.asked import DAG, Asked, runs
from tests.e2e.home import Home, new_home
from tests.e2e.small import write_small

FIRST, LATER = "2020-05-11", "2020-05-19"
HELD = "220500"
PLAIN, BROWSED, TWICE = "610100-20200519-L1-1", "620100-20200519-L1-1", "610100-20200519-L2-1"
"""Batches that wait: two that one person approves, one that needs a second."""
APPROVERS = (("first", 1), ("first", 2), ("second", 2))
A_LOOK = 120.0
PAGES = {
    "nights": f"/nights/{FIRST}",
    "report": f"/nights/{FIRST}/report",
    "department": f"/nights/{FIRST}/report/tax",
    "extract": f"/nights/{FIRST}/report/tax/premium_payments",
    "enterprises": "/enterprises",
    "regions": "/regions",
    "region": "/regions/610100",
    "batches": "/batches",
    "batch": f"/batches/{BROWSED}",
    "comparison": f"/comparison?night={LATER}&against={FIRST}",
}
"""Name → address under the app. An enterprise's own page is found from the list of them."""


@dataclass(frozen=True)
class Reviewed:
    """The pages of a running Airflow. People are `local.configuration.USERS`."""

    both: Both
    asked: Asked
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"{self.both.airflow.url}/stable-jobs"

    def token(self, user: str) -> str:
        """What Airflow gives for the user's password."""
        if user not in self.tokens:
            home = airflow_home(Settings(_env_file=None, home=self.both.home.path))
            with logged_in(self.both.airflow.url, user, passwords(home)[user]) as client:
                self.tokens[user] = client.http.headers["Authorization"].partition(" ")[2]
        return self.tokens[user]

    def get(self, user: str | None, path: str) -> httpx.Response:
        """A page as the user's browser asks for it; None: somebody who is not signed in."""
        return self._send(user, "GET", path)

    def post(self, user: str | None, path: str, **more: Any) -> httpx.Response:
        """A form as the user's browser sends it."""
        return self._send(user, "POST", path, **more)

    def form_token(self, user: str) -> str:
        """What a form carries that this person was shown, whatever a page offers them."""
        home = airflow_home(Settings(_env_file=None, home=self.both.home.path))
        airflow = SimpleNamespace(secret=generated_secrets(home)["secret_key"])
        request: Any = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(airflow=airflow)))
        return form_token(request, Person(user, frozenset()))

    def answer(self, user: str, batch_no: str, given: str, reason: str = "") -> int:
        """The status after the form on the batch's page."""
        data = {"form_token": self.form_token(user), "answer": given, "reason": reason}
        return self.post(user, f"/batches/{batch_no}/answer", data=data).status_code

    def _send(self, user: str | None, method: str, path: str, **more: Any) -> httpx.Response:
        cookies = {} if user is None else {"_token": self.token(user)}
        with httpx.Client(cookies=cookies, trust_env=False, timeout=60) as client:
            return client.request(method, self.url + path, **more)


@contextmanager
def reviewed_nights() -> Iterator[Reviewed]:
    """Airflow runs as long as the block does. What a page works out in the background is done."""
    with new_home() as common, new_home() as one, new_home() as other:
        more = {"STABLE_JOBS_LANDING": str(_landing(common.path))}
        with both_homes(Home(one.path, more), Home(other.path, more)) as both:
            for person, level in APPROVERS:
                assign(both, person, level)
            for day in (FIRST, LATER):
                assert both.wait(both.run(day)) == "success"
                both.until(partial(runs, both, DAG, day), A_LOOK)
            asked = Asked(both, runs(both, DAG, LATER)[0]["dag_run_id"])
            for batch_no in (PLAIN, BROWSED, TWICE):
                both.until(partial(asked.is_waiting, batch_no, 1))
            found = Reviewed(both, asked)
            both.until(lambda: found.get("first", PAGES["comparison"]).status_code == 200)
            yield found


def _landing(folder: Path) -> Path:
    landing, first = folder / "landing", date.fromisoformat(FIRST)
    write_small(landing, folder / "first.json", first)
    write_small(landing, folder / "later.json", date.fromisoformat(LATER), first)
    return landing


def assign(both: Both, person: str, level: int) -> None:
    """As the engineer, under a login of the command line."""
    both.home.log_in(both.airflow.url, "engineer")
    done = both.home.run("approver", "add", person, "--region", "000000", "--level", str(level))
    assert done.returncode == 0, done.stderr
