"""Doubts: what looks like one unit, or one account, twice. Found over all levels and regions; people rule."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.rulings import rule_on_doubt
from tests.ledger.conftest import CODES, REGION, Books, Night, refund, unit
from tests.ledger.full import CLEARED, LAST, LATER, end_to_end, person

A, B, C = CODES[:3]
OTHER = "610300"
AFTER = date(2020, 7, 3)
HERE: dict[str, dict[str, Any]] = {REGION: {"working_days": 0}}
BOTH = HERE | {OTHER: {"working_days": 0}}


def day(
    books: Books, on: date, *units: dict[str, Any], regions: dict[str, dict[str, Any]] = HERE, **more: Any
) -> list[str]:
    """A night without notice and its disbursement; the units whose money went out."""
    one = Night(on, tuple(units), regions=regions, **more)
    books.apply(one)
    books.close(on)
    for batch in books.form(one):
        if not batch.review_level:
            books.publish(batch, on)
    query = """
        SELECT e.uscc FROM instructions i JOIN payments p ON p.id = i.payment_id
        JOIN entitlements e ON e.id = p.entitlement_id WHERE i.instructed_on = :on ORDER BY 1
    """
    return [code for (code,) in books.ask(query, on=on)]


def paid(books: Books, *units: dict[str, Any], **more: Any) -> None:
    day(books, CLEARED, *units, **more)
    for (line,) in books.ask("SELECT end_to_end_id FROM instructions"):
        books.answer([{"end_to_end_id": line, "outcome": "paid"}], name=line)


def kinds(books: Books) -> list[tuple[str, int]]:
    return books.ask("SELECT kind, units FROM open_doubts ORDER BY kind, id")


def rule(books: Books, outcome: str = "cleared", name: str = "wang", number: int = 1) -> None:
    person(books, name, rule_on_doubt, number, outcome, "asked the unit", name)


def firm(code: str, name: str = "甲厂", account: str = "6222001", **more: Any) -> dict[str, Any]:
    return unit(code, unit_name=name, account_name=name, account_no=account, unit_no="U1", **more)


@pytest.mark.parametrize(
    ("second", "found", "is_stopped"),
    [
        pytest.param(firm(B), [("new_code", 2), ("shared_account", 2)], True, id="all but the code the same"),
        pytest.param(firm(B, account="77"), [("new_code", 2)], True, id="name and number"),
        pytest.param(firm(B, name="甲 厂", account="77"), [("new_code", 2)], True, id="a blank in the name"),
        pytest.param(
            firm(B, name="乙厂"),
            [("account_other_name", 2), ("new_code", 2), ("shared_account", 2)], True, id="account, number",
        ),
        pytest.param(
            firm(B, name="乙厂", account="77"), [("unit_number_reused", 2)], False, id="the number alone",
        ),
        pytest.param(firm(B, account="77") | {"unit_no": "U2"}, [], False, id="the name alone"),
        pytest.param(firm(B) | {"unit_no": "U2"}, [("shared_account", 2)], True, id="the account alone"),
        pytest.param(
            firm(B, account="０６２２２-00.1 ") | {"unit_no": "U2"}, [("shared_account", 2)], True,
            id="the account in another spelling",
        ),
    ],
)  # fmt: skip
def test_a_unit_that_looks_like_one_that_was_paid(
    books: Books, second: dict[str, Any], found: list[tuple[str, int]], is_stopped: bool
) -> None:
    paid(books, firm(A))
    assert day(books, LATER, second) == ([] if is_stopped else [B])
    assert kinds(books) == found
    assert books.breaks() == []


def test_one_code_in_two_regions_with_the_same_premiums_stops_both(books: Books) -> None:
    both = [unit(A), unit(A, region_code=OTHER, account_no="999")]
    assert day(books, CLEARED, *both, regions=BOTH) == []
    assert kinds(books) == [("two_regions", 2)]
    assert books.ask("SELECT DISTINCT cause FROM unit_stops") == [("doubt",)]


def test_one_code_in_two_regions_with_other_premiums_is_no_doubt(books: Books) -> None:
    both = [unit(A), unit(A, region_code=OTHER, account_no="999", premium_base=Decimal(777))]
    assert day(books, CLEARED, *both, regions=BOTH) == [A, A]
    assert kinds(books) == []


def test_a_code_that_one_of_the_regions_has_changed_is_the_same_code(books: Books) -> None:
    paid(books, unit(A))
    elsewhere = unit(B, region_code=OTHER, account_no="999")
    assert day(books, LATER, elsewhere, regions=BOTH, codes=((OTHER, A, B),)) == []
    assert kinds(books) == [("two_regions", 2)]


def test_a_region_that_no_longer_names_the_unit_still_counts(books: Books) -> None:
    paid(books, unit(A))
    elsewhere = unit(A, region_code=OTHER, account_no="999")
    assert day(books, LATER, elsewhere, regions=BOTH) == []
    assert kinds(books) == [("two_regions", 2)]


@pytest.mark.parametrize(
    ("region", "found"),
    [
        pytest.param({"is_suspended": True}, [("two_regions", 2)], id="held: nobody knows its premium"),
        pytest.param({"working_days": 0}, [], id="decided, with another premium"),
    ],
)
def test_a_unit_that_finance_paid_in_another_region_is_a_doubt_until_its_premium_is_known(
    books: Books, region: dict[str, Any], found: list[tuple[str, int]]
) -> None:
    """Nothing of ours was ever opened for it there, so no notice holds its premium."""
    there = unit(A, region_code=OTHER, account_no="999", premium_base=Decimal(777))
    money = refund(A, region_code=OTHER)
    assert day(books, CLEARED, there, regions={OTHER: {"working_days": 0}}, refunds=(money,)) == []
    told = [] if "is_suspended" in region else [there]
    refunds = () if "is_suspended" in region else (money,)
    paid_now = day(books, LATER, unit(A), *told, regions=BOTH | {OTHER: region}, refunds=refunds)
    assert (kinds(books), paid_now) == (found, [] if found else [A])


def test_an_account_is_counted_over_all_levels_batches_and_regions(books: Books) -> None:
    paid(books, unit(A, account_no="62220-1"))
    more = [
        unit(code, account_no="622201", review_level=level, premium_base=Decimal(1000 + number),
             region_code=OTHER if number == 4 else REGION)
        for number, (code, level) in enumerate(zip(CODES[1:5], (0, 1, 2, 1), strict=True), 1)
    ]  # fmt: skip
    day(books, LATER, *more, regions=BOTH)
    assert kinds(books) == [("account_other_name", 5)] * 4 + [("shared_account", 5)] * 4
    assert books.ask("SELECT count(DISTINCT entitlement_id) FROM unit_stops") == [(5,)]
    assert books.ask("SELECT count(*) FROM batches WHERE state = 'formed'") == [(0,)]


@pytest.mark.parametrize(
    ("stopping", "units", "sent"),
    [
        pytest.param(None, None, [], id="not set: two on one account stop"),
        pytest.param("", None, [A, B, C], id="nothing stops"),
        pytest.param("two_regions", None, [A, B, C], id="another kind stops"),
        pytest.param("shared_account", 3, [], id="three are as many as stop"),
        pytest.param("shared_account", 4, [A, B, C], id="three are too few"),
        pytest.param("account_other_name", 9, [], id="another name stops"),
    ],
)
def test_the_regions_parameters_say_what_stops(
    books: Books, stopping: str | None, units: int | None, sent: list[str]
) -> None:
    terms = {REGION: {"working_days": 0, "stopping_doubts": stopping, "shared_account_units": units}}
    three = [unit(code, account_no="1") for code in (A, B, C)]
    assert day(books, CLEARED, *three, regions=terms) == sent
    assert dict(kinds(books))["shared_account"] == 3


def test_a_parameter_that_changes_holds_from_the_next_night_on(books: Books) -> None:
    two = [unit(code, account_no="1") for code in (A, B)]
    assert day(books, CLEARED, *two) == []
    assert day(books, LATER, *two, regions={REGION: HERE[REGION] | {"stopping_doubts": ""}}) == [A, B]
    assert day(books, LAST, *two) == []
    assert books.ask("SELECT stopping FROM doubt_terms ORDER BY id")[1] == ("",)


def test_a_doubt_goes_when_a_night_no_longer_shows_it_and_comes_back_with_it(books: Books) -> None:
    shared = [unit(A, account_no="1"), unit(B, account_no="1")]
    assert day(books, CLEARED, *shared) == []
    assert day(books, LATER, unit(A, account_no="1"), unit(B, account_no="2")) == [A, B]
    assert kinds(books) == []
    again = unit(A, account_no="1"), unit(B, account_no="1", entitlement=Decimal(300))
    books.answer([{"end_to_end_id": end_to_end(code), "outcome": "paid"} for code in (A, B)])
    assert day(books, LAST, *again) == []
    assert dict(kinds(books))["shared_account"] == 2
    assert books.breaks() == []


def test_a_region_that_is_held_ends_no_doubt(books: Books) -> None:
    both = [unit(A, account_no="1"), unit(B, account_no="1", region_code=OTHER)]
    day(books, CLEARED, *both, regions=BOTH)
    before = kinds(books)
    day(books, LATER, both[0], regions=BOTH | {OTHER: {"is_suspended": True}})
    assert kinds(books) == before != []


def test_a_cleared_doubt_is_not_asked_again_and_its_ruler_may_not_approve(books: Books) -> None:
    paid(books, firm(A))
    second = firm(B, account="77", review_level=1)
    day(books, LATER, second)
    rule(books)
    books.assign(("wang", 1), ("first", 1))
    night = Night(LAST, (second,), regions=HERE)
    books.apply(night)
    books.close(LAST)
    (batch,) = books.form(night)
    assert kinds(books) == []
    with pytest.raises(LedgerRefused, match="wang prepared it"):
        books.approve(batch, 1, "wang")
    books.approve(batch, 1, "first")
    books.publish(batch, LAST)
    assert books.breaks() == []


def test_units_ruled_the_same_are_one_from_then_on(books: Books) -> None:
    paid(books, firm(A))
    second = firm(B, account="77", entitlement=Decimal(150))
    assert day(books, LATER, second) == []
    rule(books, "same")
    assert day(books, LAST, second) == [A]
    assert books.ask("SELECT state, reason FROM payments ORDER BY id")[1] == ("withdrawn", "same_unit")
    assert books.ask("SELECT uscc, entitled_amount FROM entitlements ORDER BY id") == [
        (A, Decimal(150)), (B, Decimal(0)),
    ]  # fmt: skip
    sent = books.ask("SELECT end_to_end_id, amount FROM instructions WHERE instructed_on = :on", on=LAST)
    assert sent == [(end_to_end(A, 2), Decimal(50))]
    assert books.breaks() == []


def test_what_a_unit_got_twice_under_two_codes_is_a_recovery_case_once_it_is_ruled_the_same(
    books: Books,
) -> None:
    terms = {REGION: {"working_days": 0, "stopping_doubts": ""}}
    paid(books, firm(A), firm(B, account="77"), regions=terms)
    rule(books, "same")
    day(books, LATER, firm(B, account="77"), regions=terms)
    assert books.ask("""
        SELECT e.uscc, c.amount FROM recovery_cases c JOIN entitlements e ON e.id = c.entitlement_id
    """) == [(A, Decimal(100))]
    assert books.breaks() == []


def test_units_that_a_delivery_joined_go_on_as_one_once_a_person_says_so(books: Books) -> None:
    paid(books, unit(A), unit(B, account_no="999"))
    joined = unit(C, entitlement=Decimal(300))
    day(books, LATER, joined, codes=((A, C), (B, C)))
    assert kinds(books) == [("one_unit_twice", 2)]
    rule(books, "same")
    assert day(books, LAST, joined) == [A]
    assert books.ask("SELECT end_to_end_id, amount FROM instructions WHERE instructed_on = :on", on=LAST) == [
        (end_to_end(A, 2), Decimal(100))
    ]
    assert books.breaks() == []


@pytest.mark.parametrize(
    ("number", "outcome", "word"),
    [
        pytest.param(9, "cleared", "doubt 9 is not open", id="unknown"),
        pytest.param(1, "gone", "cleared or same, not gone", id="not a person's word"),
    ],
)
def test_a_ruling_is_refused(books: Books, number: int, outcome: str, word: str) -> None:
    paid(books, firm(A))
    day(books, LATER, firm(B, account="77"))
    with pytest.raises(LedgerRefused, match=word):
        rule(books, outcome, number=number)


def test_a_ruling_is_final(books: Books) -> None:
    paid(books, firm(A))
    day(books, LATER, firm(B, account="77"))
    rule(books)
    with pytest.raises(LedgerRefused, match="doubt 1 is not open"):
        rule(books, "same")


@pytest.mark.parametrize(
    ("number", "key"),
    [
        pytest.param("1502-0110-4990", "150201104990", id="hyphens"),
        pytest.param("００15 0201　104990.", "150201104990", id="full width, blanks, dot, leading zeros"),
        pytest.param("ab-1", "AB1", id="lower case"),
        pytest.param("000", None, id="nothing but zeros"),
        pytest.param(" ", None, id="blank"),
    ],
)
def test_the_key_of_an_account(books: Books, number: str, key: str | None) -> None:
    assert books.ask("SELECT account_key(:number)", number=number) == [(key,)]
