"""Texts of a row as values, on both sides of each limit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from stable_jobs.bank.answers import Unreadable, read_amount, read_day, read_id, read_iso_amount, read_iso_day
from tests.bank.answers.messages import ACCOUNT, ONE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("1234.50", "1234.50", id="two places"),
        pytest.param("1234.5", "1234.50", id="one place"),
        pytest.param("1234", "1234.00", id="whole yuan"),
        pytest.param("1234.50000", "1234.50", id="as many places as ISO 20022 has"),
        pytest.param("0.01", "0.01", id="a fen"),
        pytest.param("999999999999999.99", "999999999999999.99", id="the largest"),
        pytest.param("007", "7.00", id="leading zeros"),
    ],
)
def test_an_amount(text: str, expected: str) -> None:
    assert str(read_iso_amount(text)) == expected
    assert str(read_amount(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("0", id="zero"),
        pytest.param("0.00", id="zero with places"),
        pytest.param("0.004", id="less than a fen"),
        pytest.param("-1.00", id="negative"),
        pytest.param("+1.00", id="with a plus"),
        pytest.param("1.005", id="half a fen"),
        pytest.param("1e3", id="exponent"),
        pytest.param("NaN", id="not a number"),
        pytest.param("Infinity", id="infinity"),
        pytest.param("1.2.3", id="two points"),
        pytest.param(".5", id="no digit before the point"),
        pytest.param("5.", id="no digit after the point"),
        pytest.param("1234567890123456", id="too large"),
        pytest.param("1,23", id="a decimal comma"),
        pytest.param("1,2345.00", id="groups of another size"),
        pytest.param("￥5", id="a sign of currency"),
        pytest.param("1_000", id="underscore"),
        pytest.param("一百", id="words"),
        pytest.param(ACCOUNT, id="an account"),
    ],
)
def test_not_an_amount(text: str) -> None:
    for reader in (read_amount, read_iso_amount):
        with pytest.raises(Unreadable) as caught:
            reader(text)
        assert caught.value.rule == "answer.amount"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("1,234.50", "1234.50", id="groups of three"),
        pytest.param("1,234,567", "1234567.00", id="two groups"),
        pytest.param("１２３４．５０", "1234.50", id="full-width"),
        pytest.param("\t1234.50 ", "1234.50", id="a tab against spreadsheets"),
    ],
)
def test_an_amount_as_a_person_writes_it(text: str, expected: str) -> None:
    assert read_amount(text) == Decimal(expected)
    with pytest.raises(Unreadable):
        read_iso_amount(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(ONE, id="18 characters of unit"),
        pytest.param(f" {ONE}\n", id="with blanks"),
        pytest.param("20-610100-610100000000019-01-02", id="an old registration number"),
        pytest.param("20-610100-91610100MA6T000001-100-1"[:-1] + "01", id="35 characters"),
    ],
)
def test_an_id(text: str) -> None:
    assert read_id(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param(ACCOUNT, id="an account"),
        pytest.param("6222-0212-3456-7890", id="an account with hyphens"),
        pytest.param("NOTPROVIDED", id="as banks fill it in"),
        pytest.param(ONE.lower(), id="lower case"),
        pytest.param(f"{ONE}'; DROP TABLE payments", id="SQL after it"),
        pytest.param(f"{ONE}\n{ONE}", id="two"),
        pytest.param("２０-610100-91610100MA6T000001-01-01", id="full-width digits"),
        pytest.param("20-610100-91610100MA6T000001-100-101", id="36 characters"),
    ],
)
def test_not_an_id(text: str | None) -> None:
    with pytest.raises(Unreadable) as caught:
        read_id(text)

    assert caught.value.rule == "answer.id"


@pytest.mark.parametrize(
    ("text", "date_format", "expected"),
    [
        pytest.param("2020-05-19", "%Y-%m-%d", date(2020, 5, 19), id="with hyphens"),
        pytest.param("20200519", "%Y%m%d", date(2020, 5, 19), id="digits only"),
        pytest.param("19/05/2020", "%d/%m/%Y", date(2020, 5, 19), id="day first"),
        pytest.param(" ２０２０-05-19", "%Y-%m-%d", date(2020, 5, 19), id="full-width"),
        pytest.param(" ", "%Y-%m-%d", None, id="empty"),
    ],
)
def test_a_day(text: str, date_format: str, expected: date | None) -> None:
    assert read_day(text, date_format) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2020-02-30", id="no such day"),
        pytest.param("2020/05/19", id="another format"),
        pytest.param("2020-05-19 10:00", id="a time after it"),
        pytest.param("昨天", id="words"),
    ],
)
def test_not_a_day(text: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_day(text, "%Y-%m-%d")

    assert caught.value.rule == "answer.date"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2020-05-19", id="a date"),
        pytest.param("2020-05-19Z", id="a date in UTC"),
        pytest.param("2020-05-19+08:00", id="a date with an offset"),
        pytest.param("2020-05-19T00:00:00+08:00", id="a time with an offset"),
        pytest.param("2020-05-19T23:59:59.999", id="a time without one"),
    ],
)
def test_an_iso_day(text: str) -> None:
    assert read_iso_day(text) == date(2020, 5, 19)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        pytest.param("2020-05-11T16:30:00Z", date(2020, 5, 12), id="UTC"),
        pytest.param("2020-05-11T15:59:59Z", date(2020, 5, 11), id="UTC, before midnight in Shanghai"),
        pytest.param("2020-12-31T16:00:00Z", date(2021, 1, 1), id="the year's end"),
        pytest.param("2020-05-12T00:30:00+09:00", date(2020, 5, 11), id="an offset to the east"),
        pytest.param("2020-05-11T12:00:00.123-05:00", date(2020, 5, 12), id="an offset to the west"),
        pytest.param("2020-05-11T23:59:59", date(2020, 5, 11), id="local without an offset"),
        pytest.param("2020-05-11Z", date(2020, 5, 11), id="a plain date"),
    ],
)
def test_a_moment_is_booked_on_the_local_day(text: str, day: date) -> None:
    assert read_iso_day(text) == day
    if "T" in text:
        assert read_day(text, "%Y%m%d") == day


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2020-05-19T25:00:00Z", id="no such hour"),
        pytest.param("9999-12-31T23:00:00Z", id="past the end of time"),
        pytest.param("2020-13-01", id="no such month"),
        pytest.param("20200519", id="digits only"),
        pytest.param("2020-05-19 10:00:00", id="a blank for the T"),
        pytest.param("T10:00:00", id="a time only"),
    ],
)
def test_not_an_iso_day(text: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_iso_day(text)

    assert caught.value.rule == "answer.date"
