"""The night: five departments' deliveries in; decisions, lists, notices, report out. See the page beside."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import Asset, Param, TaskGroup, TriggerRule, dag, task
from airflow.sdk.types import DagRunProtocol as DagRun
from airflow.sdk.types import OutletEventAccessorsProtocol as OutletEvents
from stable_jobs_department import SENT, collect, owed, validate
from stable_jobs_handover import SAME_DAY, notices, ready
from stable_jobs_wiring import (
    DAY,
    DEFAULTS,
    ENGINE,
    EVERY_NIGHT,
    GIVEN,
    WAIT,
    Params,
    first_night,
    is_backfill,
    measured,
    run_of,
    spark_run_of,
)

from stable_jobs.contracts.model import DEPARTMENTS
from stable_jobs.dag_ids import NIGHTLY
from stable_jobs.messages.night import DEPARTMENT

ELIGIBILITY = Asset("eligibility", "stable-jobs://eligibility", group="stable-jobs")
KNOWN_AT = "只用此刻前收到的数据。 Leave out what was received later: the night as known then."


@task(task_display_name="认定 determine", outlets=[ELIGIBILITY], **ENGINE)
def determine(
    validated: list[Any],
    *,
    dag_run: DagRun = GIVEN,
    params: Params = GIVEN,
    outlet_events: OutletEvents = GIVEN,
) -> dict[str, Any]:
    """Decide every unit of every region that is not held."""
    from stable_jobs.night import steps

    found = steps.determine.task(spark_run_of(dag_run, params), validated)
    return measured(ELIGIBILITY, outlet_events, found)


@task(task_display_name="比对 compare", **ENGINE)
def compare(determined: object, *, dag_run: DagRun = GIVEN, params: Params = GIVEN) -> dict[str, str]:
    """The rows that appeared, went or changed since the night before. Its failure fails no other task."""
    from stable_jobs.night import steps

    return steps.compare.task(spark_run_of(dag_run, params), determined)


@task(task_display_name="名单 lists", **ENGINE)
def lists(determined: object, *, dag_run: DagRun = GIVEN, params: Params = GIVEN) -> dict[str, Any]:
    """Publish each region's lists, write-once."""
    from stable_jobs.night import steps

    return steps.lists.task(run_of(dag_run, params), determined)


@task(task_display_name="报告 report", trigger_rule=TriggerRule.ALL_DONE, **ENGINE)
def report(
    results: dict[str, object], compared: object, *, dag_run: DagRun = GIVEN, params: Params = GIVEN
) -> dict[str, str]:
    """Publish the report; red with the names of the steps that decide or publish and handed on no result."""
    from stable_jobs.night import steps

    skipped = {"notices"} if is_backfill(dag_run) else set()
    broken = [name for name, result in results.items() if result is None and name not in skipped]
    return steps.report.task(run_of(dag_run, params), results["determine"], compared, broken)


@dag(
    dag_id=NIGHTLY,
    dag_display_name="每夜资格认定 Nightly eligibility",
    description="Every night: deliveries, validation, eligibility, lists, notices and report",
    doc_md=str(Path(__file__).with_suffix(".md")),
    schedule=EVERY_NIGHT,
    start_date=first_night(),
    catchup=False,
    max_active_runs=3,
    dagrun_timeout=DAY + timedelta(hours=4),
    deadline=SAME_DAY,
    default_args=DEFAULTS,
    params={
        "known_at": Param(None, type=["null", "string"], format="date-time", description=KNOWN_AT),
        "wait": Param(True, type="boolean", description=WAIT),
    },
    tags=["stable-jobs", "稳岗返还", "nightly"],
)
def nightly_eligibility() -> None:
    """One business date, from extracts to lists and notices. A task gets the results that it is given."""
    results: dict[str, object] = {}
    validated, owing = [], []
    for department in DEPARTMENTS:
        with TaskGroup(department, group_display_name=f"{DEPARTMENT[department].zh} {department}"):
            sent, found = collect(department), validate.override(outlets=[SENT[department]])(department)
            sent >> found
            owing.append(owed(department, found))
            validated.append(found)
            results |= {f"{department}.collect": sent, f"{department}.validate": found}
    decided = determine(validated)
    listed, announced = lists(decided), notices(decided)
    listed >> announced >> ready(announced)
    results |= {"determine": decided, "lists": listed, "notices": announced}
    owing >> report(results, compare(decided))


nightly_eligibility()
