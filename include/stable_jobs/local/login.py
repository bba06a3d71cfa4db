"""A person's own login to the running Airflow, kept for the command line, and acts done through it."""

from __future__ import annotations

import json
import os
import stat
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from stable_jobs.errors import LedgerRefused, StepError, UsageError
from stable_jobs.local.configuration import airflow_home
from stable_jobs.messages.ledger_refusals import refusal
from stable_jobs.settings import SHANGHAI, Settings, now
from stable_jobs.words import Words

PREFIX = "/stable-jobs"
SECONDS = 60.0
AGAIN = "log in again: stable-jobs login"


@dataclass(frozen=True)
class Login:
    """A person's login at one address until a moment. name: the person's in Airflow and in the ledger."""

    url: str
    name: str
    token: str = field(repr=False)
    expires: datetime


def login_file(settings: Settings) -> Path:
    """Where the token is kept, for its owner's eyes only."""
    return settings.home / "login.json"


def log_in(settings: Settings, url: str, user: str, password: str) -> Login:
    """Ask Airflow for a token that lives an hour or so, and keep it. UsageError where it is not given."""
    address = url.rstrip("/")
    with _client(address) as http:
        answer = _ask(http, "POST", "/auth/token/cli", {"username": user, "password": password})
        if answer.status_code in (401, 403, 404, 405, 422):
            raise UsageError(f"{address} does not let {user} in: wrong name or password, or no Airflow there")
        token = str(_plain(answer)["access_token"])
        http.headers["Authorization"] = f"Bearer {token}"
        name = str(_plain(_ask(http, "GET", f"{PREFIX}/acts"))["person"])
    login = Login(address, name, token, _expiry(token))
    kept = {"url": login.url, "name": name, "token": token, "expires": login.expires.isoformat()}
    path = login_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(kept, file)
    part.rename(path)
    return login


def log_out(settings: Settings) -> bool:
    """Forget the token; whether there was one."""
    path = login_file(settings)
    is_there = path.exists()
    path.unlink(missing_ok=True)
    return is_there


def login_of(settings: Settings) -> Login | None:
    """The login that is kept, if any. UsageError where it has expired or others may read or write it."""
    path = login_file(settings)
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    if stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid != os.getuid():
        raise UsageError(f"{path} can be read by others than its owner: stable-jobs logout, then {AGAIN}")
    try:
        kept = json.loads(path.read_text())
        login = Login(kept["url"], kept["name"], kept["token"], datetime.fromisoformat(kept["expires"]))
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{path} is no login: {AGAIN}") from None
    if login.expires <= now():
        raise UsageError(f"the login of {login.name} ended at {login.expires:%Y-%m-%d %H:%M}: {AGAIN}")
    return login


def act_as(login: Login, name: str, parameters: Mapping[str, Any], said: Mapping[str, Any]) -> Any:
    """Do an act on the server, in the name that the token says; its result.

    said: who runs this command line. LedgerRefused, UsageError and StepError as the server says.
    """
    with _client(login.url) as http:
        http.headers["Authorization"] = f"Bearer {login.token}"
        return act_through(http, name, parameters, said)


def act_through(http: httpx.Client, name: str, parameters: Mapping[str, Any], said: Mapping[str, Any]) -> Any:
    """The same with a client that carries a token."""
    answer = _ask(http, "POST", f"{PREFIX}/acts/{name}", {"parameters": dict(parameters), **said})
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise UsageError(f"{http.base_url} does not know this login any more: {AGAIN}")
    if answer.status_code == httpx.codes.FORBIDDEN:
        raise LedgerRefused(refusal("not_your_role", server=http.base_url, act=name))
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise StepError(f"{http.base_url} knows no act {name}: it runs another version")
    if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        raise UsageError(_detail(answer))
    if answer.status_code == httpx.codes.CONFLICT:
        raise LedgerRefused(Words.as_written(_detail(answer)))
    return _plain(answer)["result"]


def runs_here(settings: Settings) -> bool:
    """Whether an Airflow of this home runs: its supervisor holds the lock."""
    import fcntl

    try:
        with (airflow_home(settings) / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _client(url: str) -> httpx.Client:
    try:
        return httpx.Client(base_url=url, timeout=SECONDS, trust_env=False)
    except (httpx.InvalidURL, ValueError) as error:
        raise UsageError(f"{url} is no address; expected such as http://127.0.0.1:8080") from error


def _ask(http: httpx.Client, method: str, path: str, body: Any = None) -> httpx.Response:
    try:
        return http.request(method, path, json=body)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise StepError(f"Airflow does not answer at {http.base_url}: {error}; is it up (make up)?") from None


def _plain(answer: httpx.Response) -> Any:
    try:
        answer.raise_for_status()
        return answer.json()
    except (httpx.HTTPStatusError, ValueError):
        raise StepError(f"Airflow answered {answer.status_code} to {answer.request.url.path}") from None


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the server answered {answer.status_code}"


def _expiry(token: str) -> datetime:
    """As the token says; only the server checks the token itself."""
    try:
        part = token.split(".")[1]
        said = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return datetime.fromtimestamp(int(said["exp"]), SHANGHAI)
    except (IndexError, ValueError, KeyError, TypeError):
        raise StepError("Airflow gave a token that does not say until when it lives") from None
