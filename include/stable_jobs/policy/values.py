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

_SHARE = re.compile(r"\d(\.\d{1,4})?")


def parse(parameter: Parameter, raw: object) -> Parsed:
    """The value in code. Raises ValueError whose text is what was expected."""
    if raw is None:
        return None
    return _by_size(parameter, raw) if parameter.by_size else _scalar(parameter, raw)


def _by_size(parameter: Parameter, raw: object) -> Mapping[str, Scalar]:
    if not isinstance(raw, dict):
        return dict.fromkeys(SIZES, _scalar(parameter, raw))
    if not raw or not set(raw) <= set(SIZES):
        raise ValueError(f"one value, or one for some of {', '.join(SIZES)}")
    return {size: _scalar(parameter, raw[size]) for size in SIZES if size in raw}


def _scalar(parameter: Parameter, raw: object) -> Scalar:
    return _READERS[parameter.unit](parameter, raw)


def _share(_: Parameter, raw: object) -> Decimal:
    if not isinstance(raw, str) or not _SHARE.fullmatch(raw):
        raise ValueError('a share as text with at most 4 places, like "0.055"')
    return Decimal(raw)


def _count(_: Parameter, raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= 100_000:
        raise ValueError("a whole number from 0 to 100000")
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
    if not parameter.codes and raw != PROVINCE and not re.fullmatch(r"\d{6}", raw):
        raise ValueError(f"six digits as text, or {PROVINCE}")
    return raw


def _list(parameter: Parameter, raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
        raise ValueError("a list of words")
    if not set(raw) <= set(parameter.codes) or len(set(raw)) != len(raw):
        raise ValueError(f"different words out of {', '.join(parameter.codes)}")
    return tuple(raw)


_READERS: dict[Unit, Callable[[Parameter, object], Scalar]] = {
    Unit.SHARE: _share,
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
