"""Nights in a local Airflow one after the other, from the extracts to the bank's answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stable_jobs.dag_ids import READY, RETURNS
from stable_jobs.settings import Settings

if TYPE_CHECKING:
    from stable_jobs.cli.demonstration import AnswerPayments
    from stable_jobs.local.session import LocalAirflow

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
    from stable_jobs.ledger.approvals import approvers
    from stable_jobs.ledger.hands import here
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
    from stable_jobs.cli.life_tables import print_life
    from stable_jobs.cli.tables import print_night
    from stable_jobs.night.context import open_night
    from stable_jobs.policy.determine import decision_by_id

    with open_night(settings, business_date) as night:
        with night.database.connect() as connection:
            decision = decision_by_id(connection, determined["decision"])
        folder = settings.out_root / business_date.isoformat() / "validation"
        print_night(night, decision, folder / Path(report).name)
        print_life(night)
