"""`stable-jobs login`, `logout`, `whoami`: a person's own login to Airflow, for their acts here."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from stable_jobs.rendering.text import visible
from stable_jobs.settings import read_settings


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
    from stable_jobs.ledger.hands import os_user
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
