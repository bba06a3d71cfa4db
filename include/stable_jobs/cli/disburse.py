"""`stable-jobs disburse`: closes notices, forms batches, publishes the approved ones."""

from __future__ import annotations

import typer

from stable_jobs.cli.options import DateOption, progress, read_home, read_past_date


def disburse(date: DateOption) -> None:
    """Close a business date's due notices, check payments again, form batches, publish the approved ones.

    Nothing waits for people: a batch that needs an approval stays open, and the next run publishes it. Says
    by region what did not go out and why. Exit 0 when the steps ended, 1 when one broke or no region's newest
    night is of that date, 2 for a date after today or a home without a database. Running it again changes
    nothing.
    """
    from stable_jobs.cli.ledger_tables import print_disbursement
    from stable_jobs.disbursement.steps import disburse as run
    from stable_jobs.night.context import open_night

    with open_night(read_home(), read_past_date(date)) as night:
        made = run(night, progress())
        print_disbursement(night, made)
    if not made.is_normal:
        typer.echo(
            f"stable-jobs: no region's newest night is that of {date}: nothing could be paid in its name;"
            " next: see the table for the date to disburse, or run the night of this one",
            err=True,
        )
        raise typer.Exit(1)
