"""Another account for a returned payment: two people, and nothing that would stop a batch later."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from stable_jobs.disbursement.corrections import (
    Account,
    confirm,
    correct,
    waiting_correction,
    waiting_corrections,
)
from stable_jobs.errors import LedgerRefused, UsageError
from stable_jobs.ledger.event import ledger_event
from stable_jobs.settings import Settings
from tests.bank.answers.messages import lines
from tests.disbursement.bank_desk import NEXT, BankDesk, bank_desk, id_of, told
from tests.ledger.conftest import CODES, REGION, D, Night, unit
from tests.ledger.full import end_to_end

NUMBER = "6230999988887777666"
GOOD = Account(f"单位{CODES[0][-6:]}", NUMBER, "102791000015", "工商银行西安分行")


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
    own = replace(GOOD, account_name=f" 单位 {CODES[0][-6:]}", account_no="６２３０ 9999－8888 7777 666")
    number = correct(bank.settings, id_of(0), "王芳", own)

    (one,) = waiting(bank)
    assert (one.id, one.end_to_end_id, one.entered_by, one.is_own_name) == (number, id_of(0), "王芳", True)
    assert one.account == "*" * 15 + "7666"
    assert bank.states() == ["returned", "paid"]
    confirm(bank.settings, number, "李强", "6230 9999 8888 7777 666")

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
        confirm(bank.settings, number, person, NUMBER)

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
        pytest.param({"account_no": "622202E12"}, "account number", id="a power of ten"),
        pytest.param({"account_no": "62300012345.0"}, "account number", id="a float"),
        pytest.param({"account_no": "TRUE"}, "account number", id="no number at all"),
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
    with pytest.raises(LedgerRefused, match="event_hands_person_check"):
        correct(bank.settings, id_of(0), " ", GOOD)
    number = correct(bank.settings, id_of(0), "王芳", GOOD)
    with pytest.raises(LedgerRefused, match="event_hands_person_check"):
        confirm(bank.settings, number, "", NUMBER)


def test_a_confirmed_correction_waits_for_nobody(bank: BankDesk) -> None:
    number = correct(bank.settings, id_of(0), "王芳", GOOD)
    confirm(bank.settings, number, "李强", NUMBER)

    with bank.books.engine.connect() as connection, pytest.raises(LedgerRefused, match="waits for nobody"):
        waiting_correction(connection, number)
    with pytest.raises(LedgerRefused, match="waits for nobody"):
        confirm(bank.settings, number, "赵敏", NUMBER)


def test_an_account_is_not_shown_by_accident() -> None:
    assert NUMBER not in repr(GOOD)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("张三", id="a person's"),
        pytest.param("=1+1", id="a formula"),
        pytest.param(f"单位{CODES[1][-6:]}", id="another unit's"),
        pytest.param(f"单位\u200b{CODES[0][-6:]}", id="the unit's with a character that nobody sees"),
    ],
)
def test_a_firms_account_bears_the_firms_name(bank: BankDesk, name: str) -> None:
    with pytest.raises(
        LedgerRefused, match=f"not in the name of unit {CODES[0]}: only an individual"
    ) as caught:
        correct(bank.settings, id_of(0), "王芳", replace(GOOD, account_name=name))

    assert waiting(bank) == []
    assert name not in str(caught.value)


def test_the_database_refuses_another_name_too(bank: BankDesk) -> None:
    """Whatever program writes: nobody hands the number or the name to a file of the bank by a statement."""
    statement = """
        INSERT INTO account_corrections
            (payment_id, after_attempt, source, account_name, account_no, bank_code, entered_by)
        SELECT id, 1, 'person', '张三', '6230999988887777666', '102791000015', '王芳'
        FROM payments WHERE state = 'returned'
    """
    with (
        pytest.raises(LedgerRefused, match="not in the name of unit"),
        ledger_event(bank.books.engine, "deed", actor="李强") as event,
    ):
        event.connection.execute(text(statement))


def test_an_individual_business_may_have_its_owners_account(
    engine: Engine, settings_with_database: Settings
) -> None:
    bank = bank_desk(engine, settings_with_database)
    bank.instruct(1, legal_form="individual_business")
    bank.leave("1.csv", lines(told(0, "退票")))
    bank.take()
    number = correct(bank.settings, id_of(0), "王芳", replace(GOOD, account_name="张三"))

    (one,) = waiting(bank)
    assert not one.is_own_name
    confirm(bank.settings, number, "李强", NUMBER)
    assert bank.states() == ["corrected"]


def test_a_unit_that_became_a_firm_may_not(engine: Engine, settings_with_database: Settings) -> None:
    bank = bank_desk(engine, settings_with_database)
    bank.instruct(1, legal_form="individual_business")
    bank.leave("1.csv", lines(told(0, "退票")))
    bank.take()
    bank.books.apply(bank.night(1, NEXT, legal_form="enterprise", bank_code="102791000014"))

    with pytest.raises(LedgerRefused, match="not in the name of unit"):
        correct(bank.settings, id_of(0), "王芳", replace(GOOD, account_name="张三"))


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="nothing"),
        pytest.param("y", id="yes"),
        pytest.param("7666", id="what is shown of it"),
        pytest.param(NUMBER[:-1] + "7", id="another last figure"),
        pytest.param(NUMBER + "0", id="one figure more"),
    ],
)
def test_who_confirms_types_the_number_again(bank: BankDesk, typed: str) -> None:
    number = correct(bank.settings, id_of(0), "王芳", GOOD)

    with pytest.raises(LedgerRefused, match="the number typed is not the one") as caught:
        confirm(bank.settings, number, "李强", typed)

    assert bank.states() == ["returned", "paid"]
    assert NUMBER not in str(caught.value)


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("6230-9999-8888-7777-666", id="with hyphens"),
        pytest.param("６２３０９９９９８８８８７７７７６６６", id="full width"),
        pytest.param(" 6230 9999 8888 7777 666\n", id="in groups"),
    ],
)
def test_how_the_number_is_typed_does_not_matter(bank: BankDesk, typed: str) -> None:
    confirm(bank.settings, correct(bank.settings, id_of(0), "王芳", GOOD), "李强", typed)

    assert bank.states() == ["corrected", "paid"]


def test_the_database_takes_no_confirmation_without_the_number(bank: BankDesk) -> None:
    number = correct(bank.settings, id_of(0), "王芳", GOOD)

    with (
        pytest.raises(LedgerRefused, match="the number typed is not the one"),
        ledger_event(bank.books.engine, "deed", actor="李强") as event,
    ):
        event.connection.execute(
            text("INSERT INTO account_confirmations (correction_id, confirmed_by) VALUES (:id, '李强')"),
            {"id": number},
        )


@pytest.mark.parametrize(
    ("changed", "states"),
    [
        pytest.param(
            {"account_no": "6222-0002 0000.0001"}, ["returned"], id="the account in another writing"
        ),
        pytest.param({"account_no": "0006222000200000001"}, ["returned"], id="leading zeros"),
        pytest.param(
            {"account_name": f"单 位{CODES[0][-6:]}"}, ["returned"], id="the name in another writing"
        ),
        pytest.param({"account_no": "6222000200000002"}, ["corrected"], id="another account"),
        pytest.param({"bank_code": "102791000015"}, ["corrected"], id="another bank"),
    ],
)
def test_an_extract_corrects_by_another_account_only(
    engine: Engine, settings_with_database: Settings, changed: dict[str, str], states: list[str]
) -> None:
    bank = bank_desk(engine, settings_with_database)
    account = {"account_no": "6222000200000001"}
    first = Night(D, (unit(CODES[0], **account),), regions={REGION: {"working_days": 0}})
    bank.books.apply(first)
    bank.books.close(D)
    (batch,) = bank.books.form(first)
    bank.books.publish(batch, D)
    bank.books.answer([{"end_to_end_id": end_to_end(CODES[0]), "outcome": "returned"}])
    bank.books.apply(
        Night(NEXT, (unit(CODES[0], **(account | changed)),), regions={REGION: {"working_days": 0}})
    )

    assert bank.states() == states
