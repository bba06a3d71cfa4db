"""`stable-jobs proposal …`: acts that one person proposed and another must confirm."""

from __future__ import annotations

from typing import Annotated

import typer

from stable_jobs.cli.people import BelowOption, ByOption, ReasonOption, act, read_reason, reading

app = typer.Typer(help="What waits for a second person: look, confirm, reject (复核).", no_args_is_help=True)

IdArgument = Annotated[int, typer.Argument(metavar="ID", help="The proposal's id, from `proposal list`.")]


@app.command("list")
def list_proposals(
    region: BelowOption = None,
    is_all: Annotated[bool, typer.Option("--all", help="Answered proposals too.")] = False,
) -> None:
    """List the proposals that wait for a second person."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import Which, proposals

    with reading() as connection:
        print_listing(proposals(connection, Which(region, is_all=is_all)), "No proposal waits.")


@app.command("confirm")
def confirm(
    proposal_id: IdArgument,
    by: ByOption,
    reason: Annotated[
        str | None, typer.Option(callback=read_reason, help="A remark; a confirmation needs none.")
    ] = None,
) -> None:
    """Confirm another person's proposal: it takes effect at once.

    Refused (exit 1) for the person who proposed it, and if the ledger has changed since.
    """
    _decide(proposal_id, "confirmed", reason or "", by)


@app.command("reject")
def reject(proposal_id: IdArgument, reason: ReasonOption, by: ByOption) -> None:
    """Reject a proposal: it has no effect. The person who made it may withdraw it in this way."""
    _decide(proposal_id, "rejected", reason, by)


def _decide(proposal_id: int, outcome: str, reason: str, by: str) -> None:
    found = act("decide-proposal", by, proposal_id=proposal_id, outcome=outcome, reason=reason)
    typer.echo(f"Proposal {found['id']} ({found['kind']}, {found['subject']}) is {outcome} by {by}.")
