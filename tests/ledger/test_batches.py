"""What is batched: cleared, still eligible, in order, within the budget; one batch per region and level."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import batches, rulings
from stable_jobs.ledger.batches import Batch
from stable_jobs.ledger.event import ledger_event
from tests.ledger.conftest import CODES, REGION, Books, Night, refund, unit
from tests.ledger.full import CLEARED, LAST, LATER, NOW, accept, end_to_end, formed, person

A, B, C = CODES[:3]
LANZHOU = "620100"


def ready(books: Books, *units: dict[str, Any], on: date = CLEARED, **region: Any) -> Night:
    """A night whose units are cleared."""
    night = Night(on, units, regions={REGION: {"working_days": 0} | region})
    books.apply(night)
    books.close(on)
    return night


def lines(books: Books, batch: Batch) -> list[str]:
    query = "SELECT substr(end_to_end_id, 11, 18) FROM payment_lines WHERE batch_id = :id ORDER BY line_no"
    return [code for (code,) in books.ask(query, id=batch.id)]


def test_one_batch_per_region_and_level(books: Books) -> None:
    regions = {REGION: {"working_days": 0}, LANZHOU: {"working_days": 0}}
    units = (unit(A), unit(B, review_level=2), unit(C, region_code=LANZHOU, review_level=2))
    night = Night(CLEARED, units, regions=regions)
    books.apply(night)
    books.close(CLEARED)
    assert [(b.batch_no, b.count) for b in books.form(night)] == [
        ("610100-20200519-L0-1", 1),
        ("610100-20200519-L2-1", 1),
        ("620100-20200519-L2-1", 1),
    ]
    with books.engine.connect() as connection:
        formed = batches.open_batches(connection)
        assert [(b.count, b.business_date) for b in formed] == [(1, CLEARED)] * 3
        assert batches.published_on(connection, CLEARED) == []


def test_order_is_priority_then_code(books: Books) -> None:
    night = ready(books, unit(A, priority=2), unit(C, priority=1), unit(B, priority=2))
    (batch,) = books.form(night)
    assert lines(books, batch) == [C, A, B]


@pytest.mark.parametrize(
    ("budget", "codes"),
    [
        pytest.param("0.00", [], id="nothing"),
        pytest.param("99.99", [], id="a fen short of the first"),
        pytest.param("100.00", [A], id="exactly the first"),
        pytest.param("349.99", [A], id="a fen short of the second: the smaller third does not pass it by"),
        pytest.param("350.00", [A, B], id="exactly two"),
        pytest.param("400.00", [A, B, C], id="exactly all"),
        pytest.param(None, [], id="a budget nobody knows"),
    ],
)
def test_the_budget_to_the_fen(books: Books, budget: str | None, codes: list[str]) -> None:
    units = (unit(A), unit(B, entitlement=Decimal("250.00")), unit(C, entitlement=Decimal("50.00")))
    night = ready(books, *units, refund_budget=budget and Decimal(budget))
    made = books.form(night)
    assert [code for batch in made for code in lines(books, batch)] == codes
    assert books.breaks() == []


def test_regions_of_one_pool_share_its_budget(books: Books) -> None:
    pool = {"working_days": 0, "pooling_region": "610000", "refund_budget": Decimal("200.00")}
    units = (
        unit(A, region_code="610200", priority=1),
        unit(B, priority=2),
        unit(C, region_code="610200", priority=3),
    )
    night = Night(CLEARED, units, regions={REGION: pool, "610200": pool})
    books.apply(night)
    books.close(CLEARED)
    assert {code for batch in books.form(night) for code in lines(books, batch)} == {A, B}
    assert books.form(night) == []


def test_what_is_batched_or_went_out_counts_against_the_budget_and_what_came_back_does_not_count_twice(
    books: Books,
) -> None:
    night = ready(books, unit(A), refund_budget=Decimal("150.00"))
    books.publish(books.form(night)[0], CLEARED)
    books.answer([{"end_to_end_id": end_to_end(A), "outcome": "returned"}])
    later = ready(
        books, unit(A, account_no="999"), unit(B, priority=0), on=LATER, refund_budget=Decimal("150.00")
    )
    accept(books, end_to_end(A))
    (batch,) = books.form(later)
    assert lines(books, batch) == [A]


def test_a_persons_budget_stands_instead_of_finances(books: Books) -> None:
    night = ready(books, unit(A), unit(B), refund_budget=Decimal("0.00"))
    assert books.form(night) == []
    person(books, "wang", rulings.enter_budget, REGION, 2019, Decimal(1000), "last year's", "wang")
    assert books.form(night) == []
    person(books, "wang", rulings.enter_budget, REGION, 2020, Decimal("100.00"), "letter", "wang")
    assert [lines(books, batch) for batch in books.form(night)] == [[A]]


@pytest.mark.parametrize(
    "now",
    [
        pytest.param({"decision": "ineligible", "reasons": "not_excluded"}, id="on a list now"),
        pytest.param({"decision": "undecided", "reasons": "active_unknown"}, id="undecided now"),
        pytest.param({"entitlement": Decimal("90.00")}, id="another amount"),
        pytest.param({"account_no": None}, id="no account"),
        pytest.param({"review_level": None}, id="nobody knows who reviews it"),
    ],
)
def test_what_is_not_borne_out_tonight_is_not_batched(books: Books, now: dict[str, Any]) -> None:
    ready(books, unit(A), unit(B))
    later = Night(LATER, (unit(A, **now), unit(B)), regions={REGION: {"working_days": 5}})
    books.apply(later)
    assert [lines(books, batch) for batch in books.form(later)] == [[B]]


def test_a_doubtful_refund_keeps_the_unit_out(books: Books) -> None:
    books.publish(formed(books, unit(A)), CLEARED)
    books.answer([{"end_to_end_id": end_to_end(A), "outcome": "paid"}])
    more = unit(A, entitlement=Decimal("150.00"))
    ready(books, more, on=LATER)
    doubt = Night(LAST, (more,), refunds=(refund(A),), regions=NOW)
    books.apply(doubt)
    assert books.form(doubt) == []


@pytest.mark.parametrize("held", [REGION, "610000", "000000"])
def test_a_held_region_forms_and_publishes_nothing(books: Books, held: str) -> None:
    night = ready(books, unit(A), unit(B))
    (batch,) = books.form(night)
    person(books, "zhao", rulings.hold_region, held, "a letter", "zhao")
    with pytest.raises(LedgerRefused, match=r"payments are stopped: hold: a letter \(zhao\)"):
        books.publish(batch, CLEARED)
    more = ready(books, unit(A), unit(B), unit(C), on=LATER)
    assert books.form(more) == []
    assert books.ask("SELECT state FROM batches") == [("formed",)]


@pytest.mark.parametrize("held", ["620100", "610102"], ids=["another region", "a district below"])
def test_a_hold_elsewhere_changes_nothing(books: Books, held: str) -> None:
    person(books, "zhao", rulings.hold_region, held, "a letter", "zhao")
    books.publish(formed(books, unit(A)), CLEARED)


@pytest.mark.parametrize(
    ("tonight", "state"),
    [
        pytest.param({}, "formed", id="as before"),
        pytest.param({"account_no": "999"}, "voided", id="another account"),
        pytest.param({"account_name": "另名"}, "voided", id="another holder"),
        pytest.param({"bank_code": "999"}, "voided", id="another bank"),
        pytest.param({"review_level": 2}, "voided", id="another level"),
        pytest.param({"decision": "ineligible"}, "voided", id="ineligible"),
        pytest.param({"entitlement": Decimal("1.00")}, "voided", id="another amount"),
        pytest.param({"bank_name": "另行"}, "formed", id="another name of the bank"),
    ],
)
def test_a_waiting_batch_is_voided_by_what_changed(books: Books, tonight: dict[str, Any], state: str) -> None:
    formed(books, unit(A, review_level=1), unit(B, review_level=1))
    later = Night(LATER, (unit(A, **{"review_level": 1} | tonight), unit(B, review_level=1)))
    books.apply(later)
    books.form(later)
    assert books.ask("SELECT state FROM batches ORDER BY id LIMIT 1") == [(state,)]
    assert books.breaks() == []


def test_last_years_payments_are_not_batched_on_this_years_rules(books: Books) -> None:
    ready(books, unit(A), on=date(2020, 12, 31))
    night = Night(date(2021, 1, 1), (unit(B), unit(A, decision="ineligible")), regions=NOW)
    books.apply(night)
    books.close(night.on)
    assert [lines(books, batch) for batch in books.form(night)] == [[B]]
    assert books.ask("SELECT max(end_to_end_id) FROM payment_lines") == [(f"21-{REGION}-{B}-01-01",)]


def test_an_older_night_forms_nothing(books: Books) -> None:
    ready(books, unit(A), on=LATER)
    assert books.form(Night(CLEARED, (unit(A),))) == []
    with ledger_event(books.engine, "x", business_date=LATER) as event:
        assert batches.open_batches(event.connection) == []
