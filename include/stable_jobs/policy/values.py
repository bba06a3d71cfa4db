"""The text of one policy value, read by its parameter's unit. Wrong text is a `ValueError` saying what
was expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from stable_jobs.policy.catalogue import PROVINCE, SIZES, Parameter, Unit

Scalar = bool | int | Decimal | date | str | tuple[str, ...]
Parsed = Scalar | Mapping[str, Scalar] | None
"""What a value is in code; by size: one per size; None: ended, or not set."""

_DECIMAL = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4})?")
_LIKE = {Unit.SHARE: "0.055", Unit.FACTOR: "3"}


def parse(parameter: Parameter, raw: object, year: int) -> Parsed:
    """The value in code, of that policy year. Raises ValueError whose text is what was expected."""
    if raw is None:
        return None
    found = _by_size(parameter, raw) if parameter.by_size else _scalar(parameter, raw)
    if isinstance(found, date) and found.year not in (year, year + 1):
        raise ValueError(f"a date in the policy year {year} or the year after it")
    return found


def _by_size(parameter: Parameter, raw: object) -> Mapping[str, Scalar]:
    if not isinstance(raw, dict):
        return dict.fromkeys(SIZES, _scalar(parameter, raw))
    if not raw or not set(raw) <= set(SIZES):
        raise ValueError(f"one value, or one for some of {', '.join(SIZES)}")
    return {size: _scalar(parameter, raw[size]) for size in SIZES if size in raw}


def _scalar(parameter: Parameter, raw: object) -> Scalar:
    return _READERS[parameter.unit](parameter, raw)


def _decimal(parameter: Parameter, raw: object) -> Decimal:
    low, high = parameter.limits
    if not isinstance(raw, str) or not _DECIMAL.fullmatch(raw) or not low <= Decimal(raw) <= high:
        like = _LIKE[parameter.unit]
        raise ValueError(
            f'a {parameter.unit} from {low} to {high} as text with at most 4 places, like "{like}"'
        )
    return Decimal(raw)


def _count(parameter: Parameter, raw: object) -> int:
    low, high = parameter.limits
    if isinstance(raw, bool) or not isinstance(raw, int) or not low <= raw <= high:
        raise ValueError(f"a whole number from {low} to {high}")
    return raw


def _month(_: Parameter, raw: object) -> int:
    if raw != 1 or isinstance(raw, bool):
        raise ValueError("1 (January), the only stand-in month there is")
    return 1


def _date(_: Parameter, raw: object) -> date:
    if type(raw) is not date:
        raise ValueError("a date like 2020-12-31")
    return raw


def _flag(_: Parameter, raw: object) -> bool:
    if not isinstance(raw, bool):
        raise ValueError("true or false")
    return raw


def _code(parameter: Parameter, raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError("a word as text")
    if parameter.codes and raw not in parameter.codes:
        raise ValueError(f"one of {', '.join(parameter.codes)}")
    if not parameter.codes and raw != PROVINCE and not re.fullmatch(r"[0-9]{6}", raw):
        raise ValueError(f"six digits as text, or {PROVINCE}")
    return raw


def _list(parameter: Parameter, raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
        raise ValueError("a list of words")
    if not set(raw) <= set(parameter.codes) or len(set(raw)) != len(raw):
        raise ValueError(f"different words out of {', '.join(parameter.codes)}")
    return tuple(raw)


_READERS: dict[Unit, Callable[[Parameter, object], Scalar]] = {
    Unit.SHARE: _decimal,
    Unit.FACTOR: _decimal,
    Unit.YUAN: _count,
    Unit.MONTHS: _count,
    Unit.PERSONS: _count,
    Unit.PEOPLE: _count,
    Unit.WORKING_DAYS: _count,
    Unit.UNITS: _count,
    Unit.MONTH: _month,
    Unit.DATE: _date,
    Unit.FLAG: _flag,
    Unit.CODE: _code,
    Unit.LIST: _list,
}
