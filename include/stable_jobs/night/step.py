"""A step: one function of an open night, which the command line and a scheduler's task call by the same name.

The command line opens a night once, holds its business date and calls the steps as plain functions. A task
runs in a process of its own: `Step.task` opens the night, holds the date, reads the results that other tasks
handed on, runs the step, tells people about the result and hands it on as small JSON: ids, counts, yuan as
text. Rows stay in the lake and promises in the database.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, update_wrapper
from types import UnionType
from typing import (
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from stable_jobs.errors import UsageError
from stable_jobs.garbage import collect_rarely
from stable_jobs.night.context import NightContext, open_night
from stable_jobs.night.dates import refuse_future
from stable_jobs.settings import instant, read_settings
from stable_jobs.store.database import business_date_lock

log = logging.getLogger(__name__)
Json_co = TypeVar("Json_co", covariant=True)
"""Plain values only, as `json.dumps` writes them: what a scheduler's database keeps."""
Given = ParamSpec("Given")
Made_co = TypeVar("Made_co", covariant=True)


class Result(Generic[Json_co]):
    """The result of a step; its classes are frozen dataclasses."""

    def as_json(self, night: NightContext) -> Json_co:
        """The plain values that a task hands on."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, night: NightContext, handed: object) -> Self:
        """The result that a task before handed on. UsageError for anything else: nothing is trusted."""
        raise NotImplementedError

    def tell(self, night: NightContext) -> None:
        """Tell people what they must know: a task does this after its step, since nobody watches it.

        StepsMissing where a red task is the message.
        """


@dataclass(frozen=True)
class Run:
    """The scheduler's run that a task belongs to, as the scheduler says it.

    business_date: `YYYY-MM-DD`. known_at: an instant, for the night as it was known then.
    """

    business_date: str | None
    known_at: str | None = None
    is_backfill: bool = False


@contextmanager
def open_run(run: Run) -> Iterator[NightContext]:
    """The stores of the run's night, its date not held. UsageError for no business date or a future one."""
    collect_rarely()
    on, moment = read_date(run.business_date), _instant(run.known_at)
    refuse_future(on)
    with open_night(read_settings(), on, moment, is_backfill=run.is_backfill) as night:
        yield night


@contextmanager
def hold_run(run: Run) -> Iterator[NightContext]:
    """The same, the date held by this process: a second run of the same date waits."""
    with open_run(run) as night, business_date_lock(night.database, night.business_date):
        yield night


def read_date(text: str | None) -> date:
    """The business date of a run's partition key. UsageError for any other spelling than YYYY-MM-DD."""
    try:
        found = date.fromisoformat(text or "")
        if found.isoformat() != text:  # another spelling would be another partition of the same night
            raise ValueError(text)
        return found
    except ValueError as error:
        raise UsageError(
            f"the run has no business date: its partition key is {text!r}; trigger it with a partition key"
            " such as 2020-05-11"
        ) from error


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return instant(text)
    except ValueError as error:
        raise UsageError(f"known_at {text!r} is not an instant such as 2020-05-11T20:00+08:00") from error


class Step(Generic[Given, Made_co]):
    """A function of a night that is also a scheduler's task."""

    def __init__(
        self,
        function: Callable[Concatenate[NightContext, Given], Made_co],
        logged: str | None,
        holds_date: bool,
    ) -> None:
        update_wrapper(self, function)
        self._function, self._logged = function, logged
        self._opened = hold_run if holds_date else open_run

    def __call__(self, night: NightContext, /, *given: Given.args, **named: Given.kwargs) -> Made_co:
        """Run the step in a night that is open, as the command line does."""
        return self._function(night, *given, **named)

    def task(self: Step[..., Result[Json_co]], run: Run, /, *handed: object, **named: object) -> Json_co:
        """Run the step in a process of its own and return plain JSON.

        handed, named: the step's arguments. One that the step declares as a `Result` is given as the JSON
        that another task handed on, and checked before anything is done with it.
        """
        with self._opened(run) as night:
            given = self._read(night, handed, named)
            made = self._function(night, **given)
            made.tell(night)
            found = made.as_json(night)
        if self._logged is not None:
            log.info("%s: %s", self._logged.format(**given), found)
        return found

    def _read(
        self, night: NightContext, handed: tuple[object, ...], named: Mapping[str, object]
    ) -> dict[str, Any]:
        """Every argument by name, each result read back from JSON."""
        bound = inspect.signature(self._function).bind(night, *handed, **named).arguments
        return {name: _from_json(self._types[name], night, value) for name, value in list(bound.items())[1:]}

    @cached_property
    def _types(self) -> dict[str, Any]:
        return get_type_hints(self._function)


def _from_json(declared: Any, night: NightContext, value: Any) -> Any:
    """The argument as its declared type; only a `Result`, a list of them or one that may be None is read."""
    kinds = get_args(declared)
    if get_origin(declared) in (Union, UnionType) and type(None) in kinds:
        return None if value is None else _from_json(kinds[0], night, value)
    if get_origin(declared) is list and issubclass(kinds[0], Result):
        return [kinds[0].from_json(night, one) for one in value]
    if isinstance(declared, type) and issubclass(declared, Result):
        return declared.from_json(night, value)
    return value


def step(
    *, logged: str | None = None, holds_date: bool = True
) -> Callable[[Callable[Concatenate[NightContext, Given], Made_co]], Step[Given, Made_co]]:
    """Make a function of a night a `Step`.

    logged: the words before the JSON in the line that a task logs, with the step's arguments in braces; None
    logs no line. holds_date: whether a task holds the business date meanwhile.
    """

    def decorate(function: Callable[Concatenate[NightContext, Given], Made_co]) -> Step[Given, Made_co]:
        return Step(function, logged, holds_date)

    return decorate
