"""`stable-jobs policy …`: the values on which money rests, and the people who confirmed them."""

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
    reading,
)
from stable_jobs.settings import read_settings

app = typer.Typer(
    help="The values on which money rests, their changes and confirmations (政策参数复核).",
    no_args_is_help=True,
)


@app.command("show")
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
    from stable_jobs.ledger.policy_views import differences_of_proposal
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


@app.command("list")
def list_confirmations(region: BelowOption = None) -> None:
    """List the people who confirmed a region's values, and the dates from which these count."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.policy_views import confirmations

    with reading() as connection:
        print_listing(confirmations(connection, region), "Nobody has confirmed any value.")


@app.command("propose")
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


@app.command("accept-total")
def accept_total(region: RegionOption, date: DateOption, reason: ReasonOption, by: ByOption) -> None:
    """Accept a region's total of a night although it is beyond the factor of its last night's.

    The night's next run uses it. The person who accepts it may not approve its batches. Refused (exit 1)
    if no total of that night is stopped.
    """
    on = read_date(date)
    act("accept-total", by, region_code=region, on=on, reason=reason)
    typer.echo(f"The total of region {region} on {on} is accepted by {by}: run the night of {on} again.")
