"""The person who does an act: the login that the software checked, and the system's user who ran it."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from stable_jobs.errors import LedgerRefused

AIRFLOW = "airflow"
"""The login that Airflow checked."""
UNAUTHENTICATED = "未经验证 unauthenticated"
"""The mark beside a person whose login nobody checked; the database's `as_known` gives the same."""
BROWSER, COMMAND_LINE = "browser", "command line"


@dataclass(frozen=True)
class Hand:
    """The login and the place of a person's act.

    login: `airflow` if Airflow checked the person, None if nobody did (only a demonstration accepts such
    acts); via: the place of the act; os_user and host: those of the command line, by its own statement.
    """

    login: str | None
    via: str
    os_user: str | None = None
    host: str | None = None

    def as_json(self) -> dict[str, str | None]:
        """The form that an event's body contains."""
        return {"login": self.login, "via": self.via, "user": self.os_user, "host": self.host}


_HAND: ContextVar[Hand | None] = ContextVar("stable_jobs_hand", default=None)


@contextmanager
def acting(hand: Hand) -> Iterator[None]:
    """Give the events of people that are opened in the block this login and place."""
    token = _HAND.set(hand)
    try:
        yield
    finally:
        _HAND.reset(token)


def hand_of(person: str) -> Hand:
    """The login and place of the current act. LedgerRefused if `acting` gave none."""
    hand = _HAND.get()
    if hand is None:
        raise LedgerRefused(f"nothing says that this is {person}: a person's act needs a login")
    return hand


def here(login: str | None = None) -> Hand:
    """The place of an act at this command line: the system's user, and the user who became it by sudo."""
    return Hand(login, COMMAND_LINE, os_user(), socket.gethostname())


def os_user() -> str:
    """The name of the process's user, with the one who called sudo: `root (sudo: li)`."""
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = f"uid {number}"
    caller = os.fsencode(os.environ.get("SUDO_USER", "")).decode("utf-8", "backslashreplace")
    return f"{name} (sudo: {caller})" if caller else name
