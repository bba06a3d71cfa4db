"""`stable-jobs doubt …`: a person rules on units or accounts that may be one."""

from __future__ import annotations

from typing import Annotated

import typer

from stable_jobs.cli.people import BelowOption, ByOption, ReasonOption, act, reading
from stable_jobs.errors import UsageError

app = typer.Typer(help="Doubts about units and accounts (单位与账户疑点).", no_args_is_help=True)


@app.command("list")
def list_doubts(
    region: BelowOption = None,
    is_all: Annotated[bool, typer.Option("--all", help="Ended doubts too.")] = False,
) -> None:
    """List the doubts that wait for a ruling, then the units of which decision and ledger disagree."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import Which, disagreements, doubts

    which = Which(region, is_all=is_all)
    with reading() as connection:
        print_listing(doubts(connection, which), "No doubt waits for a ruling.")
        print_listing(disagreements(connection, which), "Decision and ledger agree on every unit.")


@app.command("rule")
def rule(
    doubt_ids: Annotated[
        list[int],
        typer.Argument(metavar="ID...", help="The numbers of one or more doubts, from `doubt list`."),
    ],
    reason: ReasonOption,
    by: ByOption,
    is_cleared: Annotated[
        bool, typer.Option("--cleared", help="The units are different: payments go on.")
    ] = False,
    is_same: Annotated[
        bool, typer.Option("--same", help="The units are one: the later entitlement gets nothing more.")
    ] = False,
) -> None:
    """Say whether units that look alike are different or one; once, and for all the given doubts or none.

    The person who rules may not approve a batch that pays one of the units.
    """
    if is_cleared == is_same:
        raise UsageError("a doubt is either --cleared or --same: give one of them")
    outcome = "cleared" if is_cleared else "same"
    numbers = sorted(set(doubt_ids))
    named = ", ".join(map(str, numbers))
    act("rule-on-doubts", by, doubt_ids=numbers, outcome=outcome, reason=reason)
    typer.echo(f"Doubt {named}: {outcome}, ruled by {by}. The next night and disbursement go by it.")
