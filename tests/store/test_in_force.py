"""Which delivery counts: a table of what was sent, what became of it, and what is in force on D."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from stable_jobs.contracts.model import Contract
from stable_jobs.settings import SHANGHAI
from stable_jobs.store import catalog
from stable_jobs.store.catalog import Delivery, DeliveryOutcome, InForce, Validation
from tests.store.conftest import Book

D = date(2020, 5, 11)
RULE = "taxpayers.rows.fall"
TAXPAYERS = Contract(
    department="tax",
    extract="taxpayers",
    version="1",
    effective_from=date(2020, 1, 1),
    title_zh="纳税人",
    title_en="Taxpayers",
    columns=(),
    key=(),
    encoding="utf-8",
    formats=("csv",),
    null_words=(),
    max_bytes=1,
    rows_required=True,
    control_total=(),
    absence="unknown",
    row_region="own",
    subject="unit",
    due_hours=20,
    oldest_days=3,
    tolerance=Decimal("0.05"),
    rules=(),
    fingerprint="0" * 64,
)


@dataclass(frozen=True)
class Sent:
    """One delivery `days` before D. `became`: refused, landed, staged (not validated), accepted or held.

    `parts` are a file for all's regions: region → held or not.
    """

    days: int
    became: str
    sequence: int = 1
    region: str = "610100"
    hour: int = 8
    released_hour: int | None = None
    parts: tuple[tuple[str, bool], ...] = ()


Names = dict[int, tuple[int, int, str]]
"""What (days, sequence, region) each delivery id is."""


@dataclass(frozen=True)
class Expected:
    days: int
    sequence: int = 1
    region: str = "610100"
    is_stand_in: bool = False
    held_parts: tuple[str, ...] = ()


def at(hour: int, days: int = 0) -> datetime:
    return datetime(2020, 5, 11, hour, tzinfo=SHANGHAI) - timedelta(days=days)


def send(book: Book, sent: Sent) -> Delivery:
    known = {"business_date": D - timedelta(days=sent.days), "region_code": sent.region}
    known |= {"sequence": sent.sequence, "received_at": at(sent.hour, sent.days)}
    if sent.became in ("refused", "landed"):
        return book.refused(**known) if sent.became == "refused" else book.delivery(**known)
    return book.staged(**known)


def outcomes(book: Book, sent: Sent, delivery: Delivery) -> list[DeliveryOutcome]:
    parts = sent.parts or ((sent.region, sent.became == "held"),)
    return [
        book.outcome(delivery, region_code=region, held_rule=RULE if is_held else None)
        for region, is_held in parts
    ]


def validate(book: Book, sent: Sent, delivery: Delivery, key: str) -> Validation:
    made = outcomes(book, sent, delivery)
    return book.validation(f"{key}-{delivery.id}", *made, business_date=delivery.business_date)


def play(book: Book, story: Iterable[Sent]) -> Names:
    """Record the story; returns what (days, sequence, region) each delivery id is."""
    names: Names = {}
    for sent in story:
        delivery = send(book, sent)
        names[delivery.id] = (sent.days, sent.sequence, sent.region)
        if sent.became in ("accepted", "held"):
            validate(book, sent, delivery, "first")
        if sent.released_hour is not None:
            book.release(delivery, RULE, released_at=at(sent.released_hour, sent.days))
    return names


def expected_rows(found: Iterable[InForce], names: Names) -> list[Expected | InForce]:
    return [
        Expected(*names[f.delivery_id], f.is_stand_in, f.held_parts)
        if f.business_date == D - timedelta(days=names[f.delivery_id][0])
        else f
        for f in found
    ]


ALL = "000000"
STORIES = [
    pytest.param([], [], id="nothing sent"),
    pytest.param([Sent(0, "accepted")], [Expected(0)], id="accepted today"),
    pytest.param([Sent(0, "landed")], [], id="landed only"),
    pytest.param([Sent(0, "staged")], [], id="not validated yet"),
    pytest.param([Sent(0, "refused")], [], id="refused"),
    pytest.param([Sent(0, "held")], [], id="held"),
    pytest.param([Sent(1, "accepted")], [Expected(1, is_stand_in=True)], id="yesterday's stands in"),
    pytest.param([Sent(3, "accepted")], [Expected(3, is_stand_in=True)], id="just young enough"),
    pytest.param([Sent(4, "accepted")], [], id="too old"),
    pytest.param([Sent(-1, "accepted")], [], id="of tomorrow"),
    pytest.param([Sent(2, "accepted"), Sent(0, "accepted")], [Expected(0)], id="today's before older"),
    pytest.param(
        [Sent(2, "accepted"), Sent(1, "accepted")], [Expected(2 - 1, is_stand_in=True)], id="newest stand-in"
    ),
    pytest.param(
        [Sent(1, "accepted"), Sent(0, "refused")], [Expected(1, is_stand_in=True)], id="refused: stand-in"
    ),
    pytest.param(
        [Sent(1, "accepted"), Sent(0, "held")], [Expected(1, is_stand_in=True)], id="held: stand-in"
    ),
    pytest.param(
        [Sent(1, "accepted"), Sent(0, "staged")],
        [Expected(1, is_stand_in=True)],
        id="not validated: stand-in",
    ),
    pytest.param(
        [Sent(2, "accepted"), Sent(1, "held"), Sent(0, "held")],
        [Expected(2, is_stand_in=True)],
        id="a held one does not stand in",
    ),
    pytest.param([Sent(0, "held", released_hour=21)], [Expected(0)], id="held and released"),
    pytest.param(
        [Sent(1, "held", released_hour=21)],
        [Expected(1, is_stand_in=True)],
        id="a released one stands in",
    ),
    pytest.param(
        [Sent(0, "accepted"), Sent(0, "accepted", 2)], [Expected(0, 2)], id="sent again: the second counts"
    ),
    pytest.param(
        [Sent(0, "accepted", 2), Sent(0, "accepted", 10)], [Expected(0, 10)], id="sequences are numbers"
    ),
    pytest.param(
        [Sent(0, "accepted"), Sent(0, "refused", 2)],
        [Expected(0, 1)],
        id="sent again, refused: first remains",
    ),
    pytest.param(
        [Sent(0, "accepted"), Sent(0, "landed", 2)], [Expected(0, 1)], id="sent again, unread: first remains"
    ),
    pytest.param(
        [Sent(0, "accepted"), Sent(0, "held", 2)], [], id="sent again, held: the first is no stand-in"
    ),
    pytest.param([Sent(0, "held"), Sent(0, "accepted", 2)], [Expected(0, 2)], id="sent again, now accepted"),
    pytest.param(
        [Sent(0, "held", released_hour=21), Sent(0, "held", 2)], [], id="other bytes need their own release"
    ),
    pytest.param(
        [Sent(0, "accepted"), Sent(1, "accepted", region="220400")],
        [Expected(1, region="220400", is_stand_in=True), Expected(0)],
        id="each slot by itself",
    ),
    pytest.param(
        [Sent(0, "accepted"), Sent(0, "accepted", region=ALL, parts=(("220400", False), ("610100", False)))],
        [Expected(0, region=ALL), Expected(0)],
        id="a file for all is a slot",
    ),
    pytest.param(
        [Sent(0, "held", region=ALL, parts=(("220400", True), ("610100", False)))],
        [Expected(0, region=ALL, held_parts=("220400",))],
        id="a file for all, one region held",
    ),
    pytest.param(
        [Sent(0, "held", region=ALL, parts=(("220400", True), ("610100", True)))],
        [],
        id="all its regions held",
    ),
    pytest.param(
        [Sent(0, "held", region=ALL, parts=((ALL, True), ("610100", False)))], [], id="the whole file held"
    ),
    pytest.param(
        [Sent(0, "held", region=ALL, parts=((ALL, True), ("610100", False)), released_hour=21)],
        [Expected(0, region=ALL)],
        id="the whole file held and released",
    ),
]


@pytest.mark.parametrize(("story", "expected"), STORIES)
def test_in_force(book: Book, story: list[Sent], expected: list[Expected]) -> None:
    names = play(book, story)
    found = catalog.in_force(book.connection, D, {"taxpayers": TAXPAYERS})
    assert expected_rows(found, names) == expected


@pytest.mark.parametrize(
    ("hour", "expected"),
    [
        pytest.param(7, [Expected(1, is_stand_in=True)], id="before anything"),
        pytest.param(8, [Expected(0, 1)], id="the first"),
        pytest.param(11, [Expected(0, 1)], id="before it was sent again"),
        pytest.param(12, [Expected(1, is_stand_in=True)], id="sent again and held"),
        pytest.param(20, [Expected(1, is_stand_in=True)], id="before the release"),
        pytest.param(21, [Expected(0, 2)], id="released"),
    ],
)
def test_in_force_as_known_then(book: Book, hour: int, expected: list[Expected]) -> None:
    story = [Sent(1, "accepted"), Sent(0, "accepted"), Sent(0, "held", 2, hour=12, released_hour=21)]
    names = play(book, story)
    found = catalog.in_force(book.connection, D, {"taxpayers": TAXPAYERS}, known_at=at(hour))
    assert expected_rows(found, names) == expected


def test_names_are_the_delivery_s_and_its_validation_s(book: Book) -> None:
    delivery = send(book, Sent(0, "accepted"))
    validation = validate(book, Sent(0, "accepted"), delivery, "one")
    [found] = catalog.in_force(book.connection, D, {"taxpayers": TAXPAYERS})
    quarantine = catalog.snapshot_by_id(book.connection, validation.quarantine_snapshot_id)
    assert found.staged_name == f"snapshots/staged-{delivery.id}.parquet"
    assert found.quarantine_name == quarantine.name
    assert (found.extract, found.region_code) == ("taxpayers", "610100")


@pytest.mark.parametrize(("newer", "count"), [("held", 0), ("accepted", 1)])
def test_the_newest_validation_that_contains_it_judges(book: Book, newer: str, count: int) -> None:
    older = {"held": "accepted", "accepted": "held"}[newer]
    delivery = send(book, Sent(0, older))
    validate(book, Sent(0, older), delivery, "older")
    validate(book, Sent(0, newer), delivery, "newer")
    book.validation("without it")
    assert len(catalog.in_force(book.connection, D, {"taxpayers": TAXPAYERS})) == count


def test_a_night_may_name_its_own_validation(book: Book) -> None:
    delivery = send(book, Sent(0, "accepted"))
    own = validate(book, Sent(0, "accepted"), delivery, "own")
    validate(book, Sent(0, "held"), delivery, "newer")
    contracts = {"taxpayers": TAXPAYERS}
    assert catalog.in_force(book.connection, D, contracts) == []
    [found] = catalog.in_force(book.connection, D, contracts, validation_ids=[own.id])
    assert found.delivery_id == delivery.id


def test_a_release_from_one_rule_is_none_from_another(book: Book) -> None:
    delivery = send(book, Sent(0, "held"))
    validate(book, Sent(0, "held"), delivery, "one")
    book.release(delivery, RULE)
    book.validation("two", book.outcome(delivery, held_rule="taxpayers.tolerance"))
    assert catalog.in_force(book.connection, D, {"taxpayers": TAXPAYERS}) == []


def test_each_contract_has_its_own_age(book: Book) -> None:
    for extract in ("taxpayers", "premium_payments"):
        delivery = book.staged(extract=extract, business_date=D - timedelta(days=2))
        outcome = book.outcome(delivery)
        book.validation(extract, outcome, extract=extract, business_date=delivery.business_date)
    strict = replace(TAXPAYERS, extract="premium_payments", oldest_days=1)
    found = catalog.in_force(book.connection, D, {"taxpayers": TAXPAYERS, "premium_payments": strict})
    assert [f.extract for f in found] == ["taxpayers"]


def test_another_department_s_file_of_that_name_does_not_count(book: Book) -> None:
    delivery = book.staged(department="economy")
    book.validation("one", book.outcome(delivery))
    assert catalog.in_force(book.connection, D, {"taxpayers": TAXPAYERS}) == []


def test_no_contracts_nothing_in_force(book: Book) -> None:
    play(book, [Sent(0, "accepted")])
    assert catalog.in_force(book.connection, D, {}) == []


@pytest.mark.parametrize(
    ("story", "rows"),
    [
        pytest.param([], {}, id="nothing before"),
        pytest.param([Sent(0, "accepted")], {}, id="the date itself does not count"),
        pytest.param([Sent(40, "accepted")], {"610100": 3}, id="however old"),
        pytest.param([Sent(2, "accepted"), Sent(1, "held")], {"610100": 3}, id="a held one is passed over"),
        pytest.param([Sent(1, "held")], {}, id="only a held one"),
        pytest.param([Sent(1, "held", released_hour=21)], {"610100": 3}, id="a released one"),
        pytest.param([Sent(1, "accepted"), Sent(1, "refused", 2)], {"610100": 3}, id="refused re-send"),
        pytest.param(
            [Sent(1, "held", region=ALL, parts=(("220400", False), ("610100", True)))],
            {"220400": 3},
            id="a file for all, by region",
        ),
    ],
)
def test_last_accepted_rows(book: Book, story: list[Sent], rows: dict[str, int]) -> None:
    play(book, story)
    assert catalog.last_accepted_rows(book.connection, "taxpayers", D) == rows


def test_last_accepted_rows_are_the_newest_s(book: Book) -> None:
    for days, rows in ((3, 30), (1, 10), (2, 20)):
        delivery = book.staged(business_date=D - timedelta(days=days))
        outcome = book.outcome(delivery, received=rows, accepted=rows, quarantined=0)
        book.validation(f"{days} days", outcome, business_date=delivery.business_date)
    assert catalog.last_accepted_rows(book.connection, "taxpayers", D) == {"610100": 10}
    assert catalog.last_accepted_rows(book.connection, "taxpayers", D - timedelta(days=2)) == {"610100": 30}


def test_last_accepted_rows_of_one_date_are_the_region_s_own(book: Book) -> None:
    yesterday = D - timedelta(days=1)
    sent = {"610100": {"610100": 5}, ALL: {"610100": 7, "220400": 9}}
    for slot, rows in sent.items():
        delivery = book.staged(region_code=slot, business_date=yesterday)
        counts = [{"region_code": r, "received": n, "accepted": n, "quarantined": 0} for r, n in rows.items()]
        book.validation(slot, *(book.outcome(delivery, **c) for c in counts), business_date=yesterday)
    assert catalog.last_accepted_rows(book.connection, "taxpayers", D) == {"610100": 5, "220400": 9}


def test_held_outcomes_are_the_date_s_current_ones(book: Book) -> None:
    story = [
        Sent(1, "held"),
        Sent(0, "held"),
        Sent(0, "held", 2, released_hour=21),
        Sent(0, "held", region="220400"),
        Sent(0, "accepted", region="620100"),
    ]
    names = play(book, story)
    found = catalog.held_outcomes(book.connection, D)
    assert [(*names[h.delivery_id], h.rule_id, h.is_released) for h in found] == [
        (0, 2, "610100", RULE, True),
        (0, 1, "220400", RULE, False),
    ]
