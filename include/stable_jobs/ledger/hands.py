"""By whose hand an act is done: what the software checked of who acts, and which account ran it."""

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
"""What stands beside a person whose login nobody checked; the database's `as_known` says the same."""
BROWSER, COMMAND_LINE = "browser", "command line"


@dataclass(frozen=True)
class Hand:
    """What an act of a person rests on.

    login: `airflow` where Airflow checked who asks, None where nobody did (only a demonstration takes such
    acts); via: where the act was done; os_user and host: who ran the command line, as it says itself.
    """

    login: str | None
    via: str
    os_user: str | None = None
    host: str | None = None

    def as_json(self) -> dict[str, str | None]:
        """As an event's body tells of it."""
        return {"login": self.login, "via": self.via, "user": self.os_user, "host": self.host}


_HAND: ContextVar[Hand | None] = ContextVar("stable_jobs_hand", default=None)


@contextmanager
def acting(hand: Hand) -> Iterator[None]:
    """Events of people that are opened in the block are done by this hand."""
    token = _HAND.set(hand)
    try:
        yield
    finally:
        _HAND.reset(token)


def hand_of(person: str) -> Hand:
    """The hand of whoever acts now. LedgerRefused where nobody has said anything of it."""
    hand = _HAND.get()
    if hand is None:
        raise LedgerRefused(f"nothing says that this is {person}: a person's act needs a login")
    return hand


def here(login: str | None = None) -> Hand:
    """The hand at this command line: the operating system's user, and who became it by sudo."""
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
