"""The list of what waits: the newest one says the truth, also where nothing waits any more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from stable_jobs.disbursement import steps as disbursement
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.proposals import accept_account
from stable_jobs.settings import Settings
from tests.bank.answers.messages import lines
from tests.disbursement.bank_desk import NEXT, BankDesk, D, bank_desk, id_of, read_list, told
from tests.ledger.conftest import Night

LATER = date(2020, 5, 21)
WAITS = "等待事项 Waits for"


class Waiting:
    """A bank's desk on which the night's units are those of the test."""

    def __init__(self, bank: BankDesk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bank, self.patch = bank, monkeypatch
        monkeypatch.setattr(disbursement, "decision_to_pay", lambda desk: object())

    def night(self, on: date, count: int = 1, **changed: Any) -> Night:
        night = self.bank.night(count, on)
        units = tuple(unit | changed for unit in night.units)
        night = Night(on, units, regions=night.regions)
        self.bank.books.apply(night)
        return night

    def say(self, *rows: str) -> None:
        self.bank.leave(f"{len(list(self.bank.answers.iterdir()))}.csv", lines(*rows))
        self.bank.take()

    def listed(self, night: Night) -> Mapping[str, tuple[int, Decimal]]:
        fill = self.bank.books.fill
        self.patch.setattr(
            disbursement, "fill_night", lambda desk, connection, decision: fill(connection, night)
        )
        with self.bank.at(night.on) as desk:
            return disbursement.list_waiting(desk).regions

    def newest(self, on: date) -> list[dict[str, str]]:
        folder = self.bank.out / on.isoformat() / "610100" / "waiting"
        return read_list(max(folder.glob("waiting*.csv"), key=place_of))

    def waits_for(self, night: Night) -> str:
        self.listed(night)
        (row,) = self.newest(night.on)
        return row[WAITS].rpartition(" ")[0].partition(" ")[2] + " " + row[WAITS].rpartition(" ")[2]


def place_of(path: Path) -> int:
    number = path.name.removeprefix("waiting.").removesuffix("csv").strip(".")
    return int(number or 1)


@pytest.fixture
def waiting(engine: Engine, settings_with_database: Settings, monkeypatch: pytest.MonkeyPatch) -> Waiting:
    return Waiting(bank_desk(engine, settings_with_database), monkeypatch)


def test_a_list_that_became_empty_is_published_empty(waiting: Waiting) -> None:
    books = waiting.bank.books
    books.assign(("first", 1))
    night = waiting.night(D, 2, review_level=1)
    books.close(D)
    (batch,) = books.form(night)
    assert waiting.listed(night) == {"610100": (2, Decimal("201.00"))}
    assert len(waiting.newest(D)) == 2
    books.approve(batch, 1, "first")
    books.publish(batch, D)

    assert waiting.listed(night) == {}

    assert waiting.newest(D) == []
    assert waiting.listed(night) == {}
    assert len(list((waiting.bank.out / "2020-05-19/610100/waiting").glob("waiting*.csv"))) == 2
    assert books.breaks() == []


def test_the_list_of_a_date_stays_when_a_newer_night_came(waiting: Waiting) -> None:
    night = waiting.night(D, 2, review_level=1)
    waiting.bank.books.close(D)
    waiting.bank.books.form(night)
    waiting.listed(night)
    waiting.night(NEXT, 1)

    assert waiting.listed(night) == {}

    assert len(waiting.newest(D)) == 2


def test_a_top_up_waits_for_the_result_of_the_payment_before(waiting: Waiting) -> None:
    waiting.bank.instruct(1)
    night = waiting.night(NEXT, entitlement=Decimal("150.00"))

    assert waiting.listed(night) == {"610100": (1, Decimal("50.00"))}

    (row,) = waiting.newest(NEXT)
    assert row["金额（元） Amount (yuan)"] == "50.00"
    assert row["说明 Detail"] == id_of(0)
    assert "the bank's result of the payment before it" in row[WAITS]


@pytest.mark.parametrize("amount", ["100.00", "60.00"])
def test_what_follows_a_return_says_what_it_waits_for(waiting: Waiting, amount: str) -> None:
    waiting.bank.instruct(1)
    waiting.say(told(0, "退票", code="AC04", words="账户已销户"))
    same = waiting.night(NEXT, entitlement=Decimal(amount))
    waiting.bank.books.close(NEXT)
    assert waiting.bank.books.form(same) == []
    expected = "a corrected account" if amount == "100.00" else "another account than the one that failed"
    assert expected in waiting.waits_for(same)
    other = waiting.night(LATER, entitlement=Decimal(amount), account_no="6230999988887777")
    assert waiting.bank.books.form(other) == []
    assert "a person's word on the account that followed a return" in waiting.waits_for(other)
    (row,) = waiting.newest(LATER)
    assert row["说明 Detail"] == f"stable-jobs returns accept-account {id_of(0)}"
    with ledger_event(waiting.bank.books.engine, "account accepted", actor="王芳") as event:
        accept_account(event, id_of(0), "问过单位", "王芳")
    assert len(waiting.bank.books.form(other)) == 1


def test_what_the_bank_contradicts_itself_about_waits_for_two_people(waiting: Waiting) -> None:
    waiting.bank.instruct(1)
    waiting.say(told(0, "退票"))
    waiting.say(told(0))
    night = waiting.night(NEXT, entitlement=Decimal("160.00"))
    waiting.bank.books.close(NEXT)
    assert waiting.bank.books.form(night) == []

    assert "two people's word on what the bank contradicts itself about" in waiting.waits_for(night)


def test_a_rejected_file_waits_for_the_next_batch(waiting: Waiting) -> None:
    waiting.bank.instruct(1)
    waiting.say(told(0, "失败", words="文件格式错误"))

    assert "the batch of the next night" in waiting.waits_for(waiting.bank.night(1))
