"""The bank's answers, day by day: taken as they come, published, missed. See the page beside."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import Param, PokeReturnValue, dag, task
from airflow.sdk.types import DagRunProtocol as DagRun
from stable_jobs_wiring import (
    DAY,
    DEFAULTS,
    ENGINE,
    EVERY_NIGHT,
    GIVEN,
    POKES,
    WAIT,
    first_night,
    run_of,
)

from stable_jobs.dag_ids import RETURNS


@task.sensor(task_display_name="收取回执 take", **POKES)
def take(*, dag_run: DagRun = GIVEN, params: dict[str, Any] = GIVEN) -> PokeReturnValue:
    """Take each file of the bank once, until the day is over."""
    from stable_jobs.disbursement import returns_steps

    found = returns_steps.take.task(run_of(dag_run))
    return PokeReturnValue(found["is_over"] or not params["wait"], found)


@task(task_display_name="回执名单 lists", **ENGINE)
def lists(*, dag_run: DagRun = GIVEN) -> dict[str, int]:
    """Publish what was paid, what came back and what was refused; tell of the latter two."""
    from stable_jobs.disbursement import returns_steps

    return returns_steps.lists.task(run_of(dag_run))


@task(task_display_name="逾期未复 unanswered")
def unanswered(*, dag_run: DagRun = GIVEN) -> dict[str, Any]:
    """Tell of what the bank has not answered in the region's days. Nothing is sent again."""
    from stable_jobs.disbursement import returns_steps

    return returns_steps.unanswered.task(run_of(dag_run))


@dag(
    dag_id=RETURNS,
    dag_display_name="银行回执 Payment returns",
    description="Every day: the bank's answers, paid and returned lists, what is not answered",
    doc_md=str(Path(__file__).with_suffix(".md")),
    schedule=EVERY_NIGHT,
    start_date=first_night(),
    allowed_run_types=["scheduled", "manual"],  # type: ignore[list-item]  # the enum's values; the SDK has no enum
    catchup=False,
    max_active_runs=3,
    dagrun_timeout=DAY + timedelta(hours=4),
    default_args=DEFAULTS,
    params={"wait": Param(True, type="boolean", description=WAIT)},
    tags=["stable-jobs", "稳岗返还", "returns"],
)
def payment_returns() -> None:
    """One business date's answers; what is missing is told even where a list breaks."""
    take() >> [lists(), unanswered()]


payment_returns()
