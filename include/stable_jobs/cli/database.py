"""`stable-jobs db …`: the business database."""

from __future__ import annotations

from typing import Annotated

import typer

from stable_jobs.settings import read_settings

app = typer.Typer(help="The business database: create it, migrate it.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `init` a subcommand although it is alone."""


@app.command("init")
def init(
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
