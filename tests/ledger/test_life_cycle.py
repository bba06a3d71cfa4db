"""A payment's way from decision to money, step by step, with what each step leaves in the ledger."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.rulings import rule_on_refund
from tests.ledger.conftest import CODES, REGION, Books, Night, refund, unit
from tests.ledger.full import accept

OPENED, CLEARED = date(2020, 5, 11), date(2020, 5, 19)
A, B = CODES[0], CODES[1]


def test_from_notice_to_paid_and_again_without_change(books: Books) -> None:
    first = Night(OPENED, (unit(A), unit(B)))
    books.apply(first)
    assert set(books.states().values()) == {"on_notice"}
    second = Night(CLEARED, (unit(A), unit(B)))
    books.apply(second)
    assert books.close(CLEARED) == 2
    (batch,) = books.form(second)
    assert (batch.batch_no, batch.count, batch.total) == (f"{REGION}-20200519-L0-1", 2, Decimal("200.00"))
    books.publish(batch, CLEARED)
    assert set(books.states().values()) == {"instructed"}
    ids = [row[0] for row in books.ask("SELECT end_to_end_id FROM instructions ORDER BY 1")]
    assert ids[0] == f"20-{REGION}-{A}-01-01"
    counts = books.answer([{"end_to_end_id": i, "outcome": "paid", "amount": Decimal("100.00")} for i in ids])
    assert (counts.applied, counts.refused) == (2, 0)
    assert set(books.states().values()) == {"paid"}
    assert books.breaks() == []
    events = books.ask("SELECT count(*) FROM audit_events")
    books.apply(second)
    assert books.close(CLEARED) == 0
    assert books.form(second) == []
    assert books.ask("SELECT count(*) FROM audit_events") == events


def test_notice_is_not_closed_before_its_days_are_over(books: Books) -> None:
    books.decide(unit(A), on=OPENED)
    books.decide(unit(A), on=date(2020, 5, 18))
    assert books.close(date(2020, 5, 18)) == 0
    assert set(books.states().values()) == {"on_notice"}


@pytest.mark.parametrize(
    ("now", "state", "reason"),
    [
        pytest.param(unit(A), "cleared", "notice ended", id="as before"),
        pytest.param(
            unit(A, decision="ineligible", reasons="not_excluded"),
            "withdrawn",
            "ineligible:not_excluded",
            id="got onto a list",
        ),
        pytest.param(
            unit(A, decision="undecided", reasons="active_unknown"),
            "withdrawn",
            "undecided:active_unknown",
            id="undecided now",
        ),
        pytest.param(
            unit(A, entitlement=Decimal("90.00")), "withdrawn", "amount_changed", id="another amount"
        ),
        pytest.param(unit(A, scheme="difficult"), "withdrawn", "scheme_changed", id="another scheme"),
        pytest.param(None, "withdrawn", "unit_gone", id="no longer insured here"),
    ],
)
def test_what_changed_during_the_notice_falls_out_with_its_reason(
    books: Books, now: dict[str, Any] | None, state: str, reason: str
) -> None:
    books.decide(unit(A), unit(B), on=OPENED)
    books.decide(*([now] if now else []), unit(B), on=CLEARED)
    books.close(CLEARED)
    assert books.ask(
        "SELECT p.state, p.reason FROM payments p JOIN entitlements e ON e.id = p.entitlement_id"
        " WHERE e.uscc = :a AND p.ordinal = 1",
        a=A,
    ) == [(state, reason)]
    assert books.states()[f"{B[-6:]}.1"] == "cleared"
    assert books.breaks() == []


def test_a_held_night_moves_nothing(books: Books) -> None:
    books.decide(unit(A), on=OPENED)
    held = Night(CLEARED, (), regions={REGION: {"is_suspended": True}})
    books.apply(held)
    assert books.close(CLEARED) == 0
    assert books.form(held) == []
    assert set(books.states().values()) == {"on_notice"}


def test_an_older_night_is_refused(books: Books) -> None:
    books.decide(unit(A), on=CLEARED)
    assert books.decide(unit(A), on=OPENED) == [REGION]
    assert books.ask("SELECT count(*) FROM region_nights") == [(1,)]
    closing = text("INSERT INTO notice_closings (notice_id) SELECT id FROM notices")
    with (
        pytest.raises(LedgerRefused, match="newest decided night is 2020-05-19"),
        ledger_event(books.engine, "x", business_date=date(2020, 6, 30)) as event,
    ):
        event.connection.execute(closing)


def paid(books: Books, *units: dict[str, Any], on: date = CLEARED) -> Night:
    """The units paid on the first night, without notice."""
    night = Night(on, units, regions={REGION: {"working_days": 0}})
    books.apply(night)
    books.close(on)
    for batch in books.form(night):
        books.publish(batch, on)
    rows = books.ask("SELECT end_to_end_id, amount FROM instructions ORDER BY 1")
    books.answer([{"end_to_end_id": i, "outcome": "paid", "amount": a} for i, a in rows], name=str(on))
    return night


LATER = date(2020, 7, 1)


@pytest.mark.parametrize(
    ("now", "amounts", "cases"),
    [
        pytest.param(
            unit(A, entitlement=Decimal("150.00")), ["100.00", "50.00"], [], id="a higher rate is topped up"
        ),
        pytest.param(
            unit(A, scheme="difficult", entitlement=Decimal("300.00")),
            ["100.00", "200.00"],
            [],
            id="a better scheme",
        ),
        pytest.param(
            unit(A, entitlement=Decimal("60.00")), ["100.00"], ["40.00"], id="a lower one is a recovery case"
        ),
        pytest.param(
            unit(A, decision="ineligible", reasons="active"),
            ["100.00"],
            [],
            id="deregistered after it was paid",
        ),
        pytest.param(
            unit(A, decision="ineligible", reasons="layoff_rate", is_revoked=True),
            ["100.00"],
            ["100.00"],
            id="never was eligible",
        ),
        pytest.param(
            unit(A, decision="undecided", reasons="size_known_unknown"), ["100.00"], [], id="undecided now"
        ),
    ],
)
def test_changes_after_payment(
    books: Books, now: dict[str, Any], amounts: list[str], cases: list[str]
) -> None:
    paid(books, unit(A))
    for _ in range(2):
        books.decide(now, on=LATER)
        assert [str(a) for (a,) in books.ask("SELECT amount FROM payments ORDER BY ordinal")] == amounts
        assert [str(a) for (a,) in books.ask("SELECT amount FROM recovery_cases ORDER BY id")] == cases
    assert books.breaks() == []


def test_a_recovery_case_is_weighed_again_when_the_amount_rises(books: Books) -> None:
    paid(books, unit(A))
    books.decide(unit(A, entitlement=Decimal("60.00")), on=LATER)
    books.decide(unit(A, entitlement=Decimal("80.00")), on=date(2020, 7, 2))
    assert books.ask("SELECT amount FROM recovery_cases ORDER BY id") == [
        (Decimal("40.00"),),
        (Decimal("20.00"),),
    ]
    books.decide(unit(A, entitlement=Decimal("100.00")), on=date(2020, 7, 3))
    assert len(books.states()) == 1
    assert books.breaks() == []


@pytest.mark.parametrize(
    ("row", "ordinals", "standing"),
    [
        pytest.param(
            refund(A, payment_reference=f"20-{REGION}-{A}-01-01"), 2, "ours", id="ours by reference"
        ),
        pytest.param(
            refund(A, payment_reference=f"20-{REGION}-{A}-01-01", amount=Decimal("99.00")),
            2,
            "differs",
            id="another amount",
        ),
        pytest.param(refund(A), 1, "doubtful", id="may be ours: a person rules first"),
        pytest.param(refund(A, amount=Decimal("30.00")), 2, None, id="paid outside"),
    ],
)
def test_what_finance_reports_is_counted_once(
    books: Books, row: dict[str, Any], ordinals: int, standing: str | None
) -> None:
    paid(books, unit(A))
    books.decide(unit(A, entitlement=Decimal("150.00")), on=LATER, refunds=(row,))
    assert len(books.states()) == ordinals
    assert books.ask("SELECT max(standing) FROM reported_refunds") == [(standing,)]
    due = {None: Decimal("20.00"), "doubtful": Decimal("100.00")}.get(standing, Decimal("50.00"))
    assert books.ask("SELECT amount FROM payments ORDER BY ordinal DESC LIMIT 1") == [(due,)]
    assert books.breaks() == []


@pytest.mark.parametrize(("ruling", "due"), [("same", "50.00"), ("outside", None)])
def test_a_ruling_ends_the_doubt(books: Books, ruling: str, due: str | None) -> None:
    paid(books, unit(A))
    books.decide(unit(A, entitlement=Decimal("150.00")), on=LATER, refunds=(refund(A),))
    with ledger_event(books.engine, "ruling", actor="王芳") as event:
        rule_on_refund(event, 1, ruling, "checked with finance", "王芳")
    books.decide(unit(A, entitlement=Decimal("150.00")), on=date(2020, 7, 2), refunds=(refund(A),))
    later = books.ask("SELECT amount FROM payments WHERE ordinal = 2")
    assert later == ([(Decimal(due),)] if due else [])
    assert books.breaks() == []


def test_the_budget_is_spent_in_order_and_the_rest_waits(books: Books) -> None:
    units = [unit(code, priority=1 + (n % 2)) for n, code in enumerate(CODES[:6])]
    night = Night(
        CLEARED, tuple(units), regions={REGION: {"working_days": 0, "refund_budget": Decimal("399.99")}}
    )
    books.apply(night)
    books.close(CLEARED)
    (batch,) = books.form(night)
    assert batch.count == 3
    lines = books.ask("SELECT line_no, right(end_to_end_id, 12), priority FROM payment_lines ORDER BY 1")
    assert [line[2] for line in lines] == [1, 1, 1]
    books.publish(batch, CLEARED)
    assert books.form(night) == []
    richer = replace(night, regions={REGION: {"working_days": 0, "refund_budget": Decimal("500.00")}})
    books.apply(richer)
    (batch,) = books.form(richer)
    assert (batch.count, batch.batch_no[-1]) == (2, "2")


def test_returned_corrected_and_paid_as_the_same_payment(books: Books) -> None:
    night = Night(CLEARED, (unit(A),), regions={REGION: {"working_days": 0}})
    books.apply(night)
    books.close(CLEARED)
    (batch,) = books.form(night)
    books.publish(batch, CLEARED)
    one = f"20-{REGION}-{A}-01-01"
    books.answer(
        [{"end_to_end_id": one, "outcome": "returned", "reason_code": "AC01", "amount": Decimal("100.00")}]
    )
    assert books.states() == {f"{A[-6:]}.1": "returned"}
    waits = Night(date(2020, 5, 20), (unit(A, decision="undecided", reasons="account_known_unknown"),))
    books.apply(waits)
    assert books.states() == {f"{A[-6:]}.1": "returned"}
    again = Night(date(2020, 5, 21), (unit(A, account_no="999000111"),))
    books.apply(again)
    assert books.states() == {f"{A[-6:]}.1": "corrected"}
    assert books.form(again) == []
    accept(books, one)
    (batch,) = books.form(again)
    books.publish(batch, again.on)
    two = f"20-{REGION}-{A}-01-02"
    books.answer([{"end_to_end_id": two, "outcome": "paid", "amount": Decimal("100.00")}], name="two")
    assert books.ask("SELECT state, amount FROM payments") == [("paid", Decimal("100.00"))]
    assert books.breaks() == []


def test_a_changed_account_voids_the_batch(books: Books) -> None:
    books.assign(("first", 1))
    night = Night(CLEARED, (unit(A, review_level=1),), regions={REGION: {"working_days": 0}})
    books.apply(night)
    books.close(CLEARED)
    (batch,) = books.form(night)
    books.approve(batch, 1, "first")
    later = Night(date(2020, 5, 20), (unit(A, review_level=1, account_no="999000111"),))
    books.apply(later)
    (again,) = books.form(later)
    assert again.batch_no != batch.batch_no
    assert books.ask("SELECT state FROM batches ORDER BY id") == [("voided",), ("formed",)]
    with pytest.raises(LedgerRefused, match="0 of 1 approvals"):
        books.publish(again, later.on)
