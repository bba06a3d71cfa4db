"""`stable-jobs airflow …`: a whole Airflow on this machine, for one night or until Ctrl-C."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from stable_jobs.cli.options import progress, read_past_date
from stable_jobs.dag_ids import NIGHTLY
from stable_jobs.settings import read_settings

if TYPE_CHECKING:
    from stable_jobs.local.session import LocalAirflow
    from stable_jobs.settings import Settings

app = typer.Typer(help="A whole Airflow on this machine, on loopback.", no_args_is_help=True)
PORT = 8080


@app.command("run")
def run(
    date: Annotated[
        list[str], typer.Option(help="Business date, YYYY-MM-DD; given again: the next night.")
    ] = ["2020-05-11"],  # noqa: B006  # Typer reads it once
    port: Annotated[int, typer.Option(help="Of the web interface; 0: a free one.")] = 0,
    timeout: Annotated[int, typer.Option(help="Minutes that a run may take.")] = 60,
    bank_stand_in: Annotated[
        bool, typer.Option("--bank-stand-in", help="A stand-in for the bank answers what is published.")
    ] = False,
) -> None:
    """Start Airflow, run the nights of the business dates in it, print their figures, stop everything.

    Each night runs on into its disbursement, as far as it goes without people. Exit 0 when the runs
    succeeded (held regions are reported, not failures), 1 when a step broke, 2 for wrong usage. Running it
    again with the same inputs changes no byte.
    """
    from stable_jobs.cli.airflow_run import run_nights
    from stable_jobs.cli.demonstration import find_bank_stand_in
    from stable_jobs.local.session import local_airflow
    from stable_jobs.night.dates import check_places

    settings, say = read_settings(), progress()
    dates = [read_past_date(one) for one in date]
    answer_payments = find_bank_stand_in() if bank_stand_in else None
    check_places(settings, dates[0])
    with local_airflow(settings, port, say) as airflow:
        run_nights(settings, airflow, dates, say, timeout * 60, answer_payments)


@app.command("up")
def up(
    port: Annotated[int, typer.Option(help="Of the web interface, on loopback; 0: a free one.")] = PORT,
) -> None:
    """Start Airflow and leave it running until Ctrl-C; says where to look and how to log in."""
    from stable_jobs.local.session import local_airflow

    settings = read_settings()
    with local_airflow(settings, port, progress()) as airflow:
        _print_where(settings, airflow)
        while True:
            airflow.check()
            time.sleep(1)


def _print_where(settings: Settings, airflow: LocalAirflow) -> None:
    from stable_jobs.cli.tables import console
    from stable_jobs.local.configuration import USERS, airflow_home, passwords, passwords_file

    out = console()
    out.print(f"Airflow  {airflow.url}", soft_wrap=True)
    home = airflow_home(settings)
    known = passwords(home)
    for user, role in USERS.items():
        secret = known[user] if out.is_terminal else "…"
        out.print(escape(f"  {user:<10} {secret}   ({role})"), soft_wrap=True)
    out.print(f"Passwords are kept in {passwords_file(home)}", soft_wrap=True)
    out.print(f"Trigger {NIGHTLY} with a partition key such as 2020-05-11. Ctrl-C stops everything.")
