"""The task in which a person answers for a batch. Whether the answer counts, the ledger decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context, Param
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    TaskAwaitingInput,
)
from airflow.sdk.execution_time.hitl import HITLUser
from stable_jobs_wiring import run_of

from stable_jobs.errors import LedgerRefused
from stable_jobs.settings import now

ASKED_FOR = timedelta(hours=20)
"""From the run's start: over before the next night asks the same again."""
REASON = (
    "理由（不同意时请写明），不超过 500 字，不得写账号。"
    " Why; please say so if you reject. At most 500 characters are kept; never write an account number."
)
LATE = "not answered in time: the batch stays open and the next run asks again"


class BatchApproval(ApprovalOperator):
    """Ask the approvers of one level for one batch; done at once where the ledger has no such question.

    Waits without a slot. Rejecting is an answer too: the task succeeds and the ledger ends the batch. After
    an answer that the ledger refuses (the same person twice, other lines) the same try asks again.
    """

    template_fields = ("batch_no", "batch_hash")

    def __init__(self, *, level: int, batch_no: str, batch_hash: str, **kwargs: Any) -> None:
        reason = Param("", type="string", maxLength=500, title="理由 Reason", description=REASON)
        super().__init__(subject="", params={"reason": reason}, **kwargs)
        self.level, self.batch_no, self.batch_hash = level, batch_no, batch_hash

    def execute(self, context: Context) -> None:
        """Put the question as the ledger words it now; what it says of others' text is never a template."""
        from stable_jobs.disbursement import steps

        asked = steps.request.task(run_of(context["dag_run"]), self.batch_no, self.level)
        if asked is None:
            self.log.info("%s: nobody needs to be asked at level %s", self.batch_no, self.level)
            return
        if not asked["people"]:
            raise AirflowFailException(
                f"nobody is assigned as approver {self.level} for {self.batch_no}: `stable-jobs approver add`"
                " assigns somebody, then clear this task; or the next run asks again"
            )
        self.subject, self.body = asked["subject"], asked["body"]
        self.assigned_users = [HITLUser(id=person, name=person) for person in asked["people"]]
        self.response_timeout = _time_left(context)
        try:
            super().execute(context)
        except TaskAwaitingInput as waits:
            waits.kwargs = {"asked": [self.batch_no, self.batch_hash]}
            raise

    def execute_complete(
        self, context: Context, event: dict[str, Any], asked: tuple[str, str] | None = None
    ) -> None:
        """Record the answer for the lines that were asked about; ask again where the ledger refuses it.

        asked: batch and hash of the question, as this task kept them with Airflow when it began to wait.
        The result of the task before is rendered again by now, and somebody may have edited it meanwhile.
        """
        from stable_jobs.disbursement import steps

        if event.get("error_type") == "timeout":
            raise AirflowSkipException(LATE)
        if asked is None:
            raise AirflowException("the question does not say which batch it is about; it is asked again")
        given = super(ApprovalOperator, self).execute_complete(context, event)
        person, is_approved = given["responded_by_user"]["name"], given["chosen_options"] == [self.APPROVE]
        reason = (event["params_input"] or {}).get("reason") or ""
        run = run_of(context["dag_run"])
        try:
            steps.answer.task(run, *asked, self.level, person, is_approved, reason)
            return
        except LedgerRefused as refused:
            self.log.warning(
                "the answer of %s does not count, the question is asked again: %s", person, refused
            )
        self.execute(context)

    def validate_params_input(self, params_input: Any) -> None:
        """Whatever form Airflow took is an answer: a try that failed on it here would lose it in silence."""


def _time_left(context: Context) -> timedelta:
    """Until the question is over, from now."""
    left = ASKED_FOR - (now() - (context["dag_run"].start_date or now()))
    if left <= timedelta(0):
        raise AirflowSkipException(LATE)
    return timedelta(seconds=left.total_seconds())
