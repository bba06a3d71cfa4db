"""`stable-jobs airflow …`: a whole Airflow on this machine, for one night or until Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from stable_jobs.cli.options import progress, read_past_date
from stable_jobs.dag_ids import NIGHTLY, READY, RETURNS
from stable_jobs.settings import Settings, read_settings

if TYPE_CHECKING:
    from stable_jobs.cli.demonstration import AnswerPayments
    from stable_jobs.local.session import LocalAirflow


# --- Nights one after the other ---
# Nights in a local Airflow one after the other, from the extracts to the bank's answer.

Say = Callable[[str], None]
BANK_SEED = 1


def run_nights(
    settings: Settings,
    airflow: LocalAirflow,
    dates: list[date],
    say: Say,
    timeout_seconds: float,
    answer_payments: AnswerPayments | None,
) -> None:
    """Run each night and its disbursement as far as it goes without people, and take the bank's answers.

    answer_payments: a stand-in for the bank, which answers what was published, as of the day after; None:
    nobody answers. StepError where a run breaks.
    """
    from stable_jobs.local.session import night_of_run, run_key, wait_for_people

    assign_local_approvers(settings, airflow)
    for business_date in dates:
        key = business_date.isoformat()
        run_id = run_key(airflow, key, say, timeout_seconds)
        determined, reported = night_of_run(airflow.client, run_id)
        if airflow.client.task_states(run_id)[READY] == "success":
            wait_for_people(airflow, key, say, timeout_seconds)
        if answer_payments is not None and bank_answers(settings, business_date, say, answer_payments):
            run_key(airflow, (business_date + timedelta(days=1)).isoformat(), say, timeout_seconds, RETURNS)
        _print(settings, business_date, determined, reported["path"])


def assign_local_approvers(settings: Settings, airflow: LocalAirflow) -> None:
    """The local `engineer` assigns `first` and `second` everywhere, where nobody is assigned yet."""
    from stable_jobs.ledger.batches import approvers
    from stable_jobs.ledger.people import here
    from stable_jobs.local.login import act_through
    from stable_jobs.regions import NATION
    from stable_jobs.store.database import database

    hand = here()
    for level, person in ((1, "first"), (2, "second")):
        with database(settings) as engine, engine.connect() as connection:
            if approvers(connection, NATION, level, is_authenticated=True):
                continue
        asked = {"approver": person, "region_code": NATION, "level": level, "is_assigned": True}
        said = {"user": hand.os_user, "host": hand.host}
        act_through(airflow.client.http, "assign-approver", asked, said)


def bank_answers(settings: Settings, business_date: date, say: Say, answer_payments: AnswerPayments) -> bool:
    """The stand-in answers what was published on the date; whether it had anything to answer."""
    from stable_jobs.bank.banks import load_banks

    folder = settings.out_root / business_date.isoformat()
    banks = load_banks(settings.banks_root)
    day = answer_payments(
        folder, settings.bank_answers_root, BANK_SEED, banks=banks, on=business_date + timedelta(days=1)
    )
    if day.files:
        say(f"bank stand-in: {day.paid:,} paid, {day.returned:,} returned, {day.forgotten:,} forgotten")
    return bool(day.files)


def _print(settings: Settings, business_date: date, determined: Mapping[str, Any], report: str) -> None:
    from stable_jobs.cli.ledger_tables import print_life
    from stable_jobs.cli.tables import print_night
    from stable_jobs.night.context import open_night
    from stable_jobs.policy.determine import decision_by_id

    with open_night(settings, business_date) as night:
        with night.database.connect() as connection:
            decision = decision_by_id(connection, determined["decision"])
        folder = settings.out_root / business_date.isoformat() / "validation"
        print_night(night, decision, folder / Path(report).name)
        print_life(night)


# --- Commands ---

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
    from stable_jobs.cli.demonstration import find_bank_stand_in
    from stable_jobs.local.session import local_airflow
    from stable_jobs.night.step import check_places

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
