"""A login is kept for its owner's eyes, ends when the token says, and acts go where it was made."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from stable_jobs.errors import LedgerRefused, StepError, UsageError
from stable_jobs.local import login as logins
from stable_jobs.local.configuration import airflow_home
from stable_jobs.settings import SHANGHAI, Settings, now

URL = "http://127.0.0.1:8080"


def token(lives: timedelta = timedelta(hours=1)) -> str:
    said = json.dumps({"exp": int((now() + lives).timestamp())}).encode()
    return f"head.{urlsafe_b64encode(said).decode().rstrip('=')}.signature"


class Airflow:
    """What the command line reaches; `asked` is what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.token = token()
        self.answers: dict[str, tuple[int, Any]] = {
            "/stable-jobs/acts": (200, {"person": "李明", "acts": []})
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        self.asked.append((request.url.path, request.headers.get("authorization", ""), body))
        if request.url.path == "/auth/token/cli":
            is_right = body == {"username": "li", "password": "secret"}
            return httpx.Response(201 if is_right else 401, json={"access_token": self.token})
        status, answer = self.answers[request.url.path]
        return httpx.Response(status, json=answer)


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Airflow:
    found = Airflow()
    transport = httpx.MockTransport(found)
    monkeypatch.setattr(logins, "_client", lambda url: httpx.Client(base_url=url, transport=transport))
    return found


def test_the_token_is_for_its_owners_eyes(settings: Settings, airflow: Airflow) -> None:
    made = logins.log_in(settings, URL + "/", "li", "secret")
    assert (made.name, made.url) == ("李明", URL)
    assert logins.login_file(settings).stat().st_mode & 0o777 == 0o600
    assert logins.login_of(settings) == made
    assert airflow.token not in repr(made)
    assert logins.log_out(settings)
    assert logins.login_of(settings) is None
    assert not logins.log_out(settings)


def test_a_wrong_password(settings: Settings, airflow: Airflow) -> None:
    with pytest.raises(UsageError, match="does not let li in"):
        logins.log_in(settings, URL, "li", "wrong")
    assert logins.login_of(settings) is None


def others_may_read(path: Path) -> None:
    path.chmod(0o640)


def ended(path: Path) -> None:
    said = json.loads(path.read_text())
    path.write_text(
        json.dumps({**said, "expires": datetime(2020, 5, 11, 9, 30, tzinfo=SHANGHAI).isoformat()})
    )


def broken(path: Path) -> None:
    path.write_text("{")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        pytest.param(others_may_read, "can be read by others", id="read by others"),
        pytest.param(ended, "the login of 李明 ended at 2020-05-11 09:30: log in again", id="ended"),
        pytest.param(broken, "is no login", id="broken"),
    ],
)
def test_a_login_that_does_not_count(
    settings: Settings, airflow: Airflow, change: Callable[[Path], None], word: str
) -> None:
    logins.log_in(settings, URL, "li", "secret")
    change(logins.login_file(settings))
    with pytest.raises(UsageError, match=word):
        logins.login_of(settings)
    assert logins.log_out(settings)


@pytest.mark.parametrize(
    ("status", "error", "word"),
    [
        (401, UsageError, "log in again"),
        (403, LedgerRefused, "not for your role"),
        (404, StepError, "another version"),
        (409, LedgerRefused, "the ledger says"),
        (422, UsageError, "the ledger says"),
        (500, StepError, "answered 500"),
    ],
)
def test_what_the_server_answers(
    settings: Settings, airflow: Airflow, status: int, error: type[Exception], word: str
) -> None:
    made = logins.log_in(settings, URL, "li", "secret")
    airflow.answers["/stable-jobs/acts/hold"] = (status, {"detail": "the ledger says no"})
    with pytest.raises(error, match=word):
        logins.act_as(made, "hold", {"reason": "x"}, {"user": "root", "host": "desk"})
    airflow.answers["/stable-jobs/acts/hold"] = (200, {"result": 7})
    assert logins.act_as(made, "hold", {"reason": "x"}, {"user": "root", "host": "desk"}) == 7
    assert airflow.asked[-1] == (
        "/stable-jobs/acts/hold",
        f"Bearer {airflow.token}",
        {"parameters": {"reason": "x"}, "user": "root", "host": "desk"},
    )


def test_nobody_there(settings: Settings) -> None:
    with pytest.raises(StepError, match="does not answer"):
        logins.log_in(settings, "http://127.0.0.1:1", "li", "secret")


def test_whether_an_airflow_of_this_home_runs(settings: Settings) -> None:
    import fcntl

    assert not logins.runs_here(settings)
    home = airflow_home(settings)
    home.mkdir(parents=True)
    with (home / "lock").open("ab") as lock:
        assert not logins.runs_here(settings)
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert logins.runs_here(settings)
