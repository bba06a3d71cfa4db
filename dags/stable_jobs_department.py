"""One department's part of the night: its deliveries collected, validated, and the ones that it owes."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, PokeReturnValue, task
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.types import DagRunProtocol as DagRun
from airflow.sdk.types import OutletEventAccessorsProtocol as OutletEvents
from airflow.sdk.types import RuntimeTaskInstanceProtocol as TaskInstance
from stable_jobs_wiring import ENGINE, GIVEN, POKES, Params, measured, run_of

from stable_jobs.contracts.model import DEPARTMENTS
from stable_jobs.dag_ids import OWED

SENT = {
    name: Asset(f"{name}_deliveries", f"stable-jobs://{name}", group="stable-jobs") for name in DEPARTMENTS
}


@task.sensor(task_display_name="收取 collect", **POKES)
def collect(department: str, *, dag_run: DagRun = GIVEN, params: Params = GIVEN) -> PokeReturnValue:
    """Copy what was sent, write-once; done when nothing is awaited any more."""
    from stable_jobs.night import steps

    found = steps.collect.task(run_of(dag_run, params), department, waits=params["wait"])
    return PokeReturnValue(not found["awaited"] or not params["wait"], found)


@task(task_display_name="校验 validate", **ENGINE)
def validate(
    department: str, *, dag_run: DagRun = GIVEN, params: Params = GIVEN, outlet_events: OutletEvents = GIVEN
) -> dict[str, Any]:
    """Stage, run the contract's rules, quarantine rows. Bad data is recorded; red is machinery."""
    from stable_jobs.night import steps

    found = steps.validate.task(run_of(dag_run, params), department)
    return measured(SENT[department], outlet_events, found)


@task(task_display_name="待补 owed")
def owed(
    department: str,
    validated: object,
    *,
    dag_run: DagRun = GIVEN,
    params: Params = GIVEN,
    ti: TaskInstance = GIVEN,
) -> None:
    """Skipped where the department must send deliveries, or send them again: the log has the list."""
    from stable_jobs.night import steps

    if lines := steps.list_owed.task(run_of(dag_run, params), department, validated):
        ti.xcom_push(OWED, lines)
        raise AirflowSkipException("\n".join((f"{department} owes {len(lines)} deliveries:", *lines)))
