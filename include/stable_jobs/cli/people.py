"""Commands for which a person answers: the person, the reason, the region, and a person's login."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stable_jobs.cli.options import read_home
from stable_jobs.errors import LedgerRefused, UsageError
from stable_jobs.messages.ledger_refusals import refusal
from stable_jobs.regions import NATION, is_known
from stable_jobs.rendering.text import visible
from stable_jobs.settings import read_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from stable_jobs.ledger.event import Event
    from stable_jobs.settings import Settings


# --- Person, reason, region, one event ---
# The common parts of commands for which a person answers: person, reason, region, one ledger event.

AMOUNT = re.compile(r"[0-9]{1,16}(?:\.[0-9]{1,2})?")
SYSTEM = "stable-jobs"
"""The actor of what no person did: nobody may go by that name."""


def read_person(name: str) -> str:
    """A person's name without the blanks around it; UsageError for none, a hidden character, or our own."""
    person = _line(name, "--by")
    if unicodedata.normalize("NFKC", person).casefold() == SYSTEM:
        raise UsageError(f"{SYSTEM} is the name of what no person did: give your own")
    return person


def read_by(name: str) -> str:
    """The acting person: with a login the person who is logged in; any other name is refused."""
    from stable_jobs.local.login import login_of

    person = read_person(name)
    login = login_of(read_settings())
    if login is not None and login.name != person:
        raise UsageError(f"--by {visible(person)}: you are logged in as {visible(login.name)}")
    return person


def trust_mark() -> str:
    """The addition to a sentence about an act if nobody checked the acting person."""
    from stable_jobs.ledger.people import UNAUTHENTICATED
    from stable_jobs.local.login import login_of

    return "" if login_of(read_settings()) else f"（{UNAUTHENTICATED}）"


def name_of_login() -> str:
    """The person who is logged in. UsageError if nobody is."""
    from stable_jobs.local.login import login_of

    login = login_of(read_settings())
    if login is None:
        raise UsageError("nobody is logged in: stable-jobs login; in a demonstration --by NAME says who acts")
    return login.name


def read_reason(text: str | None) -> str | None:
    """A reason on one line; UsageError for an empty or too long one and for one that shows an account."""
    from stable_jobs.ledger.people import check_reason

    return None if text is None else check_reason(_line(text, "--reason"), "--reason")


def read_region(code: str | None) -> str | None:
    """A region's code; UsageError for one that is no division. None stays None."""
    if code is not None and not is_known(code):
        raise UsageError(f"{visible(code)} is no region; expected six digits (GB/T 2260) such as 610100")
    return code


def read_area(code: str) -> str:
    """A region's code, or `000000` for all of them."""
    return code if code == NATION else str(read_region(code))


def read_unit(code: str) -> str:
    """A unit's code as the ledger writes it: half width, upper case, no blanks around."""
    return unicodedata.normalize("NFKC", code).strip().upper()


def read_amount(text: str) -> Decimal:
    """Yuan, 0 or more, in whole fen."""
    if not AMOUNT.fullmatch(text):
        raise UsageError(f"{visible(text)} is no amount in yuan; expected such as 1000000.00")
    return Decimal(text)


def _line(text: str, option: str) -> str:
    line = text.strip()
    if not line:
        raise UsageError(f"{option} is empty: the ledger keeps who decided what, and why")
    if visible(line) != line:
        raise UsageError(
            f"{option} has characters that cannot be seen: {visible(line)}; write it on one line"
        )
    return line


ByOption = Annotated[
    str,
    typer.Option(
        "--by",
        callback=read_by,
        default_factory=name_of_login,
        show_default=False,
        help="Your name; the login gives it. On trust only in a demonstration.",
    ),
]
ReasonOption = Annotated[
    str, typer.Option("--reason", callback=read_reason, help="The reason; kept for good.")
]
RegionOption = Annotated[
    str, typer.Option("--region", callback=read_region, help="Six-digit region code (GB/T 2260).")
]
BelowOption = Annotated[
    str | None, typer.Option("--region", callback=read_region, help="Only this region and those below it.")
]
UnitOption = Annotated[
    str, typer.Option("--uscc", callback=read_unit, help="The enterprise's unified social credit code.")
]


def act(name: str, by: str, **parameters: Any) -> Any:
    """Do an act of `acts`, by its name, as one event of the ledger; its result as plain JSON.

    With a login by the running Airflow, in the name that Airflow checked. Else here, on trust: only a
    demonstration takes it, as unauthenticated.
    """
    from stable_jobs.acts import ACTS, as_json, perform
    from stable_jobs.ledger.people import here
    from stable_jobs.local.login import act_as, login_of

    settings = read_settings()
    login = login_of(settings)
    if login is not None:
        ACTS[name].read(parameters)
        hand = here()
        return act_as(login, name, as_json(parameters), {"user": hand.os_user, "host": hand.host})
    with _on_trust(read_home(), by) as engine:
        return perform(name, parameters, person=by, hand=here(), engine=engine, settings=settings)


@contextmanager
def deed(kind: str, by: str, subject: str = "") -> Iterator[Event]:
    """One person's acts here, on trust: one event of the ledger in that person's name; all or nothing.

    Only in a demonstration, as unauthenticated. Acts that people answer for have a line in `acts`.
    """
    from stable_jobs.ledger.event import ledger_event
    from stable_jobs.ledger.people import acting, here

    with (
        _on_trust(read_home(), by) as engine,
        acting(here()),
        ledger_event(engine, kind, actor=by, subject=subject) as event,
    ):
        yield event


@contextmanager
def _on_trust(settings: Settings, by: str) -> Iterator[Engine]:
    """The database, where a name may be taken on trust. LedgerRefused where it may not."""
    from stable_jobs.local.login import runs_here
    from stable_jobs.store.database import database, is_demonstration

    if runs_here(settings):
        raise LedgerRefused(refusal("login_here", person=visible(by)))
    with database(settings) as engine:
        with engine.connect() as connection:
            is_demo = is_demonstration(connection)
        if not is_demo:
            raise LedgerRefused(refusal("login_first", person=visible(by)))
        yield engine


@contextmanager
def reading() -> Iterator[Connection]:
    """A connection that sees the ledger as it is at one moment."""
    from stable_jobs.store.database import database

    with (
        database(read_home()) as engine,
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
    ):
        yield connection


# --- Login ---
# `stable-jobs login`, `logout`, `whoami`: a person's own login to Airflow, for their acts here.


def login(
    url: Annotated[str, typer.Option(help="The address of Airflow's pages.")] = "http://127.0.0.1:8080",
    user: Annotated[str | None, typer.Option(help="Your name in Airflow; asked for if not given.")] = None,
) -> None:
    """Log in to the running Airflow: your acts at this command line are then done in your own name.

    The password is asked for, or read from standard input: never an argument. The token is valid for an
    hour; it is kept in the home, and only you can read it.
    """
    from stable_jobs.local.login import log_in, login_file

    settings = read_settings()
    name = user if user is not None else str(typer.prompt("User"))
    found = log_in(settings, url, name, _password())
    typer.echo(
        f"Logged in to {found.url} as {visible(found.name)} until {found.expires:%Y-%m-%d %H:%M}"
        f" ({login_file(settings)})."
    )


def logout() -> None:
    """Forget the login."""
    from stable_jobs.local.login import log_out

    typer.echo("Logged out." if log_out(read_settings()) else "Nobody was logged in.")


def whoami() -> None:
    """Print the person who is logged in, the server, the login's end, and the operating system's user."""
    from stable_jobs.ledger.people import os_user
    from stable_jobs.local.login import login_of

    found = login_of(read_settings())
    if found is None:
        typer.echo("Nobody is logged in: stable-jobs login.")
    else:
        typer.echo(f"{visible(found.name)} at {found.url} until {found.expires:%Y-%m-%d %H:%M}.")
    typer.echo(f"The operating system's user is {visible(os_user())}.")


def _password() -> str:
    """Not echoed on a terminal; else the first line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True))
    return sys.stdin.readline().rstrip("\r\n")
