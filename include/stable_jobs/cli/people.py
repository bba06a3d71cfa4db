"""What commands that a person answers for have in common: who, why, where, and one event of the ledger."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from stable_jobs.cli.options import read_home
from stable_jobs.credit_code import may_be_shown
from stable_jobs.errors import UsageError
from stable_jobs.regions import NATION, is_known
from stable_jobs.rendering.text import visible

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stable_jobs.ledger.event import Event

AMOUNT = re.compile(r"[0-9]{1,16}(?:\.[0-9]{1,2})?")
SYSTEM = "stable-jobs"
"""The actor of what no person did: nobody may go by that name."""
DIGITS = re.compile(r"[0-9]{16,}")
"""As long as a bank's account; a credit code may be all digits too."""


def read_person(name: str) -> str:
    """A person's name without the blanks around it; UsageError for none, a hidden character, or our own."""
    person = _line(name, "--by")
    if unicodedata.normalize("NFKC", person).casefold() == SYSTEM:
        raise UsageError(f"{SYSTEM} is the name of what no person did: give your own")
    return person


def read_reason(text: str | None) -> str | None:
    """A reason on one line; UsageError for an empty one and for one that shows an account."""
    if text is None:
        return None
    reason = _line(text, "--reason")
    if not all(may_be_shown(digits) for digits in DIGITS.findall(reason)):
        raise UsageError(
            "--reason shows an account number: it is kept for good and read by many; leave it out"
        )
    return reason


def read_region(code: str | None) -> str | None:
    """A region's code; UsageError for one that is no division. None stays None."""
    if code is not None and not is_known(code):
        raise UsageError(f"{visible(code)} is no region; expected six digits (GB/T 2260) such as 610100")
    return code


def read_area(code: str) -> str:
    """A region's code, or `000000` for all of them."""
    return code if code == NATION else str(read_region(code))


def read_unit(code: str) -> str:
    """A unit's code as the ledger writes it: half width, upper case, no blanks around."""
    return unicodedata.normalize("NFKC", code).strip().upper()


def read_amount(text: str) -> Decimal:
    """Yuan, 0 or more, in whole fen."""
    if not AMOUNT.fullmatch(text):
        raise UsageError(f"{visible(text)} is no amount in yuan; expected such as 1000000.00")
    return Decimal(text)


def _line(text: str, option: str) -> str:
    line = text.strip()
    if not line:
        raise UsageError(f"{option} is empty: the ledger keeps who decided what, and why")
    if visible(line) != line:
        raise UsageError(
            f"{option} has characters that cannot be seen: {visible(line)}; write it on one line"
        )
    return line


ByOption = Annotated[str, typer.Option("--by", callback=read_person, help="Who does it.")]
ReasonOption = Annotated[str, typer.Option("--reason", callback=read_reason, help="Why; kept for good.")]
RegionOption = Annotated[
    str, typer.Option("--region", callback=read_region, help="Six-digit region code (GB/T 2260).")
]
BelowOption = Annotated[
    str | None, typer.Option("--region", callback=read_region, help="Only this region and those below it.")
]
UnitOption = Annotated[
    str, typer.Option("--uscc", callback=read_unit, help="The enterprise's unified social credit code.")
]


@contextmanager
def deed(kind: str, by: str, subject: str = "") -> Iterator[Event]:
    """What one person does: one event of the ledger in that person's name, of no night; all or nothing."""
    from stable_jobs.ledger.event import ledger_event
    from stable_jobs.store.database import database

    with database(read_home()) as engine, ledger_event(engine, kind, actor=by, subject=subject) as event:
        yield event


@contextmanager
def reading() -> Iterator[Connection]:
    """A connection that sees the ledger as it is at one moment."""
    from stable_jobs.store.database import database

    with (
        database(read_home()) as engine,
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
    ):
        yield connection
