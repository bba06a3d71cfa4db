"""Commands about the stores: the ledger's proof, one unit's history, the sums, and the database's schema."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from stable_jobs.cli.options import progress, read_home
from stable_jobs.cli.people import BelowOption, RegionOption, UnitOption, reading
from stable_jobs.errors import LedgerRefused
from stable_jobs.messages.ledger_refusals import refusal
from stable_jobs.settings import Settings, now, read_settings

if TYPE_CHECKING:
    from datetime import date

    from stable_jobs.ledger.verify import Verified


# --- ledger ---
# `stable-jobs ledger …`: the ledger's proof, one unit's history, and the sums.

ledger_app = typer.Typer(help="The ledger: verify it, look into it.", no_args_is_help=True)


AnchorOption = Annotated[
    list[str] | None,
    typer.Option(
        "--anchor",
        metavar="NUMBER:HASH",
        help="An event recorded outside the database, which must be in the ledger; may be repeated.",
    ),
]
SkipOption = Annotated[bool, typer.Option("--skip-lake", help="Do not read the lake's bytes again.")]


@ledger_app.command("verify")
def verify(anchor: AnchorOption = None, skip_lake: SkipOption = False) -> None:
    """Check the chain of events, the rows of each, states, sums, catalog, schema and files.

    Exit 0 when everything is as the ledger says; 1 when not, with each break on its line, the first one
    first, and a message to the people whom the settings name.
    """
    from stable_jobs.cli.ledger_tables import print_verified
    from stable_jobs.ledger.verify import read_anchor, verify_ledger
    from stable_jobs.ledger.views import newest_date
    from stable_jobs.store.lake import Lake

    settings = read_home()
    known = [read_anchor(spelled) for spelled in anchor or ()]
    lake = None if skip_lake else Lake(settings.lake_url)
    with reading() as connection:
        verified = verify_ledger(connection, settings.out_root, lake, known, _saying())
        night = newest_date(connection)
    print_verified(verified)
    if verified.breaks:
        _tell(settings, night or now().date(), verified)
        raise typer.Exit(1)


def _saying() -> Callable[[str], None]:
    """Name each check on a terminal: a big ledger takes minutes."""
    return progress() if sys.stderr.isatty() else lambda _: None


def _tell(settings: Settings, business_date: date, verified: Verified) -> None:
    from stable_jobs.night.alerts import tell_broken
    from stable_jobs.night.context import open_night

    with open_night(settings, business_date) as night:
        tell_broken(night, verified)


@ledger_app.command("anchor")
def anchor() -> None:
    """Print the number and hash of the newest event, to be kept outside, for `ledger verify --anchor`."""
    from stable_jobs.ledger.verify import last_anchor

    with reading() as connection:
        found = last_anchor(connection)
    typer.echo("The ledger is empty." if found is None else str(found))


@ledger_app.command("show")
def show(region: RegionOption, uscc: UnitOption) -> None:
    """Show one unit's history, by any of its codes: its entitlement, and each payment's states with person,
    time and reason."""
    from stable_jobs.cli.ledger_tables import print_unit
    from stable_jobs.ledger.views import Which, disagreements, unit_sums

    with reading() as connection:
        is_known = unit_sums(connection, region, uscc).rows
        if not is_known and not disagreements(connection, Which(region, uscc)).rows:
            raise LedgerRefused(refusal("unit_unknown", uscc=uscc, region=region))
        print_unit(connection, region, uscc)


@ledger_app.command("sums")
def sums(region: BelowOption = None) -> None:
    """Show the sums entitled, paid outside, paid, open, waived and in recovery, by region and policy year."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger import views

    with reading() as connection:
        print_listing(views.sums(connection, region), "The ledger is empty.")


# --- db ---
# `stable-jobs db …`: the business database.

database_app = typer.Typer(help="The business database: create it, migrate it.", no_args_is_help=True)


@database_app.callback()
def _group() -> None:
    """Keep `init` a subcommand although it is alone."""


@database_app.command("init")
def init_database(
    is_demonstration: Annotated[
        bool,
        typer.Option(
            "--demonstration",
            help="Mark a new database as a demonstration's, for good: no real money, no real people.",
        ),
    ] = False,
) -> None:
    """Create the database, its roles and its tables, or migrate them to this version.

    With STABLE_JOBS_DATABASE_URL set, that must be the owner's.
    """
    from stable_jobs.store.database import DATABASE, database, init_database, postgres_url

    settings = read_settings()
    if settings.database_url is not None:
        url = postgres_url(settings.database_url.get_secret_value())
        init_database(
            url.set(database="postgres"), name=url.database or DATABASE, is_demonstration=is_demonstration
        )
    with database(settings):
        typer.echo("The database is at this version's schema.")
