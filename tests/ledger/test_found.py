"""Sequences that once went wrong, as short as they can be. The state machine found them, or should have."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.returns import confirm_account, enter_account
from stable_jobs.ledger.rulings import rule_on_refund
from tests.ledger.conftest import CODES, REGION, Books, Night, refund, unit
from tests.ledger.full import accept, end_case

A = CODES[0]
DAYS = [date(2020, 5, 11) + timedelta(days=n) for n in range(6)]
ONE, TWO = f"20-{REGION}-{A}-01-01", f"20-{REGION}-{A}-01-02"
AT_ONCE = {REGION: {"working_days": 0}}


def night(day: int, *units: dict[str, Any], **more: Any) -> Night:
    return Night(DAYS[day], units, regions=AT_ONCE, **more)


def disburse(books: Books, of: Night) -> int:
    """Close, form and publish; how many lines went out."""
    books.close(of.on)
    formed = books.form(of)
    for batch in formed:
        books.publish(batch, of.on)
    return sum(batch.count for batch in formed)


def answered(books: Books, end_to_end_id: str, outcome: str) -> None:
    books.answer([{"end_to_end_id": end_to_end_id, "outcome": outcome}], name=end_to_end_id)


def correct(books: Books, end_to_end_id: str, account_no: str) -> None:
    """Two people give another account."""
    account = {"account_name": f"单位{A[-6:]}", "account_no": account_no, "bank_code": "1", "bank_name": "乙"}
    with ledger_event(books.engine, "account", actor="one") as event:
        number = enter_account(event, end_to_end_id, "one", **account)
    with ledger_event(books.engine, "account", actor="two") as event:
        confirm_account(event, number, "two", account_no)


def sent(books: Books, outcome: str) -> None:
    """A's 100 yuan went out on the first day, with that answer."""
    first = night(0, unit(A))
    books.apply(first)
    disburse(books, first)
    if outcome:
        answered(books, ONE, outcome)


def amounts(books: Books) -> list[tuple[str, Decimal]]:
    return books.ask("SELECT state, amount FROM payments ORDER BY ordinal")


def test_a_lowered_amount_reaches_a_payment_that_comes_back_on_the_same_night(books: Books) -> None:
    sent(books, "")
    lower = night(1, unit(A, entitlement=Decimal(60)))
    books.apply(lower)
    answered(books, ONE, "returned")
    correct(books, ONE, "99")
    assert disburse(books, lower) == 0
    books.apply(replace(lower, on=DAYS[2]))
    assert amounts(books) == [("withdrawn", Decimal(100)), ("on_notice", Decimal(60))]


def test_a_ruling_reaches_a_payment_that_is_ready_on_the_same_night(books: Books) -> None:
    sent(books, "paid")
    higher = unit(A, entitlement=Decimal(150))
    books.apply(night(1, higher))
    books.close(DAYS[1])
    doubtful = night(2, higher, refunds=(refund(A),))
    books.apply(doubtful)
    with ledger_event(books.engine, "ruling", actor="officer") as event:
        rule_on_refund(event, 1, "outside", "checked", "officer")
    assert disburse(books, doubtful) == 0
    books.apply(replace(doubtful, on=DAYS[3]))
    assert amounts(books) == [("paid", Decimal(100)), ("withdrawn", Decimal(50))]


def test_nothing_goes_out_while_it_is_unknown_what_finance_paid(books: Books) -> None:
    books.apply(night(0, unit(A)))
    unknown = night(1, unit(A, is_paid_known=False))
    books.apply(unknown)
    assert disburse(books, unknown) == 0


def test_a_night_ends_the_batches_that_it_does_not_bear_out(books: Books) -> None:
    first = night(0, unit(A))
    books.apply(first)
    books.close(DAYS[0])
    (batch,) = books.form(first)
    books.apply(night(1, unit(A, account_no="99")))
    with pytest.raises(LedgerRefused, match="voided cannot become published"):
        books.publish(batch, DAYS[1])


def test_a_decision_that_another_one_replaced_forms_and_voids_nothing(books: Books) -> None:
    replaced = night(0, unit(A, account_no="99"))
    books.apply(replaced)
    first = night(0, unit(A))
    books.apply(first)
    books.close(DAYS[0])
    (batch,) = books.form(first)
    assert books.form(replaced) == []
    books.publish(batch, DAYS[0])


def test_nothing_goes_again_to_the_account_that_failed(books: Books) -> None:
    sent(books, "returned")
    books.apply(night(1, unit(A, account_no="99")))
    assert books.ask("SELECT state FROM payments") == [("corrected",)]
    back = night(2, unit(A))
    books.apply(back)
    assert disburse(books, back) == 0
    again = night(3, unit(A, account_no="99"))
    books.apply(again)
    assert disburse(books, again) == 0
    accept(books, ONE)
    assert disburse(books, again) == 1


def test_an_account_is_corrected_by_the_last_attempt_only(books: Books) -> None:
    sent(books, "returned")
    correct(books, ONE, "99")
    second = night(1, unit(A))
    books.apply(second)
    assert disburse(books, second) == 1
    answered(books, TWO, "returned")
    with pytest.raises(LedgerRefused, match="is no returned payment"):
        correct(books, ONE, "98")
    correct(books, TWO, "98")


def test_an_entitlement_of_nothing_is_a_recovery_case_too(books: Books) -> None:
    sent(books, "paid")
    for day in (1, 2):
        books.apply(night(day, unit(A, entitlement=Decimal(0))))
        assert books.ask("SELECT amount FROM recovery_cases") == [(Decimal(100),)]
    assert books.breaks() == []


@pytest.mark.parametrize(
    ("then", "is_dropped"),
    [
        pytest.param((), True, id="gone"),
        pytest.param((unit(A, decision="ineligible", reasons="active"),), True, id="closed"),
        pytest.param(
            (unit(A, decision="ineligible", reasons="layoff_rate", is_revoked=True),),
            True,
            id="never was eligible",
        ),
        pytest.param(
            (unit(A, decision="ineligible", reasons="layoff_rate", is_revoked=True),),
            False,
            id="never was eligible, nobody has closed the case",
        ),
    ],
)
def test_what_finance_takes_back_from_its_report_stops_no_night_and_pays_nobody(
    books: Books, then: tuple[dict[str, Any], ...], is_dropped: bool
) -> None:
    """130 paid beside 100 that were due: 30 to recover. Then finance reports nothing and the unit is out."""
    books.apply(night(0, unit(A), refunds=(refund(A, amount=Decimal(130)),)))
    assert books.ask("SELECT amount FROM recovery_cases") == [(Decimal(30),)]
    if is_dropped:
        end_case(books, 1, "dropped")
    books.apply(night(1, *([unit(A)] if is_dropped else then)))
    last = night(2, *then)
    books.apply(last)
    assert disburse(books, last) == 0
    assert books.ask("SELECT state FROM payments WHERE state <> 'withdrawn'") == []
    assert books.breaks() == []
