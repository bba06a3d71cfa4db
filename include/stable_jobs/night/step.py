"""A step of the night: which dates may be run, and the frame in which each step's function runs."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, update_wrapper
from pathlib import Path
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

from sqlalchemy import text

from stable_jobs import settings as clock
from stable_jobs.errors import UsageError
from stable_jobs.garbage import collect_rarely
from stable_jobs.intake.connectors import DroppedFiles
from stable_jobs.ledger.notices import decision_taken
from stable_jobs.night.context import NightContext, open_night
from stable_jobs.settings import Settings, instant, read_settings
from stable_jobs.store.catalog import deliveries_for
from stable_jobs.store.database import business_date_lock

# --- Dates ---
# Which dates and places a night may be run for: not after today, not where nothing ever came.

WHERE = "set STABLE_JOBS_HOME and STABLE_JOBS_LANDING (docs/how-to/settings.md)"


def refuse_future(business_date: date) -> None:
    """UsageError for a date after today, in Shanghai: nothing can have been delivered for it."""
    today = clock.now().date()
    if business_date > today:
        raise UsageError(
            f"{business_date} is after today: expected {today} (Asia/Shanghai) or earlier; nothing was done;"
            " next: check the date"
        )


def check_places(settings: Settings, business_date: date) -> None:
    """UsageError for a home or a landing folder that is not there, or has nothing to begin with.

    Said before anything is opened, so that a mistyped path gets no database of its own.
    """
    home, landing = settings.home, settings.landing_root
    if not home.is_dir():
        raise UsageError(
            f"there is no home {home.absolute()}: expected an existing folder; next: {WHERE}, or make it"
        )
    if not landing.is_dir():
        raise UsageError(
            f"there is no landing folder {landing.absolute()}: expected the folder in which departments drop"
            f" their deliveries; next: {WHERE}, or `stable-jobs demo` for a demonstration"
        )
    if not has_database(settings) and not _holds_any(landing, business_date.isoformat()):
        raise UsageError(_never_any(settings, business_date))


def has_database(settings: Settings) -> bool:
    """Whether there is a database to look into: a server named by the settings, or one in the home."""
    return settings.database_url is not None or (settings.home / "postgres" / "PG_VERSION").is_file()


def require_database(settings: Settings) -> None:
    """UsageError for a home in which no night was ever run: nothing is made where somebody only looks."""
    if not has_database(settings):
        raise UsageError(
            f"there is no database in {settings.home.absolute()}: no night was ever run there; next: {WHERE},"
            " or run `stable-jobs night --date D` (or `stable-jobs db init`) first"
        )


def require_came(night: NightContext) -> None:
    """UsageError where no delivery of the business date came from anybody."""
    sentence = nothing_came(night)
    if sentence is not None:
        raise UsageError(
            f"{sentence}; nothing was done; next: check the date;"
            f" `stable-jobs night --date {night.business_date} --yes` runs it all the same,"
            " with what earlier deliveries still count for"
        )


def nothing_came(night: NightContext) -> str | None:
    """A sentence if no delivery of the business date is in the folder or known, and no night of it counts.

    UsageError if no delivery of any date was ever received: a night would have no data.
    """
    on = night.business_date
    with night.database.connect() as connection:
        if deliveries_for(connection, on) or decision_taken(connection, on) is not None or _lies(night):
            return None
        ever = connection.scalar(text("SELECT max(business_date) FROM deliveries"))
        newest = connection.scalar(text("SELECT max(business_date) FROM standing_nights"))
    if ever is None:
        raise UsageError(_never_any(night.settings, on))
    return f"no department delivered anything for {on} (the newest night is {newest or 'none'})"


def _lies(night: NightContext) -> bool:
    """Whether a file of the date lies in the landing folder of any department."""
    connector = DroppedFiles(night.settings.landing_root)
    return any(
        connector.list_files(contract.department, contract.extract, night.business_date).files
        for contract in night.contracts.values()
    )


def _holds_any(landing: Path, folder: str = "[0-9]*-*-*") -> bool:
    """Whether anything lies where a department drops a delivery of that date, or of some date."""
    return any(path.is_file() for path in landing.glob(f"*/*/{folder}/*"))


def _never_any(settings: Settings, business_date: date) -> str:
    """No delivery was ever taken, and none of the date is there to begin with."""
    landing = settings.landing_root
    if _holds_any(landing):
        found = "deliveries of other dates only, and none was ever taken"
    else:
        found = "no delivery of any date"
    return (
        f"nothing was delivered for {business_date}: expected"
        f" {landing.absolute()}/<department>/<extract>/{business_date}/<region>.csv, found {found};"
        f" nothing was done; next: check the date, and {WHERE}"
    )


# --- Steps ---
# A step: one function of an open night, which the command line and a scheduler's task call by the same name.
#
# The command line opens a night once, holds its business date and calls the steps as plain functions. A task
# runs in a process of its own: `Step.task` opens the night, holds the date, reads the results that other
# tasks handed on, runs the step, tells people about the result and hands it on as small JSON: ids, counts,
# yuan as text. Rows stay in the lake and promises in the database.

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
