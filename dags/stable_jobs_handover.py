"""Promises of a night that has decided: its notices, the start of disbursement, an answer on the same day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.sdk import (  # type: ignore[attr-defined]  # its stub leaves the deadlines out
    Asset,
    DeadlineAlert,
    DeadlineReference,
    SyncCallback,
    task,
)
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.types import DagRunProtocol as DagRun
from airflow.sdk.types import OutletEventAccessorsProtocol as OutletEvents
from stable_jobs_wiring import BACKFILL, ENGINE, GIVEN, Params, is_backfill, measured, run_of

READY = Asset("eligibility_ready", "stable-jobs://eligibility-ready", group="stable-jobs")
"""A night that the ledger took over: what disbursement starts from."""


def tell_late(context: Mapping[str, Any]) -> None:
    """A deadline's callback, run by the executor: of which regions the same-day promise is broken."""
    from stable_jobs.night import steps
    from stable_jobs.night.step import Run

    dag_run = context["dag_run"]
    if dag_run["run_type"] != BACKFILL:
        steps.list_late.task(Run(dag_run["partition_key"]))


SAME_DAY = DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(hours=24), SyncCallback(tell_late))
"""Counted from the run's start, for a run without a logical date."""


@task(task_display_name="公示 notices", **ENGINE)
def notices(determined: object, *, dag_run: DagRun = GIVEN, params: Params = GIVEN) -> dict[str, Any]:
    """The ledger takes over the decision and opens notices; skipped in a backfill."""
    from stable_jobs.night import steps

    _never_in_backfill(dag_run)
    return steps.notices.task(run_of(dag_run, params), determined)


@task(task_display_name="可拨付 ready", outlets=[READY])
def ready(announced: Any, *, dag_run: DagRun = GIVEN, outlet_events: OutletEvents = GIVEN) -> dict[str, Any]:
    """Start disbursement; skipped where the ledger took over no region: newer nights are known."""
    _never_in_backfill(dag_run)
    if not announced["taken"]:
        raise AirflowSkipException("the ledger took over no region of this night: nothing to disburse")
    return measured(READY, outlet_events, announced)


def _never_in_backfill(dag_run: DagRun) -> None:
    """A backfill recomputes and compares; it promises nothing and pays nothing."""
    if is_backfill(dag_run):
        raise AirflowSkipException("a backfill writes nothing into the ledger")
