from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from stable_jobs.errors import UsageError
from stable_jobs.settings import SHANGHAI
from stable_jobs.store import catalog
from stable_jobs.store.catalog import Delivery
from stable_jobs.store.tables import deliveries
from tests.store.conftest import Book

D = date(2020, 5, 11)
HELD = {"held_rule": "taxpayers.rows.fall"}


def at(hour: int) -> datetime:
    return datetime(2020, 5, 11, hour, tzinfo=SHANGHAI)


def test_a_delivery_comes_back_as_recorded(book: Book) -> None:
    made = book.delivery(rows=7, control_total=Decimal("12.30"), file_name="610100.csv")
    assert made == catalog.delivery_by_id(book.connection, made.id)
    assert (made.rows, made.control_total, made.file_name) == (7, Decimal("12.30"), "610100.csv")
    assert (made.status, made.problem, made.staged_snapshot_id) == ("landed", None, None)


def test_the_same_bytes_in_the_same_slot_are_known(book: Book) -> None:
    first = book.delivery(received_at=at(8))
    assert book.delivery(received_at=at(9), rows=99) == first
    assert book.connection.scalar(deliveries.select().with_only_columns(deliveries.c.received_at)) == at(8)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"sequence": 2}, id="sent again"),
        pytest.param({"region_code": "610124"}, id="region"),
        pytest.param({"business_date": date(2020, 5, 12)}, id="date"),
        pytest.param({"extract": "premium_payments"}, id="extract"),
        pytest.param({"sha256": "b" * 64}, id="bytes"),
    ],
)
def test_anything_else_is_another_delivery(book: Book, changed: dict[str, Any]) -> None:
    first = book.delivery(sha256="a" * 64)
    assert book.delivery(**{"sha256": "a" * 64, **changed}).id != first.id


def test_no_manifest_means_no_rows_and_total(book: Book) -> None:
    made = book.delivery(rows=None, control_total=None)
    assert (made.rows, made.control_total) == (None, None)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"region_code": "6101"}, id="region of four digits"),
        pytest.param({"region_code": "61010０"}, id="full-width digit"),
        pytest.param({"sequence": 0}, id="sequence 0"),
        pytest.param({"file_format": "exe"}, id="format"),
        pytest.param({"sha256": "A" * 64}, id="upper-case hash"),
        pytest.param({"size_bytes": -1}, id="size"),
        pytest.param({"rows": -1}, id="rows"),
        pytest.param({"received_at": None}, id="no moment"),
    ],
)
def test_the_database_refuses(book: Book, changed: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        book.delivery(**changed)


def test_staged_and_refused(book: Book) -> None:
    staged, refused = book.staged(), book.refused(sequence=2)
    assert (staged.status, staged.problem) == ("staged", None)
    assert staged.staged_snapshot_id is not None
    assert (refused.status, refused.staged_snapshot_id) == ("refused", None)
    assert refused.problem == book.problem().as_dict()


def test_a_later_reading_replaces_the_earlier(book: Book) -> None:
    delivery = book.refused()
    catalog.mark_staged(book.connection, delivery.id, book.snapshot("new").id)
    assert catalog.delivery_by_id(book.connection, delivery.id).problem is None
    catalog.mark_refused(book.connection, delivery.id, book.problem())
    assert catalog.delivery_by_id(book.connection, delivery.id).status == "refused"


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        pytest.param("a\0b", "a\ufffdb", id="NUL"),
        pytest.param("a\udc80b", "a\ufffdb", id="half a pair"),
        pytest.param("辽源 \U00020000", "辽源 \U00020000", id="beyond the first plane"),
        pytest.param("'; DROP TABLE deliveries --", "'; DROP TABLE deliveries --", id="a statement"),
    ],
)
def test_a_problem_may_hold_hostile_text(book: Book, found: str, kept: str) -> None:
    delivery = book.delivery()
    catalog.mark_refused(book.connection, delivery.id, book.problem(found=found))
    problem = catalog.delivery_by_id(book.connection, delivery.id).problem
    assert problem is not None
    assert problem["found"] == kept


def test_a_refused_delivery_is_taken_up_again_with_its_new_manifest(book: Book) -> None:
    refused = book.refused(rows=None, control_total=None)
    catalog.take_up_again(book.connection, refused.id, rows=5, control_total=Decimal("2.50"))
    again = catalog.delivery_by_id(book.connection, refused.id)
    assert (again.status, again.problem, again.rows, again.control_total) == (
        "landed",
        None,
        5,
        Decimal("2.50"),
    )


def test_unknown_ids(book: Book) -> None:
    with pytest.raises(KeyError):
        catalog.delivery_by_id(book.connection, 404)
    with pytest.raises(KeyError):
        catalog.mark_refused(book.connection, 404, book.problem())


@pytest.fixture
def sent(book: Book) -> dict[str, Delivery]:
    """Two regions, two extracts, two dates; the first region sent twice."""
    return {
        "first": book.staged(),
        "again": book.staged(sequence=2, received_at=at(12)),
        "county": book.staged(region_code="610124"),
        "paid": book.staged(extract="premium_payments"),
        "labor": book.staged(department="labor", extract="insured_units"),
        "before": book.staged(business_date=date(2020, 5, 10)),
        "refused": book.refused(sequence=3, received_at=at(13)),
        "landed": book.delivery(sequence=4, received_at=at(14)),
    }


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        pytest.param({}, ["labor", "paid", "first", "again", "refused", "landed", "county"], id="all"),
        pytest.param({"department": "labor"}, ["labor"], id="department"),
        pytest.param({"extract": "premium_payments"}, ["paid"], id="extract"),
        pytest.param(
            {"extract": "taxpayers", "known_at": at(12)}, ["first", "again", "county"], id="known at noon"
        ),
        pytest.param({"known_at": at(7)}, [], id="known before"),
    ],
)
def test_deliveries_for(
    book: Book, sent: dict[str, Delivery], asked: dict[str, Any], names: list[str]
) -> None:
    found = catalog.deliveries_for(book.connection, D, **asked)
    assert [d.id for d in found] == [sent[name].id for name in names]


@pytest.mark.parametrize(
    ("known_at", "names"),
    [
        pytest.param(None, ["again", "county"], id="the last that could be read"),
        pytest.param(at(12), ["again", "county"], id="on the moment"),
        pytest.param(at(11), ["first", "county"], id="before it was sent again"),
        pytest.param(at(7), [], id="before all"),
    ],
)
def test_current_deliveries(
    book: Book, sent: dict[str, Delivery], known_at: datetime | None, names: list[str]
) -> None:
    found = catalog.current_deliveries(book.connection, D, "taxpayers", known_at)
    assert [d.id for d in found] == [sent[name].id for name in names]


def test_a_release_is_bound_to_bytes_and_rule(book: Book) -> None:
    held = book.staged()
    book.validation("one", book.outcome(held, **HELD))
    made = book.release(held, HELD["held_rule"])
    assert (made.delivery_id, made.sha256, made.rule_id) == (held.id, held.sha256, HELD["held_rule"])
    assert (made.reason, made.released_by, made.released_at) == ("a firm moved away", "王芳", at(21))
    assert catalog.releases(book.connection) == [made]


def test_the_first_release_stands(book: Book) -> None:
    held = book.staged()
    book.validation("one", book.outcome(held, **HELD))
    first = book.release(held, HELD["held_rule"])
    assert book.release(held, HELD["held_rule"], released_by="李强") == first


@pytest.mark.parametrize(
    ("known_at", "names"),
    [
        pytest.param(None, ["early", "late"], id="now"),
        pytest.param(at(22), ["early", "late"], id="on the moment of the second"),
        pytest.param(at(21), ["early"], id="on the moment of the first"),
        pytest.param(at(20), [], id="before both"),
    ],
)
def test_releases_as_known_then(book: Book, known_at: datetime | None, names: list[str]) -> None:
    """Oldest first, whatever the order of the deliveries."""
    later, sooner = book.staged(), book.staged(region_code="610124")
    book.validation("one", book.outcome(later, **HELD), book.outcome(sooner, **HELD))
    made = {"early": book.release(sooner, HELD["held_rule"], released_at=at(21))}
    made["late"] = book.release(later, HELD["held_rule"], released_at=at(22))
    assert catalog.releases(book.connection, known_at) == [made[name] for name in names]


@pytest.mark.parametrize(
    ("rule", "changed", "says"),
    [
        pytest.param("taxpayers.other", {}, "held by taxpayers.rows.fall", id="another rule"),
        pytest.param(HELD["held_rule"], {"reason": " "}, "--reason", id="no reason"),
        pytest.param(HELD["held_rule"], {"released_by": ""}, "--by", id="no name"),
    ],
)
def test_a_release_is_refused(book: Book, rule: str, changed: dict[str, str], says: str) -> None:
    held = book.staged()
    book.validation("one", book.outcome(held, **HELD))
    with pytest.raises(UsageError, match=says):
        book.release(held, rule, **changed)


def test_a_refused_delivery_cannot_be_released(book: Book) -> None:
    with pytest.raises(UsageError, match="sent again"):
        book.release(book.refused(), "delivery.rows")


def test_a_delivery_that_nothing_holds_cannot_be_released(book: Book) -> None:
    with pytest.raises(UsageError, match="held by no rule"):
        book.release(book.staged(), HELD["held_rule"])


def test_an_unknown_delivery_cannot_be_released(book: Book) -> None:
    with pytest.raises(UsageError, match="no delivery 404"):
        catalog.release_delivery(
            book.connection, 404, rule_id="a", reason="b", released_by="c", released_at=at(21)
        )


SENT = [("610100", 1, "landed"), ("610100", 2, "staged"), ("610100", 3, "refused"), ("610124", 1, "landed")]


@pytest.mark.parametrize(
    ("sent", "replaced"),
    [
        pytest.param(SENT, [0], id="an older one, read or not"),
        pytest.param([("610100", 1, "staged"), ("610100", 1, "staged")], [0], id="the same name again"),
        pytest.param([("610100", 1, "refused"), ("610100", 2, "staged")], [], id="a refused one is refused"),
        pytest.param([("610100", 1, "landed"), ("610100", 2, "landed")], [], id="not read yet"),
        pytest.param([("000000", 1, "landed"), ("610100", 2, "staged")], [], id="another slot"),
    ],
)
def test_superseded(book: Book, sent: list[tuple[str, int, str]], replaced: list[int]) -> None:
    write = {"landed": book.delivery, "staged": book.staged, "refused": book.refused}
    made = [
        write[status](region_code=region, sequence=number, sha256=f"{place:064x}")
        for place, (region, number, status) in enumerate(sent)
    ]
    assert catalog.superseded(made) == {made[place].id for place in replaced}


def test_many_are_recorded_as_one_by_one(book: Book) -> None:
    first = book.delivery(received_at=at(8))
    unsent = ("id", "status", "problem", "staged_snapshot_id")
    values = {name: value for name, value in vars(first).items() if name not in unsent}
    values["received_at"] = at(9)
    again = catalog.record_deliveries(
        book.connection, [{**values, "sequence": 2}, values, {**values, "region_code": "220400"}]
    )
    assert [(one.region_code, one.sequence) for one in again] == [("610100", 2), ("610100", 1), ("220400", 1)]
    assert again[1] == first
    assert catalog.deliveries_by_id(book.connection, [one.id for one in again]) == again
    assert catalog.record_deliveries(book.connection, []) == []
    with pytest.raises(KeyError):
        catalog.deliveries_by_id(book.connection, [404])
