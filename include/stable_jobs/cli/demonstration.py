"""The search for `stable-jobs-demo`, which no department and no bureau's server has installed.

By the entry points of that one distribution. No other is asked: none may add a command to what moves money.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from importlib.metadata import EntryPoints, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer
from typer.core import TyperGroup
from typer.main import get_command

from stable_jobs.errors import UsageError

if TYPE_CHECKING:
    from stable_jobs.bank.banks import Banks

DISTRIBUTION = "stable-jobs-demo"
COMMANDS = "stable_jobs.commands"
BANK_STAND_IN = "stable_jobs.bank_stand_in"
COMMAND = "demo"


class BankDay(Protocol):
    """The stand-in's result: payment files answered now, and their lines by outcome."""

    @property
    def files(self) -> Sequence[Path]:
        """The payment files."""

    @property
    def paid(self) -> int:
        """Lines paid."""

    @property
    def returned(self) -> int:
        """Lines sent back."""

    @property
    def forgotten(self) -> int:
        """Lines that have no answer."""


class AnswerPayments(Protocol):
    """Answers every payment file published in or below `folder` that has no answer yet in `answers`."""

    def __call__(
        self, folder: Path, answers: Path, seed: int, *, banks: Banks, on: date | None = None
    ) -> BankDay:
        """on: the day of booking; None: the day that the file asks for."""


class Commands(TyperGroup):
    """The product's commands, and the demonstration's where it is installed.

    The demonstration is looked for when a word is none of the product's, and when all commands are listed.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """The demonstration's commands first: a newcomer begins with them."""
        self._add_the_demonstration()
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """UsageError for the demonstration's command where it is not installed."""
        if cmd_name not in self.commands:
            self._add_the_demonstration()
        if cmd_name == COMMAND and cmd_name not in self.commands:
            raise _not_installed(f"`stable-jobs {COMMAND}`")
        return super().get_command(ctx, cmd_name)

    def _add_the_demonstration(self) -> None:
        self.commands = {**_commands(), **self.commands}


def find_bank_stand_in() -> AnswerPayments:
    """The demonstration's stand-in for the bank; UsageError where it is not installed."""
    for found in _entry_points(BANK_STAND_IN):
        answer_payments: AnswerPayments = found.load()
        return answer_payments
    raise _not_installed("--bank-stand-in")


def _commands() -> dict[str, Any]:
    """Name → command, made as the product's own are."""
    found = {}
    for entry in _entry_points(COMMANDS):
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(entry.name)(entry.load())
        found[entry.name] = get_command(app)
    return found


def _entry_points(group: str) -> EntryPoints:
    """The demonstration's entry points in this group; none if it is not installed."""
    try:
        return distribution(DISTRIBUTION).entry_points.select(group=group)
    except PackageNotFoundError:
        return EntryPoints()


def _not_installed(what: str) -> UsageError:
    return UsageError(
        f"{what} needs the distribution {DISTRIBUTION}, which is not installed; next: in a checkout of the"
        " project `make setup`, or `pip install ./demo` beside an installed stable-jobs"
    )
