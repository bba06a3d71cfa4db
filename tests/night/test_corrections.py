"""Another account for a returned payment: two people, and nothing that would stop a batch later."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from stable_jobs.errors import LedgerRefused, UsageError
from stable_jobs.night.corrections import (
    Account,
    confirm,
    correct,
    waiting_correction,
    waiting_corrections,
)
from stable_jobs.settings import Settings
from tests.ledger.conftest import CODES
from tests.night.bank_desk import NEXT, BankDesk, bank_desk, id_of, told
from tests.payout.answers.messages import lines

NUMBER = "6230999988887777666"
GOOD = Account("某单位", NUMBER, "102791000015", "工商银行西安分行")


@pytest.fixture
def bank(engine: Engine, settings_with_database: Settings) -> BankDesk:
    """One payment came back, one was paid."""
    bank = bank_desk(engine, settings_with_database)
    bank.instruct(2)
    bank.leave("1.csv", lines(told(0, "退票"), told(1)))
    bank.take()
    return bank


def waiting(bank: BankDesk) -> list[Any]:
    with bank.books.engine.connect() as connection:
        return waiting_corrections(connection)


def test_two_people_correct_an_account_and_the_payment_goes_out_again(bank: BankDesk) -> None:
    own = replace(GOOD, account_name=f" 单位 {CODES[0][-6:]}", account_no="６２３０ 9999 8888 7777 666")
    number = correct(bank.settings, id_of(0), "王芳", own)

    (one,) = waiting(bank)
    assert (one.id, one.end_to_end_id, one.entered_by, one.is_own_name) == (number, id_of(0), "王芳", True)
    assert one.account == "*" * 15 + "7666"
    assert bank.states() == ["returned", "paid"]
    confirm(bank.settings, number, "李强")

    assert bank.states() == ["corrected", "paid"]
    assert waiting(bank) == []
    later = bank.night(2, NEXT)
    bank.books.apply(later)
    (batch,) = bank.books.form(later)
    query = "SELECT end_to_end_id, account_no, bank_name FROM payment_lines WHERE batch_id = :id"
    assert bank.books.ask(query, id=batch.id) == [(id_of(0, attempt=2), NUMBER, GOOD.bank_name)]
    people = bank.books.ask("SELECT person, deed FROM batch_preparers ORDER BY 1")
    assert people == [("李强", "account"), ("王芳", "account")]
    assert [body for (body,) in bank.books.ask("SELECT body FROM audit_events") if NUMBER in body] == []
    assert bank.books.breaks() == []


@pytest.mark.parametrize("person", ["王芳", " 王芳 "], ids=["the same", "the same with blanks"])
def test_nobody_confirms_their_own(bank: BankDesk, person: str) -> None:
    number = correct(bank.settings, id_of(0), "王芳", GOOD)

    with pytest.raises(LedgerRefused, match="another person"):
        confirm(bank.settings, number, person)

    assert bank.states() == ["returned", "paid"]


@pytest.mark.parametrize(
    "place",
    [pytest.param(1, id="paid"), pytest.param(7, id="never instructed")],
)
def test_only_what_was_returned_is_corrected(bank: BankDesk, place: int) -> None:
    with pytest.raises(LedgerRefused, match="is no returned payment"):
        correct(bank.settings, id_of(place), "王芳", GOOD)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        pytest.param({"bank_code": "102791000014"}, "--bank-code", id="check digit"),
        pytest.param({"bank_code": "102"}, "--bank-code", id="short bank code"),
        pytest.param({"account_no": ""}, "an empty one", id="no account number"),
        pytest.param({"account_no": "62/30"}, "account number", id="a sign in it"),
        pytest.param({"account_no": "6" * 35}, "account number", id="35 characters"),
        pytest.param({"account_name": "  "}, "an empty one", id="no name"),
        pytest.param({"account_name": "单\u0007位"}, "control characters", id="a control character"),
        pytest.param({"bank_name": "工\n行"}, "control characters", id="two lines in the bank's name"),
    ],
)
def test_what_no_bank_could_take_is_refused_at_once(
    bank: BankDesk, changed: dict[str, str], told: str
) -> None:
    account = replace(GOOD, **changed)

    with pytest.raises(UsageError, match=told) as caught:
        correct(bank.settings, id_of(0), "王芳", account)

    assert waiting(bank) == []
    assert not account.account_no or account.account_no not in str(caught.value)


def test_a_blank_person_is_nobody(bank: BankDesk) -> None:
    with pytest.raises(LedgerRefused, match="account_corrections_entered_by_check"):
        correct(bank.settings, id_of(0), " ", GOOD)
    number = correct(bank.settings, id_of(0), "王芳", GOOD)
    with pytest.raises(LedgerRefused, match="account_confirmations_confirmed_by_check"):
        confirm(bank.settings, number, "")


def test_a_confirmed_correction_waits_for_nobody(bank: BankDesk) -> None:
    number = correct(bank.settings, id_of(0), "王芳", GOOD)
    confirm(bank.settings, number, "李强")

    with bank.books.engine.connect() as connection, pytest.raises(LedgerRefused, match="waits for nobody"):
        waiting_correction(connection, number)
    with pytest.raises(LedgerRefused, match="waits for nobody"):
        confirm(bank.settings, number, "赵敏")


def test_an_account_is_not_shown_by_accident() -> None:
    assert NUMBER not in repr(GOOD)
