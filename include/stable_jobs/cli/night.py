"""Commands about a night: run, explained, withdrawn, and the deliveries that it rests on."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from stable_jobs.cli.options import (
    DateOption,
    RegionOption,
    progress,
    read_date,
    read_home,
    read_instant,
    read_past_date,
)
from stable_jobs.cli.people import ByOption, ReasonOption, act, read_region
from stable_jobs.errors import UsageError
from stable_jobs.regions import NATION
from stable_jobs.settings import Settings, read_settings

if TYPE_CHECKING:
    from stable_jobs.night.context import NightContext


# --- night ---
# `stable-jobs night`: one business date from extracts to lists, or a what-if of it.


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
    from stable_jobs.night.figures import require_listed
    from stable_jobs.night.step import check_places
    from stable_jobs.night.steps import run_night

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
    from stable_jobs.night.step import nothing_came, require_came

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
    from stable_jobs.night.questions import what_if

    business_date = read_past_date(date)
    folder = scratch or settings.home / "what-if" / business_date.isoformat()
    with open_night(settings, business_date, read_instant(known_at)) as night:
        print_what_if(what_if(night, policies, folder))


# --- explain ---
# `stable-jobs explain`: the reasons why one enterprise was or was not paid.


def explain(
    uscc: Annotated[str, typer.Argument(metavar="USCC", help="Unified social credit code.")],
    date: DateOption,
    region: RegionOption = None,
    lang: Annotated[Literal["zh", "en"], typer.Option(help="Language of the text.")] = "zh",
) -> None:
    """Print every test of one enterprise: inputs, their delivery and row, threshold, law, outcome."""
    from stable_jobs.night.context import open_night
    from stable_jobs.night.questions import explain_enterprise

    with open_night(read_home(), read_date(date)) as night:
        typer.echo(explain_enterprise(night, uscc, region=region, lang=lang))


# --- withdraw-night ---
# `stable-jobs withdraw-night`: two people withdraw a night that was run by mistake.


def withdraw_night(
    date: DateOption,
    reason: ReasonOption,
    by: ByOption,
    region: Annotated[
        str | None,
        typer.Option("--region", callback=read_region, help="Only this region and those below it."),
    ] = None,
) -> None:
    """Propose to withdraw the night of a date; another person confirms it with `proposal confirm`.

    Only a region's newest night. The night before is its newest again; what the night put on notice or
    cleared is withdrawn, its formed batches are voided, and the next night decides everything again.
    Instructed payments stay: the bank has them.
    """
    from stable_jobs.cli.ledger_tables import print_rows

    on = read_date(date)
    number, found = act(
        "propose-night-withdrawal", by, business_date=on, region_code=region or NATION, reason=reason
    )
    rows = [
        (
            u["region_code"],
            u["announced"],
            Decimal(u["announced_yuan"]),
            u["batches"],
            u["instructed"],
            Decimal(u["instructed_yuan"]),
        )
        for u in found
    ]
    headers = ("region", "taken back", "yuan", "batches voided", "instructed, stays", "yuan instructed")
    print_rows(headers, rows, "")
    typer.echo(
        f"The night of {on} is to be withdrawn: proposal {number} waits for another person:"
        f" stable-jobs proposal confirm {number} --by NAME"
    )


# --- delivery ---
# `stable-jobs delivery …`: the deliveries of a date, and a person's release of a held one.

delivery_app = typer.Typer(help="What departments sent: list it, release it.", no_args_is_help=True)


@delivery_app.command("list")
def list_deliveries(date: DateOption) -> None:
    """List the deliveries of a business date: id, origin, status, fault, and the person who released it."""
    from stable_jobs.cli.tables import print_deliveries
    from stable_jobs.store.catalog import deliveries_for, held_outcomes, releases_shown
    from stable_jobs.store.database import database

    business_date = read_date(date)
    with database(read_home()) as engine, engine.connect() as connection:
        deliveries, held = deliveries_for(connection, business_date), held_outcomes(connection, business_date)
        print_deliveries(deliveries, held, releases_shown(connection))


@delivery_app.command("accept")
def accept(
    delivery_id: Annotated[
        int, typer.Argument(metavar="ID", help="The delivery's id, from `delivery list`.")
    ],
    reason: ReasonOption,
    by: ByOption,
) -> None:
    """Release a delivery that a table rule or the tolerance held, from the next run on.

    Never one that was refused when it was read, and never the quarantined rows.
    """
    rules = ", ".join(act("accept-delivery", by, delivery_id=delivery_id, reason=reason))
    typer.echo(f"Delivery {delivery_id} is released from {rules}; the next run of its date takes it.")
