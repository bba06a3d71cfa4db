"""The steps of disbursement as a scheduler's tasks: plain values in, ids and counts out.

A batch goes from task to task by its number and hash; whatever else a task needs it asks the ledger for.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from stable_jobs.night.tasks import Result, night_of

log = logging.getLogger(__name__)


def close(business_date: str | None) -> Result:
    """Close the notices that are due: units `cleared` and `waived`."""
    from stable_jobs.night import disbursement

    with night_of(business_date) as desk:
        cleared, waived = disbursement.close_notices(desk)
    return {"cleared": cleared, "waived": waived}


def form(business_date: str | None) -> list[dict[str, str]]:
    """Form batches; those that wait for people: `batch_no`, `batch_hash`."""
    from stable_jobs.night import approval, disbursement
    from stable_jobs.night.alerts import tell_awaiting

    with night_of(business_date) as desk:
        batches = disbursement.form(desk)
        waiting = approval.waiting_batches(desk, batches)
        tell_awaiting(desk, waiting)
    for batch in batches:
        log.info("batch %s: %s units, %s yuan, level %s", batch.batch_no, batch.count, batch.total, batch.review_level)
    return [{"batch_no": batch.batch_no, "batch_hash": batch.hash} for batch in waiting]


def request(business_date: str | None, batch_no: str, level: int) -> dict[str, Any] | None:
    """The question to the approvers of that level: `subject`, `body`, `people`; None if it is not asked."""
    from stable_jobs.night import approval
    from stable_jobs.night.desk import open_desk
    from stable_jobs.night.tasks import read_date
    from stable_jobs.settings import Settings

    with open_desk(Settings(), read_date(business_date)) as desk:
        asked = approval.approval_request(desk, batch_no, level)
    return None if asked is None else asdict(asked)


def answer(
    business_date: str | None, batch_no: str, batch_hash: str, level: int, person: str, is_approved: bool, reason: str
) -> None:
    """Put a person's answer into the ledger. LedgerRefused where it does not count."""
    from stable_jobs.night import approval
    from stable_jobs.night.desk import open_desk
    from stable_jobs.night.tasks import read_date
    from stable_jobs.settings import Settings

    with open_desk(Settings(), read_date(business_date)) as desk:
        approval.answer(desk, batch_no, batch_hash, level, person, is_approved, reason, "airflow")


def publish(business_date: str | None) -> Result:
    """Publish what has its approvals: `batches` of the date, of them `new`, their `units` and `total` (yuan)."""
    from stable_jobs.night import disbursement

    with night_of(business_date) as desk:
        done = disbursement.publish(desk)
    result = {
        "batches": len(done),
        "new": sum(one.is_new for one in done),
        "units": sum(one.batch.count for one in done),
        "total": str(sum((one.batch.total for one in done), Decimal("0.00"))),
    }
    log.info("published: %s", result)
    return result


def list_waiting(business_date: str | None) -> Result:
    """Publish what waits and why: `units` and `total` (yuan)."""
    from stable_jobs.night import disbursement

    with night_of(business_date) as desk:
        found = disbursement.list_waiting(desk)
    units = sum(count for count, _ in found.values())
    return {"units": units, "total": str(sum((yuan for _, yuan in found.values()), Decimal("0.00")))}
