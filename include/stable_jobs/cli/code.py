"""`stable-jobs code …`: codes that stand on a licence though their check character is wrong."""

from __future__ import annotations

from typing import Annotated

import typer

from stable_jobs.cli.people import (
    BelowOption,
    ByOption,
    ReasonOption,
    RegionOption,
    act,
    read_reason,
    read_unit,
    reading,
)
from stable_jobs.errors import UsageError

app = typer.Typer(
    help="Licences' codes with a wrong check character: register, look (登记代码).", no_args_is_help=True
)


def read_evidence(text: str) -> str:
    """The licence that was seen, under the same rules as a reason."""
    try:
        return str(read_reason(text))
    except UsageError as error:
        raise UsageError(str(error).replace("--reason", "--evidence")) from None


@app.command("register")
def register(
    code: Annotated[
        str, typer.Argument(metavar="CODE", callback=read_unit, help="The code as the licence shows it.")
    ],
    region: RegionOption,
    evidence: Annotated[
        str, typer.Option(callback=read_evidence, help="The licence that was seen, and where a copy is kept.")
    ],
    reason: ReasonOption,
    by: ByOption,
) -> None:
    """Propose to accept a code of 18 characters whose check character is wrong, because the licence has it.

    It counts for units of the region and those below it, from the next night after another person has
    confirmed it (`stable-jobs proposal confirm`).
    """
    number = act("propose-code", by, code=code, region=region, evidence=evidence, reason=reason)
    typer.echo(f"Proposal {number} waits for another person: stable-jobs proposal confirm {number} --by NAME")


@app.command("list")
def list_codes(region: BelowOption = None) -> None:
    """List the codes that were registered, with the licence and both people."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import Which, registered_codes

    with reading() as connection:
        print_listing(registered_codes(connection, Which(region)), "No code is registered.")
