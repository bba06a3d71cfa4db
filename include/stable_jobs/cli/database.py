"""`stable-jobs db …`: the business database."""

from __future__ import annotations

import typer

from stable_jobs.cli.options import read_settings

app = typer.Typer(help="The business database: create it and bring its schema up to date.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `init` a subcommand although it is alone."""


@app.command("init")
def init() -> None:
    """Create the database, its roles and its tables, or migrate them to this version."""
    from stable_jobs.store.database import database

    settings = read_settings()
    with database(settings) as engine, engine.connect() as connection:
        name = connection.dialect.name
    typer.echo(f"The {name} database is at this version's schema.")
