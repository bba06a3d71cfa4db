"""`stable-jobs objection …`: an objection stops one unit that is on notice until a person decides it."""

from __future__ import annotations

from typing import Annotated

import typer

from stable_jobs.cli.people import (
    BelowOption,
    ByOption,
    ReasonOption,
    RegionOption,
    UnitOption,
    act,
    reading,
)

app = typer.Typer(help="Objections against units on notice (公示异议).", no_args_is_help=True)

IdArgument = Annotated[int, typer.Argument(metavar="ID", help="The objection's id, from `objection list`.")]


@app.command("add")
def add(region: RegionOption, uscc: UnitOption, reason: ReasonOption, by: ByOption) -> None:
    """Stop a unit that is on notice; the others of its notice go on.

    Refused (exit 1) where the unit is not on notice.
    """
    number = act("add-objection", by, region_code=region, uscc=uscc, reason=reason)
    typer.echo(f"Objection {number}: {uscc} in region {region} waits until somebody upholds or dismisses it.")


@app.command("list")
def list_objections(
    region: BelowOption = None,
    is_all: Annotated[bool, typer.Option("--all", help="Decided objections too.")] = False,
) -> None:
    """List the objections that wait for a decision."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import Which, objections

    with reading() as connection:
        print_listing(
            objections(connection, Which(region, is_all=is_all)), "No objection waits for a decision."
        )


@app.command("uphold")
def uphold(objection_id: IdArgument, reason: ReasonOption, by: ByOption) -> None:
    """The objection is right: the payment is withdrawn, and this amount is not announced again."""
    _decide(objection_id, "upheld", reason, by)


@app.command("dismiss")
def dismiss(objection_id: IdArgument, reason: ReasonOption, by: ByOption) -> None:
    """The objection is wrong: the payment goes on, once no other objection against it is open."""
    _decide(objection_id, "dismissed", reason, by)


def _decide(objection_id: int, outcome: str, reason: str, by: str) -> None:
    act("decide-objection", by, objection_id=objection_id, outcome=outcome, reason=reason)
    typer.echo(f"Objection {objection_id} is {outcome} by {by}.")
