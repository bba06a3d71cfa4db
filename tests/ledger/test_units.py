"""A unit that changes its code keeps its entitlement: paid once, whichever code a delivery names it by."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from stable_jobs.disbursement.batch_files import WAITING
from stable_jobs.ledger import notices, rulings
from stable_jobs.ledger.batches import resolve_units
from tests.ledger.conftest import CODES, REGION, Books, Night, refund, unit
from tests.ledger.full import CLEARED, LAST, LATER, NOW, accept, as_app, end_to_end, formed, person, refused

OLD, OTHER_OLD = "610100000000013", "610100000000021"
NEW, NEWER, OTHER = CODES[:3]
AFTER = date(2020, 7, 3)


def night(on: date, *units: dict[str, Any], codes: Iterable[tuple[str, str]] = (), **more: Any) -> Night:
    return Night(on, tuple(units), regions=NOW, codes=tuple(codes), **more)


def day(
    books: Books, on: date, *units: dict[str, Any], codes: Iterable[tuple[str, str]] = (), **more: Any
) -> list[tuple[str, Decimal]]:
    """A night without notice and its disbursement; the lines that went out."""
    one = night(on, *units, codes=codes, **more)
    books.apply(one)
    books.close(on)
    for batch in books.form(one):
        books.publish(batch, on)
    return books.ask("SELECT end_to_end_id, amount FROM instructions WHERE instructed_on = :on", on=on)


def entitlements(books: Books) -> list[str]:
    return [code for (code,) in books.ask("SELECT uscc FROM entitlements ORDER BY id")]


def causes(books: Books) -> list[str]:
    return [row for (row,) in books.ask("SELECT cause FROM open_disagreements ORDER BY id")]


def states(books: Books) -> list[tuple[str, str | None]]:
    return books.ask("SELECT state, reason FROM payments ORDER BY id")


@pytest.fixture
def paid(books: Books) -> Books:
    """The old number's unit has had 100 yuan."""
    assert len(day(books, CLEARED, unit(OLD))) == 1
    books.answer([{"end_to_end_id": end_to_end(OLD), "outcome": "paid"}])
    return books


@pytest.mark.parametrize(
    ("first", "nights"),
    [
        pytest.param(OLD, [(NEW, [(OLD, NEW)])], id="15 digits become 18"),
        pytest.param(OLD, [(NEW, [(OLD, NEW)]), (NEW, [])], id="the crosswalk is missing later"),
        pytest.param(OLD, [(NEW, [(OLD, NEW)]), (OLD, [])], id="the old number comes back"),
        pytest.param(OLD, [(NEW, [(OLD, NEW)]), (NEWER, [(NEW, NEWER)])], id="a chain of three"),
        pytest.param(OLD, [(NEW, [(OLD, NEW)]), (NEWER, [(OLD, NEWER)])], id="two of one old number"),
        pytest.param(NEW, [(NEW, [(OLD, NEW)]), (NEWER, [(OLD, NEWER)])], id="18 to 18 by the old number"),
        pytest.param(NEW, [(NEWER, [(NEW, NEWER)])], id="18 become 18 directly"),
        pytest.param(NEW, [(NEWER, [(NEW, NEWER)]), (NEW, [(NEWER, NEW)])], id="and back: a cycle"),
        pytest.param(
            OLD,
            [(OLD, [(OTHER_OLD, OTHER)]), (NEW, [(OLD, NEW)]), (OTHER_OLD, [(NEW, OTHER)])],
            id="joined through codes of units that were never there",
        ),
    ],
)  # fmt: skip
def test_a_unit_is_paid_once_through_every_change_of_its_code(
    books: Books, first: str, nights: list[tuple[str, list[tuple[str, str]]]]
) -> None:
    assert len(day(books, CLEARED, unit(first))) == 1
    for on, (code, codes) in zip((LATER, LAST, AFTER), nights, strict=False):
        assert day(books, on, unit(code, entitlement=Decimal(100)), codes=codes) == []
    assert entitlements(books) == [first]
    assert books.breaks() == []


def test_a_higher_entitlement_is_topped_up_under_the_code_the_ledger_knows(paid: Books) -> None:
    more = unit(NEW, entitlement=Decimal(150), unit_name="新名", account_name="新名", account_no="777")
    assert day(paid, LATER, more, codes=[(OLD, NEW)]) == [(end_to_end(OLD, 2), Decimal(50))]
    assert paid.ask("SELECT unit_name FROM entitlements") == [("新名",)]
    assert paid.breaks() == []


def test_a_payment_on_notice_goes_on_under_another_code(books: Books) -> None:
    books.decide(unit(OLD), on=CLEARED)
    books.decide(unit(NEW), on=date(2020, 5, 20), codes=((OLD, NEW),))
    assert states(books) == [("on_notice", "")]
    assert day(books, LATER, unit(NEW)) == [(end_to_end(OLD), Decimal(100))]


def test_a_returned_payment_is_corrected_by_the_new_codes_account(books: Books) -> None:
    day(books, CLEARED, unit(OLD))
    books.answer([{"end_to_end_id": end_to_end(OLD), "outcome": "returned"}])
    assert day(books, LATER, unit(NEW, account_no="888"), codes=[(OLD, NEW)]) == []
    accept(books, end_to_end(OLD))
    assert day(books, LAST, unit(NEW, account_no="888")) == [(end_to_end(OLD, 1, 2), Decimal(100))]


def test_a_lower_entitlement_under_the_new_code_is_a_recovery_case(paid: Books) -> None:
    day(paid, LATER, unit(NEW, entitlement=Decimal(60)), codes=[(OLD, NEW)])
    assert paid.ask("SELECT amount FROM recovery_cases") == [(Decimal(40),)]


@pytest.mark.parametrize("code", [OLD, NEW, NEWER])
def test_an_objection_finds_the_unit_by_each_of_its_codes(books: Books, code: str) -> None:
    books.decide(unit(OLD), on=CLEARED, codes=((OLD, NEW), (NEW, NEWER)))
    person(books, "li", notices.add_objection, REGION, code, "laid off ten", "li", on=CLEARED)
    assert states(books)[0][0] == "objected"


@pytest.mark.parametrize("code", [OLD, NEW])
def test_a_refund_of_finance_counts_whichever_code_it_names(paid: Books, code: str) -> None:
    row = refund(code, amount=Decimal(30))
    day(paid, LATER, unit(NEW, entitlement=Decimal(200)), codes=[(OLD, NEW)], refunds=(row,))
    assert paid.ask("SELECT uscc, outside_amount FROM entitlements") == [(OLD, Decimal(30))]
    assert paid.ask("SELECT amount FROM payments ORDER BY id")[1:] == [(Decimal(70),)]


@pytest.mark.parametrize("code", [OLD, NEW])
def test_our_reference_is_ours_whichever_code_finance_names(paid: Books, code: str) -> None:
    row = refund(code, payment_reference=end_to_end(OLD))
    day(paid, LATER, unit(NEW), codes=[(OLD, NEW)], refunds=(row,))
    assert paid.ask("SELECT standing FROM reported_refunds") == [("ours",)]
    assert paid.ask("SELECT amount FROM recovery_cases") == []


def test_a_night_counts_as_paid_by_us_under_every_code(paid: Books) -> None:
    paid.decide(unit(NEW), on=LATER, codes=((OLD, NEW), (NEW, NEWER)))
    found = paid.ask(rulings.paid_by_us_query(LAST))
    assert sorted((code, amount) for _, code, _, amount, _, _ in found) == sorted(
        (code, Decimal(100)) for code in (OLD, NEW, NEWER)
    )


def test_next_year_the_unit_is_entitled_anew_under_its_code_of_then(paid: Books) -> None:
    paid.decide(unit(NEW), on=LATER, codes=((OLD, NEW),))
    assert day(paid, date(2021, 5, 11), unit(NEW)) == [(f"21-{REGION}-{NEW}-01-01", Decimal(100))]
    assert entitlements(paid) == [OLD, NEW]


def test_the_same_old_number_of_another_region_is_another_unit(paid: Books) -> None:
    both = {REGION: {"working_days": 0}, "610300": {"working_days": 0}}
    elsewhere = unit(NEW, region_code="610300", premium_base=Decimal(777), account_no="999")
    paid.apply(Night(LATER, (elsewhere,), regions=both, codes=((OLD, NEW),)))
    assert entitlements(paid) == [OLD, NEW]


# -- codes that contradict each other -------------------------------------------------------------------


def test_two_codes_of_one_unit_on_one_night_stop_it(paid: Books) -> None:
    both = [unit(OLD, entitlement=Decimal(150)), unit(NEW)]
    assert day(paid, LATER, *both, codes=[(OLD, NEW)]) == []
    assert causes(paid) == ["codes_together", "codes_together"]
    assert entitlements(paid) == [OLD]
    assert paid.ask("SELECT DISTINCT cause FROM unit_stops") == [("disagreement",)]
    assert day(paid, LAST, unit(NEW, entitlement=Decimal(150))) == [(end_to_end(OLD, 2), Decimal(50))]
    assert causes(paid) == []
    assert paid.breaks() == []


def test_two_codes_of_one_unit_that_was_never_entitled_get_nothing(books: Books) -> None:
    assert day(books, CLEARED, unit(OLD), unit(NEW), codes=[(OLD, NEW)]) == []
    assert entitlements(books) == []
    assert causes(books) == ["codes_together", "codes_together"]


def test_a_number_that_two_units_claim_stops_both_where_it_was_paid(paid: Books) -> None:
    claims = [(OLD, NEW), (OLD, NEWER)]
    assert day(paid, LATER, unit(NEW), unit(NEWER, account_no="1"), unit(OTHER), codes=claims) == [
        (end_to_end(OTHER), Decimal(100))
    ]
    assert causes(paid) == ["code_claimed_twice", "code_claimed_twice"]
    assert paid.ask("SELECT count(*) FROM code_changes") == [(0,)]


def test_a_number_that_two_units_claim_matters_to_nobody_where_it_was_never_paid(books: Books) -> None:
    claims = [(OLD, NEW), (OLD, NEWER)]
    assert len(day(books, CLEARED, unit(NEW), unit(NEWER, account_no="1"), codes=claims)) == 2


def merged(books: Books) -> None:
    """Two units were paid; then a delivery says that they are one."""
    day(books, CLEARED, unit(OLD), unit(OTHER_OLD, account_no="999"))
    codes = [(OLD, NEW), (OTHER_OLD, NEW)]
    assert day(books, LATER, unit(NEW, entitlement=Decimal(300)), codes=codes) == []


def test_two_entitled_units_that_become_one_both_stop(books: Books) -> None:
    merged(books)
    assert causes(books) == ["one_unit_twice", "one_unit_twice"]
    assert books.ask("SELECT kind FROM open_doubts") == [("one_unit_twice",)]
    assert books.ask("SELECT count(DISTINCT entitlement_id) FROM unit_stops") == [(2,)]
    assert books.ask("SELECT count(*) FROM recovery_cases") == [(0,)]
    assert books.breaks() == []


def test_the_database_refuses_a_second_entitlement_under_another_code(paid: Books) -> None:
    paid.decide(unit(NEW), on=LATER, codes=((OLD, NEW),))
    insert = f"""
        INSERT INTO entitlements (region_code, uscc, policy_year, unit_name, scheme, entitled_amount,
            outside_amount, decided_on)
        VALUES ('{REGION}', '{NEW}', 2020, '甲', 'general', 1, 0, DATE '2020-07-01')
    """
    with as_app(paid.engine, on=LAST) as connection:
        refused(connection, insert, f"a second entitlement of {REGION} {NEW}: its unit has one under {OLD}")


def test_a_change_of_code_is_kept_for_ever(paid: Books) -> None:
    paid.decide(unit(NEW), on=LATER, codes=((OLD, NEW),))
    with as_app(paid.engine) as connection:
        refused(connection, "DELETE FROM code_changes", "permission denied")
    with as_app(paid.engine) as connection:
        refused(connection, "UPDATE code_changes SET new_code = 'X'", "permission denied")


def test_all_codes_of_a_unit_are_found_from_each(paid: Books) -> None:
    paid.decide(unit(NEW), on=LATER, codes=((OLD, NEW), (NEW, NEWER), (OTHER_OLD, OTHER)))
    with paid.engine.connect() as connection:
        for asked in (OLD, NEW, NEWER):
            found = connection.scalars(text("SELECT unit_codes(:r, :c)"), {"r": REGION, "c": asked})
            assert set(found) == {OLD, NEW, NEWER}
        pairs = connection.execute(text("SELECT code, alias FROM unit_aliases")).all()
    assert len(pairs) == 6 + 2


# -- the decision beside the ledger ---------------------------------------------------------------------


def said(code: str, already: int, payable: int, **more: Any) -> dict[str, Any]:
    return unit(code, already_paid=Decimal(already), payable=Decimal(payable), **more)


@pytest.mark.parametrize(
    ("one", "amounts"),
    [
        pytest.param(said(OLD, 100, 0), [], id="both say that it has all"),
        pytest.param(said(OLD, 100, 50, entitlement=Decimal(150)), [], id="both say a top-up"),
        pytest.param(said(OLD, 0, 150, entitlement=Decimal(150)), [(150, 0, 50, 100)], id="paid unknown"),
        pytest.param(said(OLD, 100, 40, entitlement=Decimal(150)), [(40, 100, 50, 100)], id="another amount"),
        pytest.param(said(NEW, 100, 0), [(0, 100, 100, 0)], id="a unit the ledger does not know"),
        pytest.param(unit(OLD, entitlement=Decimal(150)), [], id="the decision does not say"),
    ],
)  # fmt: skip
def test_a_unit_of_which_decision_and_ledger_disagree_gets_nothing(
    paid: Books, one: dict[str, Any], amounts: list[tuple[int, ...]]
) -> None:
    sent = day(paid, LATER, one)
    found = paid.ask("SELECT payable, already_paid, difference, counted FROM open_disagreements")
    assert [tuple(map(int, row)) for row in found] == amounts
    assert len(sent) == (0 if amounts or one["entitlement"] == 100 else 1)
    assert paid.breaks() == []


def test_a_disagreement_ends_on_a_night_when_both_say_the_same(paid: Books) -> None:
    day(paid, LATER, said(OLD, 0, 150, entitlement=Decimal(150)))
    assert paid.ask("SELECT cause, detail FROM unit_stops") == [
        ("disagreement", "amounts, decision: payable 150.00, already paid 0.00, ledger: to pay 50.00, "
         "counted as paid 100.00")
    ]  # fmt: skip
    sent = day(paid, LAST, said(OLD, 100, 50, entitlement=Decimal(150)))
    assert sent == [(end_to_end(OLD, 2), Decimal(50))]
    assert paid.ask("SELECT count(*) FROM unit_stops") == [(0,)]


def test_the_waiting_list_names_a_unit_on_which_both_disagree(paid: Books) -> None:
    one = night(LATER, said(OTHER, 100, 0))
    paid.apply(one)
    with paid.engine.begin() as connection:
        paid.fill(connection, one)
        resolve_units(connection, LATER)
        query = text(WAITING.format(on=LATER.isoformat()))
        found = [(row.uscc, row.waits_for, row.detail) for row in connection.execute(query)]
    assert found == [
        (OTHER, "disagreement", "amounts, decision: payable 0.00, already paid 100.00, "
         "ledger: to pay 100.00, counted as paid 0.00")
    ]  # fmt: skip


def test_a_batch_that_waits_falls_when_the_unit_disagrees(paid: Books) -> None:
    formed(paid, said(OLD, 100, 50, entitlement=Decimal(150), review_level=1), on=LATER)
    paid.decide(said(OLD, 0, 150, entitlement=Decimal(150), review_level=1), on=LAST)
    assert paid.ask("SELECT state FROM batches ORDER BY id") == [("published",), ("voided",)]
