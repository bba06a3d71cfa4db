"""`stable-jobs airflow …`: a whole Airflow on this machine, for one night or until Ctrl-C."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from stable_jobs.cli.options import DateOption, progress, read_date, read_settings

if TYPE_CHECKING:
    from stable_jobs.local.session import LocalAirflow
    from stable_jobs.settings import Settings

app = typer.Typer(help="A whole Airflow on this machine, on loopback.", no_args_is_help=True)
PORT = 8080


@app.command("run")
def run(
    date: DateOption = "2020-05-11",
    port: Annotated[int, typer.Option(help="Of the web interface; 0: a free one.")] = 0,
    timeout: Annotated[int, typer.Option(help="Minutes that the run may take.")] = 60,
) -> None:
    """Start Airflow, run the night of a business date in it, print its figures, stop everything.

    Exit 0 when the run succeeded (held regions are reported, not failures), 1 when a step broke, 2 for
    wrong usage. Running it again with the same inputs changes no byte.
    """
    from stable_jobs.local.session import local_airflow, night_of_run, run_key

    settings, say = read_settings(), progress()
    business_date = read_date(date).isoformat()
    with local_airflow(settings, port, say) as airflow:
        run_id = run_key(airflow, business_date, say, timeout * 60)
        determined, reported = night_of_run(airflow.client, run_id)
        _print(settings, business_date, determined["decision"], determined["validations"], reported["path"])


def _print(settings: Settings, day: str, decision_id: int, validation_ids: list[int], report: str) -> None:
    from stable_jobs.cli.tables import print_night
    from stable_jobs.night.desk import open_desk
    from stable_jobs.policy.determine import decision_by_id

    with open_desk(settings, read_date(day)) as desk:
        with desk.database.connect() as connection:
            decision = decision_by_id(connection, decision_id)
        folder = settings.out_root / day / "validation"
        print_night(desk, decision, validation_ids, folder / Path(report).name)


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
    out.print("Trigger nightly_eligibility with a partition key such as 2020-05-11. Ctrl-C stops everything.")
