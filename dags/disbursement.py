"""From a night's decision to payment files: checked again, approved, published. See the page beside."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import PartitionedAssetTimetable, TriggerRule, dag, task, task_group
from airflow.sdk.types import DagRunProtocol as DagRun
from stable_jobs_approval import BatchApproval
from stable_jobs_handover import READY
from stable_jobs_wiring import DEFAULTS, ENGINE, GIVEN, run_of

from stable_jobs.dag_ids import DISBURSEMENT

WHATEVER: dict[str, Any] = {"trigger_rule": TriggerRule.ALL_DONE, **ENGINE}


@task(task_display_name="公示期满 close", **ENGINE)
def close(*, dag_run: DagRun = GIVEN) -> dict[str, int]:
    """Close the notices that are due."""
    from stable_jobs.disbursement import steps

    return steps.close_notices.task(run_of(dag_run))


@task(task_display_name="组批 form", **ENGINE)
def form(*, dag_run: DagRun = GIVEN) -> list[dict[str, str]]:
    """Check again and form batches; hand on those that wait for people."""
    from stable_jobs.disbursement import steps

    return steps.form.task(run_of(dag_run))


@task(task_display_name="发布 publish", **WHATEVER)
def publish(about: str, *, dag_run: DagRun = GIVEN) -> dict[str, Any]:
    """Publish what the ledger has all approvals for, whatever the tasks before it say. about: for the eye."""
    from stable_jobs.disbursement import steps

    return steps.publish.task(run_of(dag_run))


@task(task_display_name="未拨付 waiting", **WHATEVER)
def list_waiting(*, dag_run: DagRun = GIVEN) -> dict[str, Any]:
    """Publish what did not go out, and why."""
    from stable_jobs.disbursement import steps

    return steps.list_waiting.task(run_of(dag_run))


@task_group(group_display_name="审批 review")
def review(batch_no: str, batch_hash: str) -> None:
    """One batch: asked, asked a second person where the policy says so, published as soon as it may be."""
    about = {"batch_no": batch_no, "batch_hash": batch_hash, "map_index_template": "{{ task.batch_no }}"}
    names = ("first_approval", "初审 first approval"), ("second_approval", "复审 second approval")
    first, second = (
        BatchApproval(task_id=task_id, task_display_name=name, level=level, **about)
        for level, (task_id, name) in enumerate(names, start=1)
    )
    first >> second >> publish.override(map_index_template="{{ task.op_kwargs['about'] }}")(about=batch_no)


@dag(
    dag_id=DISBURSEMENT,
    dag_display_name="资金拨付 Disbursement",
    description="Every decided night: notices closed, batches formed, approved and published",
    doc_md=str(Path(__file__).with_suffix(".md")),
    schedule=PartitionedAssetTimetable(assets=READY),
    allowed_run_types=["asset_triggered"],  # type: ignore[list-item]  # the enum's values; the SDK has no enum
    catchup=False,
    max_active_runs=32,
    dagrun_timeout=timedelta(hours=28),
    default_args=DEFAULTS,
    tags=["stable-jobs", "稳岗返还", "disbursement"],
)
def disbursement() -> None:
    """One business date; who waits for people holds up nobody else."""
    closed, formed = close(), form()
    at_once = publish.override(task_id="publish_unreviewed", trigger_rule=TriggerRule.ALL_SUCCESS)
    unreviewed, reviewed = at_once(about="无需审批 unreviewed"), review.expand_kwargs(formed)
    waiting, left = list_waiting(), list_waiting.override(task_id="list_left")()
    finish = EmptyOperator(
        task_id="finish",
        task_display_name="收尾 finish",
        doc_md="The run's colour: red if a step that forms or publishes failed, whatever people did.",
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    closed >> formed >> unreviewed >> waiting
    [waiting, reviewed] >> left
    [closed, formed, unreviewed, waiting, reviewed, left] >> finish


disbursement()
