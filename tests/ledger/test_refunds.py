"""What finance reports: ours by its reference, in doubt if it could be ours, else paid outside. Each once."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from stable_jobs import acts
from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import proposals, rulings
from tests.ledger.conftest import CODES, Books, Night, refund, unit
from tests.ledger.full import CLEARED, LAST, LATER, NOW, accept, end_to_end, formed, person

A, B = CODES[:2]
OURS = end_to_end(A)


@pytest.fixture
def paid(books: Books) -> Books:
    """A has had 100 yuan from us, B nothing yet."""
    books.publish(formed(books, unit(A)), CLEARED)
    books.answer([{"end_to_end_id": OURS, "outcome": "paid"}])
    return books


def rule(books: Books, ruling: str, name: str = "wang") -> None:
    person(books, name, rulings.rule_on_refund, 1, ruling, "asked finance", name)


def standings(books: Books) -> list[tuple[str]]:
    return books.ask("SELECT standing FROM reported_refunds ORDER BY id")


def outside(books: Books) -> list[tuple[str, str]]:
    query = "SELECT right(uscc, 6), outside_amount FROM entitlements WHERE outside_amount > 0 ORDER BY 1"
    return [(code, str(amount)) for code, amount in books.ask(query)]


@pytest.mark.parametrize(
    ("row", "standing", "paid_outside"),
    [
        pytest.param(refund(A, payment_reference=OURS), [("ours",)], [], id="ours by reference"),
        pytest.param(refund(A, payment_reference=OURS, scheme="difficult"), [("ours",)], [], id="any scheme"),
        pytest.param(refund(A, payment_reference=OURS, amount=Decimal(99)), [("differs",)], [], id="less"),
        pytest.param(refund(A), [("doubtful",)], [], id="no reference and equal"),
        pytest.param(refund(A, scheme="difficult"), [], [(A[-6:], "100.00")], id="another scheme"),
        pytest.param(refund(A, amount=Decimal("99.99")), [], [(A[-6:], "99.99")], id="a fen less"),
        pytest.param(refund(A, payment_reference="x"), [], [(A[-6:], "100.00")], id="another's reference"),
        pytest.param(
            refund(B, payment_reference=OURS), [], [(B[-6:], "100.00")], id="our reference of another unit"
        ),
        pytest.param(refund(A, policy_year=2019), [], [], id="another year's money"),
        pytest.param(
            refund(A, policy_year=2019, payment_reference=OURS), [], [], id="our reference with another year"
        ),
    ],
)  # fmt: skip
def test_a_reported_refund(
    paid: Books, row: dict[str, Any], standing: list[tuple[str]], paid_outside: list[tuple[str, str]]
) -> None:
    more = (unit(A, entitlement=Decimal(500)), unit(B, entitlement=Decimal(500)))
    paid.decide(*more, on=LATER, refunds=(row,))
    assert standings(paid) == standing
    assert outside(paid) == paid_outside
    assert paid.breaks() == []


def test_two_rows_of_a_unit_add_up(paid: Books) -> None:
    rows = (refund(A, amount=Decimal(10)), refund(A, amount=Decimal(20), voucher_no="V2"))
    paid.decide(unit(A, entitlement=Decimal(500)), on=LATER, refunds=rows)
    assert outside(paid) == [(A[-6:], "30.00")]


def test_doubt_stops_the_unit_until_a_person_rules(paid: Books) -> None:
    more = (unit(A, entitlement=Decimal(150)), unit(B))
    paid.decide(*more, on=LATER, refunds=(refund(A),))
    assert sorted(paid.states()) == [f"{A[-6:]}.1", f"{B[-6:]}.1"]
    rule(paid, "same")
    paid.decide(*more, on=LAST, refunds=(refund(A),))
    assert f"{A[-6:]}.2" in paid.states()
    assert paid.breaks() == []


def test_ruled_outside_the_surplus_is_a_recovery_case(paid: Books) -> None:
    for on in (LATER, LAST):
        paid.decide(unit(A), on=on, refunds=(refund(A),))
        if on == LATER:
            rule(paid, "outside")
    assert paid.ask("SELECT amount FROM recovery_cases") == [(Decimal("100.00"),)]
    assert paid.breaks() == []


def test_next_years_voucher_may_bear_the_same_number(paid: Books) -> None:
    paid.decide(unit(A), on=LATER, refunds=(refund(A, payment_reference=OURS),))
    later = date(2021, 5, 11)
    row = refund(A, policy_year=2021, paid_date=later, amount=Decimal(30))
    paid.decide(unit(A), on=later, refunds=(row,))
    assert paid.ask("SELECT policy_year, outside_amount FROM entitlements ORDER BY 1") == [
        (2020, Decimal("0.00")),
        (2021, Decimal("30.00")),
    ]
    assert paid.ask("SELECT amount FROM payments ORDER BY id") == [(Decimal("100.00"),), (Decimal("70.00"),)]


def test_a_voucher_that_names_another_unit_now_counts_for_that_one(paid: Books) -> None:
    paid.decide(unit(A), unit(B), on=LATER, refunds=(refund(A, payment_reference=OURS, voucher_no="V1"),))
    paid.decide(unit(A), unit(B), on=LAST, refunds=(refund(B, amount=Decimal(30), voucher_no="V1"),))
    assert outside(paid) == [(B[-6:], "30.00")]


def test_a_refund_of_a_held_region_is_not_looked_at(paid: Books) -> None:
    held = Night(LATER, (), refunds=(refund(A),), regions={"610100": {"is_suspended": True}})
    paid.apply(held)
    assert standings(paid) == []


@pytest.mark.parametrize(
    ("number", "ruling", "word"),
    [
        pytest.param(9, "same", "refund 9 is not in doubt: `stable-jobs refund list`", id="unknown"),
        pytest.param(1, "perhaps", "refund_rulings_ruling_check", id="neither"),
    ],
)
def test_a_ruling_is_refused(paid: Books, number: int, ruling: str, word: str) -> None:
    paid.decide(unit(A), on=LATER, refunds=(refund(A),))
    with pytest.raises(LedgerRefused, match=word):
        person(paid, "wang", rulings.rule_on_refund, number, ruling, "x", "wang")


def test_a_refund_that_is_ours_is_not_ruled_on(paid: Books) -> None:
    paid.decide(unit(A), on=LATER, refunds=(refund(A, payment_reference=OURS),))
    with pytest.raises(LedgerRefused, match="not in doubt"):
        rule(paid, "outside")


def test_a_ruling_is_final(paid: Books) -> None:
    paid.decide(unit(A), on=LATER, refunds=(refund(A),))
    rule(paid, "same")
    with pytest.raises(LedgerRefused, match="refund_rulings_pkey"):
        rule(paid, "outside", "zhao")


def by_us(books: Books, on: date) -> list[tuple[Any, ...]]:
    return [row[3:] for row in books.ask(rulings.paid_by_us_query(on))]


def test_what_a_night_counts_as_paid_by_us(paid: Books) -> None:
    assert by_us(paid, CLEARED) == []
    assert by_us(paid, LATER) == [(100, OURS, None)]
    paid.decide(unit(A), on=LATER, refunds=(refund(A),))
    rule(paid, "same")
    assert by_us(paid, LAST) == [(100, OURS, None), (0, None, refund(A)["voucher_no"])]


def test_a_second_attempt_is_known_and_counts_nothing_more(books: Books) -> None:
    books.publish(formed(books, unit(A)), CLEARED)
    books.answer([{"end_to_end_id": OURS, "outcome": "returned"}])
    again = Night(LATER, (unit(A, account_no="999"),), regions=NOW)
    books.apply(again)
    accept(books, OURS)
    books.publish(books.form(again)[0], LATER)
    assert by_us(books, LAST) == [(100, OURS, None), (0, end_to_end(A, 1, 2), None)]


def test_finances_row_about_a_payment_that_was_given_up_stops_the_unit(books: Books) -> None:
    """The bank says that it came back, finance that a part was paid: nobody is paid before that is clear."""
    books.publish(formed(books, unit(A)), CLEARED)
    books.answer([{"end_to_end_id": OURS, "outcome": "returned"}])
    more = unit(A, entitlement=Decimal(150), premium_base=Decimal(300))
    books.apply(Night(LATER, (more | {"already_paid": Decimal(0), "payable": Decimal(150)},), regions=NOW))
    assert books.states() == {f"{A[-6:]}.1": "withdrawn", f"{A[-6:]}.2": "on_notice"}
    told = more | {"already_paid": Decimal(70), "payable": Decimal(80)}
    row = refund(A, payment_reference=OURS, amount=Decimal(70))
    books.apply(Night(LAST, (told,), refunds=(row,), regions=NOW))
    assert books.ask("SELECT already_paid, counted FROM open_disagreements") == [(70, 0)]
    assert books.ask("SELECT DISTINCT cause FROM unit_stops") == [("disagreement",)]


@pytest.mark.parametrize(
    ("amount", "stops"),
    [
        pytest.param(100, [], id="the same amount"),
        pytest.param(70, [("disagreement",)], id="another amount"),
    ],
)
def test_finance_sends_again_and_has_a_payment_of_this_very_date(
    books: Books, amount: int, stops: list[tuple[str]]
) -> None:
    """The decision cannot know by then that the money is ours: it counts the row, and both mean the same."""
    books.publish(formed(books, unit(A)), CLEARED)
    books.answer([{"end_to_end_id": OURS, "outcome": "paid"}], on=CLEARED)
    told = unit(A) | {"already_paid": Decimal(amount), "payable": Decimal(100 - amount)}
    row = refund(A, payment_reference=OURS, amount=Decimal(amount), paid_date=CLEARED)
    books.apply(Night(CLEARED, (told,), refunds=(row,), regions=NOW))
    assert books.ask("SELECT DISTINCT cause FROM unit_stops") == stops
    assert books.states() == {f"{A[-6:]}.1": "paid"}
    books.decide(unit(A) | {"already_paid": Decimal(100), "payable": Decimal(0)}, on=LATER, refunds=(row,))
    assert books.ask("SELECT DISTINCT cause FROM unit_stops") == []


def test_money_that_came_back_is_not_already_paid(books: Books) -> None:
    books.publish(formed(books, unit(A)), CLEARED)
    assert by_us(books, LATER) == [(100, OURS, None)]
    books.answer([{"end_to_end_id": OURS, "outcome": "returned"}], on=LATER)
    assert by_us(books, LATER) == [(0, OURS, None)]
    assert by_us(books, date(2020, 6, 30)) == [(100, OURS, None)]
    books.answer([{"end_to_end_id": OURS, "outcome": "paid"}], name="later", on=LATER)
    number = person(books, "li", proposals.propose_settlement, OURS, "paid", "letter", "li")
    person(books, "wang", acts.decide_proposal, number, "confirmed", "", "wang")
    assert by_us(books, LAST) == [(100, OURS, None)]
