"""The night: five departments' deliveries in; decisions, lists, notices, report out. See the page beside."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import Asset, Param, PokeReturnValue, TaskGroup, TriggerRule, dag, task
from airflow.sdk.exceptions import AirflowFailException
from stable_jobs_handover import SAME_DAY, notices, ready
from stable_jobs_wiring import (
    DAY,
    DEFAULTS,
    ENGINE,
    EVERY_NIGHT,
    POKES,
    WAIT,
    first_night,
    measured,
    not_succeeded,
    tonight,
)

from stable_jobs.contracts.model import DEPARTMENTS
from stable_jobs.publishing.words import DEPARTMENTS as NAMES

SENT = {
    name: Asset(f"{name}_deliveries", f"stable-jobs://{name}", group="stable-jobs") for name in DEPARTMENTS
}
ELIGIBILITY = Asset("eligibility", "stable-jobs://eligibility", group="stable-jobs")
KNOWN_AT = "只用此刻前收到的数据。 Leave out what was received later: the night as known then."


@task.sensor(task_display_name="收取 collect", **POKES)
def collect(department: str, **context: Any) -> PokeReturnValue:
    """Copy what was sent, write-once; done when nothing is awaited any more."""
    found = tonight("collect", context, department)
    return PokeReturnValue(not found["awaited"] or not context["params"]["wait"], found)


@task(task_display_name="校验 validate", **ENGINE)
def validate(department: str, **context: Any) -> dict[str, Any]:
    """Stage, run the contract's rules, quarantine rows. Bad data is recorded; red is machinery."""
    return measured(SENT[department], context, tonight("validate", context, department))


@task(task_display_name="待补 owed")
def owed(department: str, validated: dict[str, Any], **context: Any) -> None:
    """Red with the list of deliveries that the department must send, or send again."""
    if lines := tonight("owed", context, department, validated):
        raise AirflowFailException(f"{department} owes {len(lines)} deliveries:\n" + "\n".join(lines))


@task(task_display_name="认定 determine", outlets=[ELIGIBILITY], **ENGINE)
def determine(validated: list[dict[str, Any]], **context: Any) -> dict[str, Any]:
    """Decide every unit of every region that is not held."""
    return measured(ELIGIBILITY, context, tonight("determine", context, list(validated)))


@task(task_display_name="比对 compare", **ENGINE)
def compare(determined: dict[str, Any], **context: Any) -> dict[str, Any]:
    """What appeared, went and changed since the night before. Its failure fails nothing else."""
    return dict(tonight("compare", context, determined))


@task(task_display_name="名单 lists", **ENGINE)
def lists(determined: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Publish each region's lists, write-once."""
    return dict(tonight("lists", context, determined))


@task(task_display_name="报告 report", trigger_rule=TriggerRule.ALL_DONE, **ENGINE)
def report(machinery: list[str], **context: Any) -> dict[str, Any]:
    """Publish the report; red if one of the steps that decide or publish did not succeed."""
    determined, compared = (context["ti"].xcom_pull(task_ids=name) for name in ("determine", "compare"))
    return dict(tonight("report", context, determined, compared, not_succeeded(context, machinery)))


@dag(
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
    """One business date, from extracts to lists and notices. A task gets the value of what it is given."""
    validated: list[Any] = []
    owing: list[Any] = []
    for department in DEPARTMENTS:
        with TaskGroup(department, group_display_name=NAMES[department]):
            found: Any = validate.override(outlets=[SENT[department]])(department)
            collect(department) >> found
            owing.append(owed(department, found))
            validated.append(found)
    decided: Any = determine(validated)
    listed = lists(decided)
    announced: Any = notices(decided)
    listed >> announced
    steps = [f"{department}.{step}" for department in DEPARTMENTS for step in ("collect", "validate")]
    last = report([*steps, "determine", "lists", "notices", "ready"])
    [*owing, compare(decided), listed, ready(announced)] >> last


nightly_eligibility()
