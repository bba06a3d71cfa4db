"""`stable-jobs refund …`: a person rules on a refund that finance reports and that may be ours."""

from __future__ import annotations

from typing import Annotated

import typer

from stable_jobs.cli.people import BelowOption, ByOption, ReasonOption, act, reading
from stable_jobs.errors import UsageError

app = typer.Typer(help="Refunds reported by finance that may be ours (存疑拨付).", no_args_is_help=True)


@app.command("list")
def list_refunds(
    region: BelowOption = None,
    is_all: Annotated[
        bool, typer.Option("--all", help="Refunds that were ruled on, and those with our reference, too.")
    ] = False,
) -> None:
    """List the refunds in doubt: nothing more is paid to their units until a person has ruled."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import Which, refunds

    with reading() as connection:
        print_listing(refunds(connection, Which(region, is_all=is_all)), "No refund is in doubt.")


@app.command("rule")
def rule(
    refund_id: Annotated[int, typer.Argument(metavar="ID", help="The refund's id, from `refund list`.")],
    reason: ReasonOption,
    by: ByOption,
    is_same: Annotated[bool, typer.Option("--same", help="The refund is our own payment.")] = False,
    is_outside: Annotated[
        bool, typer.Option("--outside", help="The refund was paid beside ours, and counts as paid.")
    ] = False,
) -> None:
    """Rule once whether a refund in doubt is our own payment or was paid outside."""
    if is_same == is_outside:
        raise UsageError("a refund is either --same or --outside: give one of them")
    ruling = "same" if is_same else "outside"
    act("rule-on-refund", by, refund_id=refund_id, ruling=ruling, reason=reason)
    typer.echo(f"Refund {refund_id}: {ruling}, ruled by {by}. It counts from the next night on.")
