"""`stable-jobs approver …`: the approvers of each region and level. Nobody assigns themselves."""

from __future__ import annotations

from typing import Annotated

import typer

from stable_jobs.cli.people import BelowOption, ByOption, act, read_area, read_person, reading, trust_mark
from stable_jobs.errors import LedgerRefused

app = typer.Typer(help="Who may approve batches (审批人).", no_args_is_help=True)

PersonArgument = Annotated[
    str, typer.Argument(metavar="PERSON", callback=read_person, help="The name under which they answer.")
]
AreaOption = Annotated[
    str, typer.Option("--region", callback=read_area, help="This region and all below it; 000000: all.")
]
LevelOption = Annotated[int, typer.Option(min=1, max=2, help="First (1) or second (2) approval.")]


@app.command("add")
def add(person: PersonArgument, region: AreaOption, level: LevelOption, by: ByOption) -> None:
    """Assign a person as approver, for open batches too. Nobody assigns themselves."""
    known = _assign(person, region, level, by, is_assigned=True)
    already = "already " if known else ""
    typer.echo(f"{person} is {already}approver {level} of region {region}{trust_mark()}.")


@app.command("remove")
def remove(person: PersonArgument, region: AreaOption, level: LevelOption, by: ByOption) -> None:
    """End an assignment. Approvals that the person gave stand."""
    if not _assign(person, region, level, by, is_assigned=False):
        raise LedgerRefused(
            f"{person} is not assigned as approver {level} of exactly region {region}: "
            "`stable-jobs approver list` shows who is assigned where"
        )
    typer.echo(f"{person} is no longer approver {level} of region {region}{trust_mark()}.")


@app.command("list")
def list_approvers(region: BelowOption = None) -> None:
    """List who is assigned; with a region: there, above and below."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import Which, assigned

    with reading() as connection:
        print_listing(assigned(connection, Which(region)), "Nobody is assigned: stable-jobs approver add")


def _assign(person: str, region: str, level: int, by: str, *, is_assigned: bool) -> bool:
    """Whether the person was assigned before."""
    known = act(
        "assign-approver", by, approver=person, region_code=region, level=level, is_assigned=is_assigned
    )
    return bool(known)
