"""`stable-jobs night`: one business date from extracts to lists, or a what-if of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stable_jobs.cli.options import DateOption, progress, read_instant, read_past_date
from stable_jobs.errors import UsageError
from stable_jobs.settings import Settings, read_settings

if TYPE_CHECKING:
    from stable_jobs.night.context import NightContext


def night(
    date: DateOption,
    known_at: Annotated[
        str | None, typer.Option(help="Leave out later deliveries and releases: the night as known then.")
    ] = None,
    what_if: Annotated[
        bool, typer.Option("--what-if", help="Decide under --policies into a scratch folder and compare.")
    ] = False,
    policies: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="Another folder of policy files; only with --what-if."
        ),
    ] = None,
    scratch: Annotated[
        Path | None, typer.Option(help="The folder of a what-if; <home>/what-if/<date> by default.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Run the night although nobody delivered anything for the date.")
    ] = False,
) -> None:
    """Run the night of a business date: collect, validate, determine, compare, lists, report.

    Exit 0 when the night ended (held regions are reported, not failures), 1 when a step broke or a region's
    lists do not add up (then it is held, and the others were published), 2 for
    wrong usage: a date after today, a home or landing folder that is not there or empty, a date for which
    nobody delivered anything (on a terminal it asks).
    Running it again with the same inputs changes no byte.
    """
    settings = read_settings()
    if what_if != (policies is not None):
        raise UsageError("--what-if and --policies go together: give both, or neither")
    if policies is not None:
        _what_if(settings, date, known_at, policies, scratch)
    else:
        _night(settings, date, known_at, yes)


def _night(settings: Settings, date: str, known_at: str | None, is_sure: bool) -> None:
    from stable_jobs.cli.tables import print_night, print_untaken
    from stable_jobs.night.context import open_night
    from stable_jobs.night.dates import check_places
    from stable_jobs.night.steps import run_night
    from stable_jobs.night.unlisted import require_listed

    business_date, moment = read_past_date(date), read_instant(known_at)
    check_places(settings, business_date)
    with open_night(settings, business_date, moment) as night:
        _check_came(night, is_sure)
        made = run_night(night, progress())
        print_night(night, made.determined.decision, made.report.path)
        print_untaken(made.untaken)
        require_listed(night, made.determined.decision)


def _check_came(night: NightContext, is_sure: bool) -> None:
    """Ask, on a terminal, where nobody delivered anything for the date; else UsageError unless sure."""
    from stable_jobs.night.dates import nothing_came, require_came

    sentence = nothing_came(night)
    if sentence is None or is_sure:
        return
    if not sys.stdin.isatty():
        require_came(night)
    typer.confirm(f"{sentence}. Run the night of {night.business_date} all the same?", abort=True)


def _what_if(
    settings: Settings, date: str, known_at: str | None, policies: Path, scratch: Path | None
) -> None:
    from stable_jobs.cli.tables import print_what_if
    from stable_jobs.night.context import open_night
    from stable_jobs.night.what_if import what_if

    business_date = read_past_date(date)
    folder = scratch or settings.home / "what-if" / business_date.isoformat()
    with open_night(settings, business_date, read_instant(known_at)) as night:
        print_what_if(what_if(night, policies, folder))
