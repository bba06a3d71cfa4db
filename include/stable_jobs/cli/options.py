"""Options that several commands share, and how their text is read."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

import typer

from stable_jobs.errors import UsageError
from stable_jobs.settings import Settings, instant, read_settings

DateOption = Annotated[str, typer.Option("--date", help="Business date, YYYY-MM-DD.")]
RegionOption = Annotated[str | None, typer.Option("--region", help="Six-digit region code (GB/T 2260).")]


def read_date(text: str) -> date:
    """A business date; UsageError if it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--date {text!r} is not a date; expected YYYY-MM-DD, such as 2020-05-11") from error


def read_instant(text: str | None) -> datetime | None:
    """An instant; without an offset it is Asia/Shanghai."""
    if text is None:
        return None
    try:
        return instant(text)
    except ValueError as error:
        raise UsageError(
            f"--known-at {text!r} is not an instant; expected such as 2020-05-11T20:00"
        ) from error


def read_home() -> Settings:
    """The settings of a home that has a database. UsageError where none is: looking makes none."""
    from stable_jobs.night.step import require_database

    settings = read_settings()
    require_database(settings)
    return settings


def read_past_date(text: str) -> date:
    """A business date that is not after today."""
    from stable_jobs.night.step import refuse_future

    found = read_date(text)
    refuse_future(found)
    return found


def progress() -> Callable[[str], None]:
    """Prints on standard error each step that begins or ends, and the seconds that the command has run."""
    started = time.monotonic()

    def say(what: str) -> None:
        typer.echo(f"[{time.monotonic() - started:6.1f} s] {what}", err=True)

    return say
