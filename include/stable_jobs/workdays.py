"""Working days of mainland China, with public holidays and make-up days (调休).

Source: the State Council's yearly notices, as `chinesecalendar` carries them. It knows a year only once its
notice is out, each November for the year after.
"""

from __future__ import annotations

from datetime import date, timedelta

from stable_jobs.errors import PolicyError

_DAY = timedelta(days=1)


def is_working_day(day: date) -> bool:
    """Whether offices work on the day. PolicyError for a year that the calendar does not know."""
    import chinese_calendar  # type: ignore[import-untyped]  # no py.typed

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError as error:
        raise PolicyError(
            f"working days: expected the public holidays of {day.year} in the package chinesecalendar; "
            f"found none; next: pip install --upgrade chinesecalendar (requirements.in pins it; the State "
            f"Council publishes a year's holidays in the November before), then run again"
        ) from error


def add_working_days(day: date, count: int) -> date:
    """The `count`-th working day after `day`, which is not counted itself; count 0: `day`.

    ValueError for a negative count, PolicyError for an unknown year.
    """
    if count < 0:
        raise ValueError(f"a number of working days is not negative: {count}")
    for _ in range(count):
        day = _next_working_day(day)
    return day


def notice_ends_on(opened: date, working_days: int) -> date:
    """The business date from which a notice opened on `opened` counts as over (domain: section 5).

    The calendar day after its last working day; with 0 working days the opening day itself.
    """
    return opened if working_days == 0 else add_working_days(opened, working_days) + _DAY


def _next_working_day(day: date) -> date:
    day += _DAY
    while not is_working_day(day):
        day += _DAY
    return day
