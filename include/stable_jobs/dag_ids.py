"""The ids by which Airflow knows our DAGs, and those of their tasks that something else looks at.

The DAG files, the plugins, the local run and the review pages name them from here.
"""

from __future__ import annotations

NIGHTLY = "nightly_eligibility"
DISBURSEMENT = "disbursement"
RETURNS = "payment_returns"

OWED = "owed"
"""Of each department's group: skipped where the department owes deliveries."""
DETERMINE = "determine"
COMPARE = "compare"
REPORT = "report"
READY = "ready"
LIST_WAITING = "list_waiting"
"""Of the disbursement: it runs whether or not people are asked."""
APPROVALS = {1: "review.first_approval", 2: "review.second_approval"}
"""Level → the task that asks the approvers of that level; one of them for each batch."""
