"""The bank's answers as a scheduler takes them: plain values, and who is told of what."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import Engine

from stable_jobs.disbursement import returns_tasks
from stable_jobs.errors import UsageError
from stable_jobs.settings import SHANGHAI, Settings
from tests.bank.answers.messages import lines
from tests.disbursement.bank_desk import BankDesk, D, bank_desk, told
from tests.night.small_night import handed_on, logged

DAY = D.isoformat()


@pytest.fixture
def bank(engine: Engine, settings_with_database: Settings, monkeypatch: pytest.MonkeyPatch) -> BankDesk:
    monkeypatch.setattr("stable_jobs.night.tasks.read_settings", lambda: settings_with_database)
    return bank_desk(engine, settings_with_database)


def said_of(kind: str, logs: list[str]) -> list[str]:
    return [line for line in logs if line.startswith(kind)]


def test_answers_are_taken_once_and_published(bank: BankDesk) -> None:
    bank.instruct(3)
    bank.leave("a.csv", lines(told(0), told(1, "退票", code="AC01", words="账号不存在")))
    taken = handed_on(returns_tasks.take(DAY))
    assert taken == {"files": 1, "applied": 2, "refused": 0, "is_over": True}
    assert returns_tasks.take(DAY) == {"files": 0, "applied": 0, "refused": 0, "is_over": True}
    with logged() as logs:
        published = handed_on(returns_tasks.lists(DAY))
    assert published == {"batches": 1, "paid": 1, "returned": 1, "refused": 0, "wait": 1}
    [line] = said_of("returns_arrived", logs)
    assert (
        "610100-20200519-L0-1: 退回 returned 1 笔, 101.00 元 yuan; 已拨付 paid 1; 未答复 unanswered 1" in line
    )


@pytest.mark.parametrize(
    ("answers", "kinds"),
    [
        pytest.param([told(0), told(1), told(2)], 0, id="all paid: nobody is told"),
        pytest.param([told(0, amount="1.00")], 1, id="a row is refused"),
    ],
)
def test_who_is_told_of_an_answer(bank: BankDesk, answers: list[str], kinds: int) -> None:
    bank.instruct(3)
    bank.leave("a.csv", lines(*answers))
    returns_tasks.take(DAY)
    with logged() as logs:
        returns_tasks.lists(DAY)
    assert len(said_of("returns_arrived", logs)) == kinds


def test_what_is_no_file_is_told_at_each_look(bank: BankDesk) -> None:
    (bank.answers / "610100.xml").mkdir()
    for _ in range(2):
        with logged() as logs:
            assert returns_tasks.take(DAY)["files"] == 0
        assert [line for line in logs if "expected a plain file" in line]


@pytest.mark.parametrize(
    ("day", "batches"),
    [
        pytest.param("2020-05-20", 0, id="the next day"),
        pytest.param("2020-06-30", 1, id="weeks later"),
    ],
)
def test_what_the_bank_does_not_answer(bank: BankDesk, day: str, batches: int) -> None:
    bank.instruct(2)
    with logged() as logs:
        found = handed_on(returns_tasks.unanswered(day))
    money = "201.00" if batches else "0.00"
    assert found == {"batches": batches, "lines": 2 * batches, "total": money}
    assert len(said_of("no_answer", logs)) == batches


@pytest.mark.parametrize(
    ("moment", "is_over"),
    [
        pytest.param(datetime(2020, 5, 19, 19, 59, 59, tzinfo=SHANGHAI), False, id="before eight"),
        pytest.param(datetime(2020, 5, 19, 20, tzinfo=SHANGHAI), True, id="at eight"),
        pytest.param(datetime(2020, 5, 20, tzinfo=SHANGHAI), True, id="a past date"),
        pytest.param(datetime(2020, 5, 18, 23, tzinfo=SHANGHAI), False, id="a date to come"),
    ],
)
def test_until_when_answers_are_awaited(
    monkeypatch: pytest.MonkeyPatch, moment: datetime, is_over: bool
) -> None:
    monkeypatch.setattr(returns_tasks, "now", lambda: moment)
    assert returns_tasks.is_over(D) is is_over


@pytest.mark.parametrize("step", ["take", "lists", "unanswered"])
def test_without_a_business_date_nothing_is_opened(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setenv("STABLE_JOBS_HOME", str(settings.home))
    with pytest.raises(UsageError, match="partition key"):
        getattr(returns_tasks, step)(None)
    assert not settings.home.exists()
