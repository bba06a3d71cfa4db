from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from stable_jobs.settings import SHANGHAI
from stable_jobs.store import catalog
from stable_jobs.store.catalog import fingerprint
from tests.store.conftest import Book, D


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, id="order of arguments"),
        pytest.param({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}, id="order of keys"),
        pytest.param({"a": {"x": 1}}, {"a": MappingProxyType({"x": 1})}, id="any mapping"),
        pytest.param({"a": {"x", "y"}}, {"a": frozenset({"y", "x"})}, id="sets have no order"),
        pytest.param({"a": (1, 2)}, {"a": [1, 2]}, id="tuple and list"),
        pytest.param({"a": date(2020, 5, 11)}, {"a": "2020-05-11"}, id="a date is its text"),
        pytest.param({"a": Decimal("0.50")}, {"a": "0.50"}, id="a decimal is its text"),
        pytest.param({"a": PurePosixPath("b/c")}, {"a": "b/c"}, id="a path is its text"),
    ],
)
def test_fingerprint_is_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert fingerprint(**one) == fingerprint(**other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"a": "1"}, {"a": 1}, id="text and number"),
        pytest.param({"a": [1, 2]}, {"a": [2, 1]}, id="lists have an order"),
        pytest.param({"a": None}, {}, id="none and absent"),
        pytest.param({"a": Decimal("0.5")}, {"a": Decimal("0.50")}, id="places of a decimal"),
        pytest.param({"a": "西安"}, {"a": "辽源"}, id="Chinese"),
        pytest.param({"a": ["b", "c"]}, {"a": ["b,c"]}, id="no joining"),
        pytest.param(
            {"a": datetime(2020, 5, 11, 8, tzinfo=SHANGHAI)},
            {"a": date(2020, 5, 11)},
            id="a moment and its day",
        ),
    ],
)
def test_fingerprint_differs(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert fingerprint(**one) != fingerprint(**other)


def test_fingerprint_is_the_sha256_of_canonical_json() -> None:
    # printf '{"a":[1,"西安"]}' | sha256sum
    assert fingerprint(a=[1, "西安"]) == "a50ead671f1531e8fff993ce42bb4dc4d605a3a5c1605579459b4734ca8bd97c"


@pytest.mark.parametrize(
    ("value", "error"),
    [
        pytest.param(object(), TypeError, id="object"),
        pytest.param(b"bytes", TypeError, id="bytes"),
        pytest.param(float("nan"), ValueError, id="not a number"),
    ],
)
def test_fingerprint_refuses(value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        fingerprint(a=value)


def test_snapshot_is_found_by_kind_and_inputs(book: Book) -> None:
    made = book.snapshot("one", kind="eligibility")
    assert catalog.find_snapshot(book.connection, "eligibility", made.fingerprint) == made
    assert catalog.find_snapshot(book.connection, "payees", made.fingerprint) is None
    assert catalog.snapshot_by_id(book.connection, made.id) == made


def test_second_registration_returns_the_first(book: Book) -> None:
    first = book.snapshot("one")
    assert book.snapshot("one", name="snapshots/other.parquet", rows=99) == first


def test_same_inputs_of_another_kind_are_another_snapshot(book: Book) -> None:
    first = book.snapshot("one")
    other = book.snapshot("one", kind="owed", name="snapshots/other.parquet")
    assert other.id != first.id


def test_the_newest_before_is_the_last_registered_of_the_newest_earlier_date(book: Book) -> None:
    days = {"old": 9, "new": 2, "other": 2, "same": 0, "later": -1}
    made = {key: book.snapshot(key, business_date=D - timedelta(days=n)) for key, n in days.items()}
    book.snapshot("late", business_date=D - timedelta(days=8))
    book.snapshot("owed", kind="owed", business_date=D - timedelta(days=1))
    assert catalog.newest_before(book.connection, "staged", D) == made["other"]
    assert catalog.newest_before(book.connection, "staged", D - timedelta(days=9)) is None


def test_the_earlier_of_a_date_is_the_last_registered_before_it(book: Book) -> None:
    first, second, third = (book.snapshot(key) for key in ("one", "two", "three"))
    other = book.snapshot("four", business_date=D - timedelta(days=1))
    kind = book.snapshot("five", kind="owed")
    found = [catalog.earlier_of_date(book.connection, one) for one in (first, second, third, other, kind)]
    assert found == [None, first, second, None, None]


def test_no_snapshot_of_that_id(book: Book) -> None:
    with pytest.raises(KeyError):
        catalog.snapshot_by_id(book.connection, 404)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"fingerprint": "short"}, id="not a sha256"),
        pytest.param({"rows": -1}, id="negative rows"),
        pytest.param({"kind": ""}, id="no kind"),
        pytest.param({"name": ""}, id="no name"),
        pytest.param({"name": "snapshots/taken.parquet"}, id="a name twice"),
    ],
)
def test_the_database_refuses(book: Book, changed: dict[str, Any]) -> None:
    book.snapshot("taken")
    with pytest.raises(IntegrityError):
        book.snapshot("one", **changed)
