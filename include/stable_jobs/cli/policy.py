"""Commands about the values on which money rests, and about proposals that another person must confirm."""

from __future__ import annotations

from typing import Annotated

import typer

from stable_jobs.cli.options import DateOption, read_date
from stable_jobs.cli.people import (
    BelowOption,
    ByOption,
    ReasonOption,
    RegionOption,
    act,
    read_area,
    read_reason,
    reading,
)
from stable_jobs.settings import read_settings

# --- policy ---
# `stable-jobs policy …`: the values on which money rests, and the people who confirmed them.

policy_app = typer.Typer(
    help="The values on which money rests, their changes and confirmations (政策参数复核).",
    no_args_is_help=True,
)


@policy_app.command("show")
def show(
    date: Annotated[
        str | None, typer.Option(help="Business date, YYYY-MM-DD; without it the newest night's.")
    ] = None,
    region: BelowOption = None,
    proposal: Annotated[
        int | None, typer.Option(help="Show the values of this proposal instead of those of the files.")
    ] = None,
) -> None:
    """Show the files' values for a date beside the confirmed ones: old, new, reference, first night.

    The values are those of policy files, bank profiles and contracts. Look here before confirming a proposal.
    """
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.policies import differences_of_proposal
    from stable_jobs.ledger.views import newest_date
    from stable_jobs.night.context import open_night
    from stable_jobs.night.policies import policy_differences
    from stable_jobs.settings import now

    if proposal is not None:
        with reading() as connection:
            print_listing(
                differences_of_proposal(connection, proposal), "This proposal would change nothing."
            )
        return
    on = None if date is None else read_date(date)
    if on is None:
        with reading() as connection:
            on = newest_date(connection) or now().date()
    with open_night(read_settings(), on) as night, night.database.connect() as connection:
        print_listing(policy_differences(night, connection, region), f"Every value for {on} is confirmed.")


@policy_app.command("list")
def list_confirmations(region: BelowOption = None) -> None:
    """List the people who confirmed a region's values, and the dates from which these count."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.policies import confirmations

    with reading() as connection:
        print_listing(confirmations(connection, region), "Nobody has confirmed any value.")


@policy_app.command("propose")
def propose(
    region: Annotated[
        str, typer.Option("--region", callback=read_area, help="This region and all below it; 000000: all.")
    ],
    date: DateOption,
    reason: ReasonOption,
    by: ByOption,
) -> None:
    """Propose exactly the files' values: they count from that date on, once another person confirms them.

    Until then the region's money stands still; its decision does not. Refused (exit 1) where nothing differs.
    """
    on = read_date(date)
    number, count = act("propose-policy", by, region_code=region, on=on, reason=reason)
    typer.echo(
        f"Proposal {number}: the values of {count} region(s) from {on}. Another person looks at them"
        f" (stable-jobs policy show --proposal {number}) and confirms them"
        f" (stable-jobs proposal confirm {number})."
    )


@policy_app.command("accept-total")
def accept_total(region: RegionOption, date: DateOption, reason: ReasonOption, by: ByOption) -> None:
    """Accept a region's total of a night although it is beyond the factor of its last night's.

    The night's next run uses it. The person who accepts it may not approve its batches. Refused (exit 1)
    if no total of that night is stopped.
    """
    on = read_date(date)
    act("accept-total", by, region_code=region, on=on, reason=reason)
    typer.echo(f"The total of region {region} on {on} is accepted by {by}: run the night of {on} again.")


# --- proposal ---
# `stable-jobs proposal …`: acts that one person proposed and another must confirm.

proposal_app = typer.Typer(
    help="What waits for a second person: look, confirm, reject (复核).", no_args_is_help=True
)

IdArgument = Annotated[int, typer.Argument(metavar="ID", help="The proposal's id, from `proposal list`.")]


@proposal_app.command("list")
def list_proposals(
    region: BelowOption = None,
    is_all: Annotated[bool, typer.Option("--all", help="Answered proposals too.")] = False,
) -> None:
    """List the proposals that wait for a second person."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import Which, proposals

    with reading() as connection:
        print_listing(proposals(connection, Which(region, is_all=is_all)), "No proposal waits.")


@proposal_app.command("confirm")
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


@proposal_app.command("reject")
def reject(proposal_id: IdArgument, reason: ReasonOption, by: ByOption) -> None:
    """Reject a proposal: it has no effect. The person who made it may withdraw it in this way."""
    _decide(proposal_id, "rejected", reason, by)


def _decide(proposal_id: int, outcome: str, reason: str, by: str) -> None:
    found = act("decide-proposal", by, proposal_id=proposal_id, outcome=outcome, reason=reason)
    typer.echo(f"Proposal {found['id']} ({found['kind']}, {found['subject']}) is {outcome} by {by}.")
