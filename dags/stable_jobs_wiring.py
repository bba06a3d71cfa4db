"""The common parts of the DAGs: dates, retries, the pool, and the step's run that belongs to a DAG run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import (
    Asset,
    Connection,
    CronPartitionTimetable,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
)
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.types import DagRunProtocol as DagRun
from airflow.sdk.types import OutletEventAccessorsProtocol as OutletEvents

from stable_jobs.errors import ContractError, PolicyError, StepsMissing, UsageError
from stable_jobs.settings import SHANGHAI, Settings

if TYPE_CHECKING:
    from stable_jobs.night.step import Run

NEVER = datetime(2999, 1, 1, tzinfo=UTC)
"""Nothing is scheduled from here on back; what is triggered or backfilled runs."""
MENDED_BY_PEOPLE = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[ContractError, PolicyError, UsageError, StepsMissing],
            action=RetryAction.FAIL,
            reason="repeating the task mends nothing: the error's own sentence names the next step",
        )
    ]
)
DEFAULTS: dict[str, Any] = {
    "owner": "stable-jobs",
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": True,
    "retry_policy": MENDED_BY_PEOPLE,
}
"""Retries are for a killed worker or a database away."""
ENGINE: dict[str, Any] = {"pool": "engine", "execution_timeout": timedelta(hours=2)}
"""Two engines never share one machine's memory unasked."""
DAY = timedelta(hours=24)
POKES: dict[str, Any] = {"mode": "reschedule", "poke_interval": 300, "timeout": DAY.total_seconds()}
EVERY_NIGHT = CronPartitionTimetable("0 0 * * *", timezone="Asia/Shanghai", key_format="%Y-%m-%d")
BACKFILL = "backfill"
Params = dict[str, Any]
"""A run's parameters, by name."""
WAIT = "等到约定时限。 Wait for what may still come until it is due."
GIVEN: Any = None
"""The default of a task's argument that Airflow itself gives, by its name, when the task runs."""


def first_night() -> datetime:
    """Midnight of STABLE_JOBS_FIRST_NIGHT, or never."""
    day = Settings().first_night
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) if day else NEVER


def measured(asset: Asset, events: OutletEvents, found: Mapping[str, Any]) -> dict[str, Any]:
    """Show counts and yuan on the asset; hand on all of it."""
    events[asset].extra = {k: v for k, v in found.items() if k != "validations"}
    return dict(found)


SPARK = "stable_jobs_spark"
"""The connection of Airflow that names Spark's master; without it a decision is DuckDB's."""


def spark_run_of(dag_run: DagRun, params: Mapping[str, Any] | None = None) -> Run:
    """`run_of` for a task that decides: on Spark where Airflow has the connection and no setting an engine.

    What the connection says counts in this task's process alone. Host `spark://10.0.0.5`, `k8s://https://…`
    or `yarn`, with or without a port.
    """
    if "STABLE_JOBS_ENGINE" not in os.environ:
        try:
            found = Connection.get(SPARK)
        except AirflowNotFoundException:
            return run_of(dag_run, params)
        port = f":{found.port}" if found.port else ""
        os.environ |= {"STABLE_JOBS_ENGINE": "spark", "STABLE_JOBS_SPARK_MASTER": f"{found.host}{port}"}
    return run_of(dag_run, params)


def is_backfill(dag_run: DagRun) -> bool:
    """Whether the run recomputes a past date: it promises nothing and pays nothing."""
    return dag_run.run_type == BACKFILL


def run_of(dag_run: DagRun, params: Mapping[str, Any] | None = None) -> Run:
    """The run as a step's task takes it: for the partition key's date, as known then if it asks for that."""
    from stable_jobs.night.step import Run

    return Run(dag_run.partition_key, (params or {}).get("known_at"), is_backfill(dag_run))
