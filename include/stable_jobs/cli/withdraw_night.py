"""`stable-jobs withdraw-night`: two people withdraw a night that was run by mistake."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from stable_jobs.cli.options import DateOption, read_date
from stable_jobs.cli.people import ByOption, ReasonOption, act, read_region
from stable_jobs.regions import NATION


def withdraw_night(
    date: DateOption,
    reason: ReasonOption,
    by: ByOption,
    region: Annotated[
        str | None,
        typer.Option("--region", callback=read_region, help="Only this region and those below it."),
    ] = None,
) -> None:
    """Propose to withdraw the night of a date; another person confirms it with `proposal confirm`.

    Only a region's newest night. The night before is its newest again; what the night put on notice or
    cleared is withdrawn, its formed batches are voided, and the next night decides everything again.
    Instructed payments stay: the bank has them.
    """
    from stable_jobs.cli.ledger_tables import print_rows

    on = read_date(date)
    number, found = act(
        "propose-night-withdrawal", by, business_date=on, region_code=region or NATION, reason=reason
    )
    rows = [
        (
            u["region_code"],
            u["announced"],
            Decimal(u["announced_yuan"]),
            u["batches"],
            u["instructed"],
            Decimal(u["instructed_yuan"]),
        )
        for u in found
    ]
    headers = ("region", "taken back", "yuan", "batches voided", "instructed, stays", "yuan instructed")
    print_rows(headers, rows, "")
    typer.echo(
        f"The night of {on} is to be withdrawn: proposal {number} waits for another person:"
        f" stable-jobs proposal confirm {number} --by NAME"
    )
