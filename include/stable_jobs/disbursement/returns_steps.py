"""The steps of a day of the bank's answers: taken as they come, published, and missed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from stable_jobs.disbursement import returns
from stable_jobs.disbursement.answer_lists import AnswerLists, publish_answers
from stable_jobs.disbursement.steps import list_waiting_again
from stable_jobs.night.alerts import tell_returns, tell_unanswered
from stable_jobs.night.context import NightContext
from stable_jobs.night.step import Result, step
from stable_jobs.settings import SHANGHAI, now

log = logging.getLogger(__name__)
UNTIL = time(20)
"""Of the business date, Asia/Shanghai: answers that come later belong to the next one."""


def is_over(business_date: date) -> bool:
    """Whether no more answers are awaited for the date."""
    return now() >= datetime.combine(business_date, UNTIL, SHANGHAI)


@dataclass(frozen=True)
class TakenAnswers(Result[dict[str, Any]]):
    """The result for each new file of the bank. is_over: the day has ended, so no more files are awaited."""

    files: tuple[returns.Ingested, ...]
    is_over: bool

    def tell(self, night: NightContext) -> None:
        """Each file or entry of the bank's folder that could not be read, into the log."""
        for one in self.files:
            if one.problem is not None:
                log.warning("%s: %s", one.file_name, one.problem)

    def as_json(self, night: NightContext) -> dict[str, Any]:
        """`files`, `applied` and `refused` rows; `is_over`."""
        return {
            "files": sum(one.sha256 is not None for one in self.files),
            "applied": sum(one.counts.applied for one in self.files),
            "refused": sum(one.counts.refused for one in self.files),
            "is_over": self.is_over,
        }


@step(logged="bank answers")
def take(night: NightContext) -> TakenAnswers:
    """Take each new file of the bank once."""
    return TakenAnswers(tuple(returns.take_answers(night)), is_over(night.business_date))


@dataclass(frozen=True)
class ListedAnswers(Result[dict[str, int]]):
    """The lists of answers that stand in the folders of the date."""

    lists: AnswerLists

    def tell(self, night: NightContext) -> None:
        """Each batch of which the bank returned something, and the rows that were refused."""
        lines = [
            f"{one.batch_no}: 退回 returned {one.returned.count} 笔, {one.returned.total} 元 yuan;"
            f" 已拨付 paid {one.paid.count}; 未答复 unanswered {one.unanswered.count}"
            for one in self.lists.batches
            if one.returned.count
        ]
        if self.lists.refused:
            said = f"银行答复中未采用 {self.lists.refused} 行 rows of the bank's answers were refused"
            lines.append(said)
        tell_returns(night, lines)

    def as_json(self, night: NightContext) -> dict[str, int]:
        """`batches` answered, lines `paid` and `returned` so far, rows `refused`, and payments that `wait`
        for another account."""
        batches = self.lists.batches
        return {
            "batches": len(batches),
            "paid": sum(one.paid.count for one in batches),
            "returned": sum(one.returned.count for one in batches),
            "refused": self.lists.refused,
            "wait": sum(one.count for one in self.lists.returned.values()),
        }


@step(logged="answered")
def lists(night: NightContext) -> ListedAnswers:
    """Publish the date's answers, and anew what waits where that stands already."""
    made = publish_answers(night)
    list_waiting_again(night)
    return ListedAnswers(made)


@dataclass(frozen=True)
class Unanswered(Result[dict[str, Any]]):
    """Batches with lines that the bank has not answered in time."""

    batches: tuple[returns.Unanswered, ...]

    def tell(self, night: NightContext) -> None:
        """Each of them. Nothing is sent again."""
        lines = [
            f"{one.batch_no}: {one.count} 笔 payments, {one.total} 元 yuan, 应于 due {one.due_on}"
            for one in self.batches
        ]
        tell_unanswered(night, lines)

    def as_json(self, night: NightContext) -> dict[str, Any]:
        """`batches`, `lines`, `total` (yuan)."""
        return {
            "batches": len(self.batches),
            "lines": sum(one.count for one in self.batches),
            "total": str(sum((one.total for one in self.batches), Decimal("0.00"))),
        }


@step()
def unanswered(night: NightContext) -> Unanswered:
    """The lines that the bank has not answered in time. Nothing is sent again."""
    return Unanswered(tuple(returns.unanswered(night)))
