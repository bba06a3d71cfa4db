"""The steps of disbursement as a scheduler's tasks: plain values in, ids and counts out.

A batch goes from task to task by its number and hash; whatever else a task needs it asks the ledger for.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from stable_jobs.errors import StepsMissing
from stable_jobs.night.tasks import Result, night_of, open_date, read_date

log = logging.getLogger(__name__)
ANSWERED_IN = "airflow"


def close(business_date: str | None) -> Result:
    """Close the notices that are due: units `cleared` and `waived`."""
    from stable_jobs.disbursement import steps as disbursement

    with night_of(business_date) as night:
        cleared, waived = disbursement.close_notices(night)
    return {"cleared": cleared, "waived": waived}


def form(business_date: str | None) -> list[dict[str, str]]:
    """Form batches; those that wait for people: `batch_no`, `batch_hash`."""
    from stable_jobs.disbursement import approval
    from stable_jobs.disbursement import steps as disbursement
    from stable_jobs.night.alerts import tell_awaiting

    with night_of(business_date) as night:
        batches = disbursement.form(night)
        waiting = approval.waiting_batches(night, batches)
        tell_awaiting(night, waiting)
    for batch in batches:
        log.info(
            "batch %s: %s units, %s yuan, level %s",
            batch.batch_no,
            batch.count,
            batch.total,
            batch.review_level,
        )
    return [{"batch_no": batch.batch_no, "batch_hash": batch.hash} for batch in waiting]


def request(business_date: str | None, batch_no: str, level: int) -> dict[str, Any] | None:
    """The question to the approvers of that level: `subject`, `body`, `people`; None if it is not asked."""
    from stable_jobs.disbursement import approval

    with open_date(business_date) as night:
        asked = approval.approval_request(night, batch_no, level, is_authenticated=True)
    return None if asked is None else asdict(asked)


def answer(
    business_date: str | None,
    batch_no: str,
    batch_hash: str,
    level: int,
    person: str,
    is_approved: bool,
    reason: str,
) -> None:
    """Put an answer into the ledger, whatever its reason looks like: Airflow took it and asks no more.

    LedgerRefused where the ledger does not take it from this person for these lines.
    """
    from stable_jobs.disbursement import approval

    with open_date(business_date) as night:
        approval.answer(night, batch_no, batch_hash, level, person, is_approved, reason, ANSWERED_IN)
    log.info("batch %s, level %s: the ledger has the answer of %s", batch_no, level, person)


def publish(business_date: str | None) -> Result:
    """Publish what has its approvals: `batches` of the date, of them `new`; their `units`, `total` (yuan)."""
    from stable_jobs.disbursement import steps as disbursement

    with night_of(business_date) as night:
        done = disbursement.publish(night)
    result = {
        "batches": len(done),
        "new": sum(one.is_new for one in done),
        "units": sum(one.batch.count for one in done),
        "total": str(sum((one.batch.total for one in done), Decimal("0.00"))),
    }
    log.info("published: %s", result)
    return result


def list_waiting(business_date: str | None) -> Result:
    """Publish what waits and why: `units`, `total` (yuan); `waived_lists` of regions whose year is over."""
    from stable_jobs.disbursement import steps as disbursement
    from stable_jobs.disbursement.waived import publish_waived
    from stable_jobs.night.alerts import tell_anchor

    with night_of(business_date) as night:
        found = disbursement.list_waiting(night)
        waived = publish_waived(night)
        tell_anchor(night)
    result = {
        "units": sum(count for count, _ in found.values()),
        "total": str(sum((yuan for _, yuan in found.values()), Decimal("0.00"))),
        "waived_lists": len(waived),
    }
    log.info("waiting: %s", result)
    return result


def finish(business_date: str | None, broken: Sequence[str]) -> None:
    """StepsMissing if steps of the disbursement did not succeed. What people left open is no failure."""
    on = read_date(business_date)
    if broken:
        raise StepsMissing(
            f"disbursement of {on}: steps did not succeed: {', '.join(broken)}; next: clear them,"
            " or leave it to the next run"
        )
