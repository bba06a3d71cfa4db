"""`stable-jobs budget …`: the refund budget of a pooling region, entered by a person."""

from __future__ import annotations

from typing import Annotated

import typer

from stable_jobs.cli.people import ByOption, ReasonOption, act, read_amount, read_region, reading
from stable_jobs.money import format_yuan

app = typer.Typer(help="Refund budgets entered by people (预算).", no_args_is_help=True)


@app.command("set")
def set_budget(
    region: Annotated[
        str,
        typer.Argument(
            metavar="REGION", callback=read_region, help="The pooling region: the one that reports the fund."
        ),
    ],
    year: Annotated[int, typer.Option(min=2000, max=2999, help="The policy year.")],
    amount: Annotated[str, typer.Option(help="Yuan for the whole year, such as 1000000.00.")],
    reason: ReasonOption,
    by: ByOption,
) -> None:
    """Enter a budget that replaces finance's from the next batch on; the newest entry counts.

    Payments instructed in the year count against it. The person who enters it may not approve its batches.
    """
    yuan = read_amount(amount)
    act("set-budget", by, pooling_region=region, policy_year=year, amount=yuan, reason=reason)
    typer.echo(f"Budget of pooling region {region} for {year}: {format_yuan(yuan)} yuan, entered by {by}.")


@app.command("list")
def list_budgets() -> None:
    """List every entry, which one is in force, and how much of it is committed."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import budgets

    with reading() as connection:
        print_listing(budgets(connection), "No budget was entered: finance's own stands.")
