"""What a night promises once it has decided: notices, disbursement, an answer on the same day."""

from __future__ import annotations

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
from stable_jobs_wiring import BACKFILL, ENGINE, measured, tonight

READY = Asset("eligibility_ready", "stable-jobs://eligibility-ready", group="stable-jobs")
"""A night that the ledger took over: what disbursement starts from."""


def tell_late(context: Any) -> None:
    """A deadline's callback, run by the executor: of which regions the same-day promise is broken."""
    from stable_jobs.night import tasks

    if context["dag_run"]["run_type"] != BACKFILL:
        tasks.late(context["dag_run"]["partition_key"])


SAME_DAY = DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(hours=24), SyncCallback(tell_late))
"""Counted from the run's start, for a run without a logical date."""


@task(task_display_name="公示 notices", **ENGINE)
def notices(determined: dict[str, Any], **context: Any) -> dict[str, Any]:
    """The ledger takes over the decision and opens notices; skipped in a backfill."""
    _never_in_backfill(context)
    return dict(tonight("notices", context, determined))


@task(task_display_name="可拨付 ready", outlets=[READY])
def ready(announced: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Start disbursement; skipped where the ledger took over no region: newer nights are known."""
    _never_in_backfill(context)
    if not announced["taken"]:
        raise AirflowSkipException("the ledger took over no region of this night: nothing to disburse")
    return measured(READY, context, announced)


def _never_in_backfill(context: Any) -> None:
    """A backfill recomputes and compares; it promises nothing and pays nothing."""
    if context["dag_run"].run_type == BACKFILL:
        raise AirflowSkipException("a backfill writes nothing into the ledger")
