from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from stable_jobs.store import catalog
from stable_jobs.store.catalog import RuleResult, Validation
from tests.store.conftest import Book

D = date(2020, 5, 11)
DAY = timedelta(days=1)
RULE = RuleResult("taxpayers.uscc.valid", "critical", "row", "610100", 100, 2)


def result(**changed: Any) -> RuleResult:
    return RuleResult(**{**RULE.__dict__, **changed})


def test_a_validation_comes_back_as_recorded(book: Book) -> None:
    outcome = book.outcome(book.staged(), held_rule="taxpayers.rows.fall", held_detail={"rows": 3})
    results = [RULE, result(rule_id="taxpayers.arrears.sign", severity="warning", failed=0)]
    made = book.validation("one", outcome, results=results)
    assert made == catalog.find_validation(book.connection, D, "taxpayers", made.fingerprint)
    assert made.results == (results[1], results[0])
    assert made.outcomes == (outcome,)


def test_the_same_inputs_return_the_first(book: Book) -> None:
    first = book.validation("one", results=[RULE])
    assert book.validation("one", results=[result(failed=99)]) == first


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"business_date": D - DAY}, id="date"),
        pytest.param({"extract": "premium_payments"}, id="extract"),
        pytest.param({"fingerprint": "0" * 64}, id="inputs"),
    ],
)
def test_no_validation_of_other_inputs(book: Book, asked: dict[str, Any]) -> None:
    made = book.validation("one")
    known = {"business_date": D, "extract": "taxpayers", "fingerprint": made.fingerprint}
    assert catalog.find_validation(book.connection, **{**known, **asked}) is None


@pytest.fixture
def three(book: Book) -> list[Validation]:
    """Two of taxpayers, one of another extract, recorded in this order."""
    outcome = book.outcome(book.staged())
    return [
        book.validation("first", outcome, results=[RULE]),
        book.validation("second", extract="premium_payments"),
        book.validation("third", outcome, business_date=D - DAY),
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param([], [], id="none"),
        pytest.param([0], [0], id="one, with all it found"),
        pytest.param([2, 0], [0, 2], id="by id, however asked"),
        pytest.param([1, 1, 0], [0, 1], id="asked twice"),
        pytest.param([0, 1, 2], [0, 1, 2], id="of any extract and date"),
    ],
)
def test_validations_by_id(book: Book, three: list[Validation], asked: list[int], found: list[int]) -> None:
    ids = [three[n].id for n in asked]
    assert catalog.validations_by_id(book.connection, ids) == [three[n] for n in found]


def test_an_unknown_validation_is_named(book: Book, three: list[Validation]) -> None:
    unknown = three[-1].id + 7
    with pytest.raises(KeyError, match=rf"\[{unknown}, {unknown + 1}\]"):
        catalog.validations_by_id(book.connection, [unknown + 1, three[0].id, unknown])


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"failed": 101}, id="more failed than evaluated"),
        pytest.param({"failed": -1}, id="negative"),
        pytest.param({"severity": "fatal"}, id="severity"),
        pytest.param({"scope": "table"}, id="scope"),
        pytest.param({"region_code": ""}, id="region"),
    ],
)
def test_the_database_refuses_a_result(book: Book, changed: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        book.validation("one", results=[result(**changed)])


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"received": 4}, id="a lost row"),
        pytest.param({"accepted": 4, "quarantined": -1}, id="negative"),
        pytest.param({"held_rule": ""}, id="no rule's name"),
        pytest.param({"delivery_id": 404}, id="no such delivery"),
        pytest.param({"region_code": "6101"}, id="region"),
    ],
)
def test_the_database_refuses_an_outcome(book: Book, changed: dict[str, Any]) -> None:
    outcome = book.outcome(book.staged(), **changed)
    with pytest.raises(IntegrityError):
        book.validation("one", outcome)


def test_one_result_per_rule_and_region(book: Book) -> None:
    with pytest.raises(IntegrityError):
        book.validation("one", results=[RULE, result(failed=3)])


def test_history_is_the_newest_validation_of_each_earlier_date(book: Book) -> None:
    book.validation("older", business_date=D - DAY, results=[result(failed=50)])
    for days, failed in ((3, 7), (1, 4), (0, 9)):
        book.validation(f"{days} days", business_date=D - days * DAY, results=[result(failed=failed)])
    book.validation("other", extract="premium_payments", business_date=D - DAY, results=[result(failed=1)])
    history = catalog.results_history(book.connection, "taxpayers", D)
    assert [(p.business_date, p.evaluated, p.failed) for p in history] == [
        (D - 3 * DAY, 100, 7),
        (D - DAY, 100, 4),
    ]


def test_history_is_per_rule_and_region(book: Book) -> None:
    results = [RULE, result(region_code="220400", failed=0), result(rule_id="a", failed=1)]
    book.validation("one", business_date=D - DAY, results=results)
    history = catalog.results_history(book.connection, "taxpayers", D)
    assert [(p.rule_id, p.region_code, p.failed) for p in history] == [
        ("a", "610100", 1),
        (RULE.rule_id, "220400", 0),
        (RULE.rule_id, "610100", 2),
    ]


def test_history_is_of_the_last_nights(book: Book) -> None:
    for days in range(1, 5):
        book.validation(f"{days} days", business_date=D - days * DAY, results=[RULE])
    history = catalog.results_history(book.connection, "taxpayers", D, nights=2)
    assert [p.business_date for p in history] == [D - 2 * DAY, D - DAY]
