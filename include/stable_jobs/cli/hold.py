"""`stable-jobs hold`, `release`, `holds`: one person stops a region's payments, another releases them."""

from __future__ import annotations

from typing import Annotated

import typer

from stable_jobs.cli.people import BelowOption, ByOption, ReasonOption, act, read_area, reading

AreaArgument = Annotated[
    str,
    typer.Argument(
        metavar="REGION", callback=read_area, help="This region and all below it; 000000: every region."
    ),
]


def hold(region: AreaArgument, reason: ReasonOption, by: ByOption) -> None:
    """Stop the payments of a region and all below it at once: nothing is batched or published there.

    Payments that the bank already has stay as they are. Another person ends the hold.
    """
    number = act("hold", by, region_code=region, reason=reason)
    typer.echo(
        f"Hold {number}: payments of region {region} are stopped until another person than {by} releases it."
    )


def release(region: AreaArgument, reason: ReasonOption, by: ByOption) -> None:
    """End every hold of exactly this region. Refused (exit 1) for a person who set one of them."""
    count = act("release", by, region_code=region, reason=reason)
    typer.echo(f"{count} of region {region}'s holds released: the next run may pay again.")


def holds(
    region: BelowOption = None,
    is_all: Annotated[bool, typer.Option("--all", help="Released holds too.")] = False,
) -> None:
    """List the holds in force."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import Which
    from stable_jobs.ledger.views import holds as standing

    with reading() as connection:
        print_listing(standing(connection, Which(region, is_all=is_all)), "No payments are held.")
