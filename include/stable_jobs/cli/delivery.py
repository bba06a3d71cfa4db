"""`stable-jobs delivery …`: the deliveries of a date, and a person's release of a held one."""

from __future__ import annotations

from typing import Annotated

import typer

from stable_jobs.cli.options import DateOption, read_date, read_home
from stable_jobs.cli.people import ByOption, ReasonOption, act

app = typer.Typer(help="What departments sent: list it, release it.", no_args_is_help=True)


@app.command("list")
def list_deliveries(date: DateOption) -> None:
    """List the deliveries of a business date: id, origin, status, fault, and the person who released it."""
    from stable_jobs.cli.tables import print_deliveries
    from stable_jobs.store.catalog import deliveries_for, held_outcomes, releases_shown
    from stable_jobs.store.database import database

    business_date = read_date(date)
    with database(read_home()) as engine, engine.connect() as connection:
        deliveries, held = deliveries_for(connection, business_date), held_outcomes(connection, business_date)
        print_deliveries(deliveries, held, releases_shown(connection))


@app.command("accept")
def accept(
    delivery_id: Annotated[
        int, typer.Argument(metavar="ID", help="The delivery's id, from `delivery list`.")
    ],
    reason: ReasonOption,
    by: ByOption,
) -> None:
    """Release a delivery that a table rule or the tolerance held, from the next run on.

    Never one that was refused when it was read, and never the quarantined rows.
    """
    rules = ", ".join(act("accept-delivery", by, delivery_id=delivery_id, reason=reason))
    typer.echo(f"Delivery {delivery_id} is released from {rules}; the next run of its date takes it.")
