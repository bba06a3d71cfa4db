"""From a night's decision to payment files: checked again, approved, published. See the page beside."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import PartitionedAssetTimetable, TriggerRule, dag, task, task_group
from stable_jobs_approval import BatchApproval
from stable_jobs_handover import READY
from stable_jobs_wiring import DEFAULTS, ENGINE, disbursing, not_succeeded

WHATEVER: dict[str, Any] = {"trigger_rule": TriggerRule.ALL_DONE, **ENGINE}
STEPS = ["close", "form", "publish_unreviewed", "list_waiting", "review.publish", "list_left"]


@task(task_display_name="公示期满 close", **ENGINE)
def close(**context: Any) -> dict[str, Any]:
    """Close the notices that are due."""
    return dict(disbursing("close", context))


@task(task_display_name="组批 form", **ENGINE)
def form(**context: Any) -> list[dict[str, str]]:
    """Check again and form batches; hand on those that wait for people."""
    return list(disbursing("form", context))


@task(task_display_name="发布 publish", **WHATEVER)
def publish(about: str, **context: Any) -> dict[str, Any]:
    """Publish what the ledger has all approvals for, whatever the tasks before it say. about: for the eye."""
    return dict(disbursing("publish", context))


@task(task_display_name="未拨付 waiting", **WHATEVER)
def list_waiting(**context: Any) -> dict[str, Any]:
    """Publish what did not go out, and why."""
    return dict(disbursing("list_waiting", context))


@task(task_display_name="收尾 finish", trigger_rule=TriggerRule.ALL_DONE)
def finish(**context: Any) -> None:
    """Red if one of the steps that form or publish did not succeed. What people did or did not is not red."""
    disbursing("finish", context, not_succeeded(context, STEPS))


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
    formed = form()
    at_once = publish.override(task_id="publish_unreviewed", trigger_rule=TriggerRule.ALL_SUCCESS)
    waiting, left = list_waiting(), list_waiting.override(task_id="list_left")()
    close() >> formed >> at_once(about="无需审批 unreviewed") >> waiting
    [waiting, review.expand_kwargs(formed)] >> left >> finish()


disbursement()
