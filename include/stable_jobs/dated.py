"""Effective dates: the one as-of function that contracts and parameters share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar


class Dated(Protocol):
    """Something that holds from a date on, until the next one of its kind."""

    @property
    def effective_from(self) -> date:
        """The first day on which it holds."""
        ...


T = TypeVar("T", bound=Dated)


def as_of(versions: Iterable[T], on: date) -> T | None:
    """The newest version with `effective_from <= on`; None if there is none yet."""
    in_force = [v for v in versions if v.effective_from <= on]
    return max(in_force, key=lambda v: v.effective_from, default=None)
