"""The problem of a file that intake refuses: its rule and sentences, what was expected, what was found."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stable_jobs.errors import DeliveryRefused, Problem
from stable_jobs.messages.refusals import REFUSALS

SHOWN_CHARACTERS = 60
"""A found value is cut here: a hostile file must not fill a report."""


@dataclass(frozen=True)
class Slot:
    """The owner of a file, which every problem with it must name. `region` is empty if it is not known."""

    department: str
    extract: str
    region: str


def problem(
    slot: Slot, rule: str, *, expected: str, found: str, row: int | None = None, column: str | None = None
) -> Problem:
    """The Problem of that rule (KeyError for an unknown one). `found` must not hold a sensitive value.

    expected, found: in English; `messages.refusals` has the Chinese of each.
    """
    return Problem(
        **vars(REFUSALS[rule]),
        rule=rule,
        department=slot.department,
        extract=slot.extract,
        region=slot.region,
        expected=expected,
        found=found,
        owes=slot.department,
        row=row,
        column=column,
    )


def refused(
    slot: Slot, rule: str, *, expected: str, found: str, row: int | None = None, column: str | None = None
) -> DeliveryRefused:
    """The exception to raise; the arguments are those of `problem`."""
    return DeliveryRefused(problem(slot, rule, expected=expected, found=found, row=row, column=column))


def no_access(slot: Slot, name: str, error: OSError) -> DeliveryRefused:
    """The refusal of a file or folder that the operating system will not let the night read."""
    said = f"{shown(name)}: {error.strerror or type(error).__name__}"
    return refused(slot, "delivery.no_access", expected="a file that the night's user may read", found=said)


def shown(text: str) -> str:
    """A department's text fit for `found`: printable, short, without digits that may be an account."""
    masked = re.sub(r"\d{7,}", lambda run: "*" * len(run.group()), text)
    printable = "".join(c if c.isprintable() else repr(c)[1:-1] for c in masked)
    return printable if len(printable) <= SHOWN_CHARACTERS else printable[:SHOWN_CHARACTERS] + "…"
