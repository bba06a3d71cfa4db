"""`stable-jobs recovery …`: cases of money paid and no longer due (追回), closed by two people."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from stable_jobs.cli.people import BelowOption, ByOption, ReasonOption, act, reading

app = typer.Typer(help="Recovery of what was paid too much (追回).", no_args_is_help=True)


class Outcome(StrEnum):
    """How a person ends a case."""

    RECOVERED = "recovered"
    DROPPED = "dropped"


@app.command("list")
def list_recoveries(
    region: BelowOption = None,
    is_all: Annotated[bool, typer.Option("--all", help="Closed cases too.")] = False,
) -> None:
    """List the cases that nobody has closed."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import Which, recoveries

    with reading() as connection:
        print_listing(recoveries(connection, Which(region, is_all=is_all)), "No recovery case is open.")


@app.command("close")
def close(
    case_id: Annotated[int, typer.Argument(metavar="ID", help="The case's id, from `recovery list`.")],
    outcome: Annotated[
        Outcome, typer.Option(help="recovered: the money is back; dropped: it is left with the unit.")
    ],
    reason: ReasonOption,
    by: ByOption,
) -> None:
    """Propose that a recovery case end; another person confirms it with `proposal confirm`.

    `recovered` is confirmed only once finance's prior_refunds show the money: its row with our payment
    reference gives the amount left of the payment. Both people are preparers of the unit's later payments.
    """
    number = act("propose-recovery-closing", by, case_id=case_id, outcome=outcome.value, reason=reason)
    typer.echo(
        f"Recovery case {case_id} is to end as {outcome.value}: proposal {number} waits for another person:"
        f" stable-jobs proposal confirm {number} --by NAME"
    )
