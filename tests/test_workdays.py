"""Working days, by the State Council's notices of the holidays of 2020 and 2021."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from stable_jobs.errors import PolicyError
from stable_jobs.workdays import add_working_days, is_working_day, notice_ends_on

CASES = [
    pytest.param("2020-05-11", 5, "2020-05-18", id="a plain week from a Monday"),
    pytest.param("2020-05-11", 0, "2020-05-11", id="no day: the day itself"),
    pytest.param("2020-05-16", 1, "2020-05-18", id="opened on a Saturday"),
    pytest.param("2020-05-15", 1, "2020-05-18", id="over a weekend"),
    pytest.param("2020-01-17", 1, "2020-01-19", id="the make-up Sunday before New Year"),
    pytest.param("2020-01-23", 1, "2020-02-03", id="the New Year holiday, extended in 2020 to 2 February"),
    pytest.param("2020-01-22", 5, "2020-02-06", id="five days across the extended holiday"),
    pytest.param("2020-02-01", 1, "2020-02-03", id="the make-up Saturday that the extension cancelled"),
    pytest.param("2020-04-24", 1, "2020-04-26", id="the make-up Sunday before Labour Day"),
    pytest.param("2020-04-30", 1, "2020-05-06", id="Labour Day, five days long"),
    pytest.param("2020-05-08", 1, "2020-05-09", id="the make-up Saturday of May"),
    pytest.param("2020-05-06", 5, "2020-05-12", id="five days with a make-up Saturday among them"),
    pytest.param("2020-05-09", 1, "2020-05-11", id="opened on a make-up Saturday"),
    pytest.param("2020-06-24", 2, "2020-06-29", id="the make-up Sunday after the Dragon Boat days"),
    pytest.param("2020-09-25", 1, "2020-09-27", id="the make-up Sunday before National Day"),
    pytest.param("2020-09-30", 1, "2020-10-09", id="National Day and Mid-Autumn, eight days long"),
    pytest.param("2020-09-30", 2, "2020-10-10", id="the make-up Saturday after National Day"),
    pytest.param("2019-12-31", 1, "2020-01-02", id="into 2020: one day of New Year"),
    pytest.param("2020-12-31", 1, "2021-01-04", id="into 2021: three days of New Year"),
    pytest.param("2020-12-30", 6, "2021-01-08", id="six days across the year's end"),
]


def working_days_between(after: date, until: date) -> int:
    """Counted day by day: another way than the one that is tested."""
    return sum(is_working_day(after + timedelta(days=n)) for n in range(1, (until - after).days + 1))


@pytest.mark.parametrize(("day", "count", "expected"), CASES)
def test_add(day: str, count: int, expected: str) -> None:
    assert add_working_days(date.fromisoformat(day), count) == date.fromisoformat(expected)


@pytest.mark.parametrize(("day", "count", "expected"), CASES)
def test_between_is_the_inverse(day: str, count: int, expected: str) -> None:
    assert working_days_between(date.fromisoformat(day), date.fromisoformat(expected)) == count


@pytest.mark.parametrize(
    ("opened", "working_days", "expected"),
    [
        pytest.param("2020-05-11", 5, "2020-05-19", id="five days: the day after the last"),
        pytest.param("2020-05-11", 0, "2020-05-11", id="none: at once"),
        pytest.param("2020-05-16", 0, "2020-05-16", id="none, on a Saturday: at once"),
        pytest.param("2020-05-11", 4, "2020-05-16", id="ends on a Friday: clears on the Saturday"),
        pytest.param("2020-05-08", 1, "2020-05-10", id="ends on a make-up Saturday: clears on the Sunday"),
        pytest.param("2020-01-22", 1, "2020-01-24", id="clears on the first day of a holiday"),
        pytest.param("2020-12-25", 4, "2021-01-01", id="ends with the year"),
        pytest.param("2020-05-11", 3, "2020-05-15", id="Liaoyuan's three days"),
        pytest.param("2023-11-16", 6, "2023-11-25", id="Pengze's six days"),
    ],
)
def test_clears(opened: str, working_days: int, expected: str) -> None:
    assert notice_ends_on(date.fromisoformat(opened), working_days) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("after", "until", "expected"),
    [
        pytest.param("2020-05-11", "2020-05-11", 0, id="the same day"),
        pytest.param("2020-05-15", "2020-05-17", 0, id="a weekend"),
        pytest.param("2020-05-01", "2020-05-05", 0, id="a holiday"),
        pytest.param("2020-05-08", "2020-05-10", 1, id="a weekend with a make-up Saturday"),
        pytest.param("2020-12-31", "2021-12-31", 250, id="the whole of 2021"),
    ],
)
def test_between(after: str, until: str, expected: int) -> None:
    assert working_days_between(date.fromisoformat(after), date.fromisoformat(until)) == expected


@pytest.mark.parametrize(
    ("day", "year"),
    [
        pytest.param("2003-12-31", 2003, id="before the first year known"),
        pytest.param("2099-05-11", 2099, id="after the last"),
    ],
)
def test_an_unknown_year_names_the_remedy(day: str, year: int) -> None:
    with pytest.raises(PolicyError, match=f"holidays of {year}.*upgrade chinesecalendar.*run again"):
        is_working_day(date.fromisoformat(day))


def test_the_years_end_runs_into_an_unknown_year() -> None:
    """Each function that would have to look past the last year known says so; none guesses."""
    last = date(max(_known_years()), 12, 31)
    for ask in (add_working_days, notice_ends_on):
        with pytest.raises(PolicyError, match=f"holidays of {last.year + 1}"):
            ask(last, 1)
    with pytest.raises(PolicyError, match=f"holidays of {last.year + 1}"):
        working_days_between(last, date(last.year + 1, 1, 1))
    assert add_working_days(last, 0) == notice_ends_on(last, 0) == last


def _known_years() -> set[int]:
    import chinese_calendar  # type: ignore[import-untyped]  # no py.typed

    return {day.year for day in chinese_calendar.holidays}


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda: add_working_days(date(2020, 5, 11), -1), id="negative count"),
        pytest.param(lambda: notice_ends_on(date(2020, 5, 11), -1), id="negative notice"),
    ],
)
def test_refused(wrong: Callable[[], object]) -> None:
    with pytest.raises(ValueError):
        wrong()
