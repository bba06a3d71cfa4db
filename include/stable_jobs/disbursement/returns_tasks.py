"""The bank's answers as a scheduler's tasks: a date in, counts and yuan out."""

from __future__ import annotations

import logging
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from stable_jobs.night.tasks import Result, night_of
from stable_jobs.settings import SHANGHAI, now

if TYPE_CHECKING:
    from stable_jobs.disbursement.answer_lists import AnswerLists

log = logging.getLogger(__name__)
UNTIL = time(20)
"""Of the business date, Asia/Shanghai: answers that come later belong to the next one."""


def take(business_date: str | None) -> Result:
    """Take the bank's new files: `files`, `applied` and `refused` rows; `is_over` once the day is.

    What lies in the bank's folder and is no file is told at each look.
    """
    from stable_jobs.disbursement import returns

    with night_of(business_date) as night:
        taken = returns.take_answers(night)
        over = is_over(night.business_date)
    for one in taken:
        if one.problem is not None:
            log.warning("%s: %s", one.file_name, one.problem)
    result = {
        "files": sum(one.sha256 is not None for one in taken),
        "applied": sum(one.counts.applied for one in taken),
        "refused": sum(one.counts.refused for one in taken),
        "is_over": over,
    }
    log.info("bank answers: %s", result)
    return result


def is_over(business_date: date) -> bool:
    """Whether no more answers are awaited for the date."""
    return now() >= datetime.combine(business_date, UNTIL, SHANGHAI)


def lists(business_date: str | None) -> Result:
    """Publish the date's lists: `batches` answered, lines `paid` and `returned` so far, rows `refused`, and
    payments that `wait` for another account."""
    from stable_jobs.disbursement import answer_lists
    from stable_jobs.disbursement import steps as disbursement
    from stable_jobs.night import alerts

    with night_of(business_date) as night:
        made = answer_lists.publish_answers(night)
        disbursement.list_waiting_again(night)
        alerts.tell_returns(night, _trouble(made))
    result = {
        "batches": len(made.batches),
        "paid": sum(one.paid.count for one in made.batches),
        "returned": sum(one.returned.count for one in made.batches),
        "refused": made.refused,
        "wait": sum(one.count for one in made.returned.values()),
    }
    log.info("answered: %s", result)
    return result


def _trouble(made: AnswerLists) -> list[str]:
    """A line for each batch of which the bank returned something, and one for rows that were refused."""
    lines = [
        f"{one.batch_no}: 退回 returned {one.returned.count} 笔, {one.returned.total} 元 yuan;"
        f" 已拨付 paid {one.paid.count}; 未答复 unanswered {one.unanswered.count}"
        for one in made.batches
        if one.returned.count
    ]
    if made.refused:
        lines.append(f"银行答复中未采用 {made.refused} 行 rows of the bank's answers were refused")
    return lines


def unanswered(business_date: str | None) -> Result:
    """Tell of the lines that the bank has not answered in time: `batches`, `lines`, `total` (yuan).

    Nothing is sent again.
    """
    from stable_jobs.disbursement import returns
    from stable_jobs.night import alerts

    with night_of(business_date) as night:
        found = returns.unanswered(night)
        alerts.tell_unanswered(
            night,
            [
                f"{one.batch_no}: {one.count} 笔 payments, {one.total} 元 yuan, 应于 due {one.due_on}"
                for one in found
            ],
        )
    total = sum((one.total for one in found), Decimal("0.00"))
    return {"batches": len(found), "lines": sum(one.count for one in found), "total": str(total)}
