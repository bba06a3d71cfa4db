"""What can go wrong, written for the person who must act.

    StableJobsError
    ├── UsageError            the command line or a setting is wrong           (exit 2)
    ├── ContractError         a contract document is wrong                     (exit 1)
    ├── PolicyError           a policy file is wrong or a parameter is missing (exit 1)
    ├── DeliveryRefused       one delivery cannot be taken; carries a Problem  (never ends a night)
    ├── LedgerRefused         a rule of the ledger forbids it                  (exit 1)
    └── StepError             the machinery broke                              (exit 1)
        └── StepsMissing      steps before did not succeed: repeating this one mends nothing

Exceptions do no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with what a department sent: what, where, expected, found, next step, who owes.

    `rule` is a stable id. `row` is the 1-based data row (the header is not counted); None where the whole
    file is meant. `found` never holds an account number.
    """

    rule: str
    what_zh: str
    what_en: str
    department: str
    extract: str
    region: str
    expected: str
    found: str
    next_step_zh: str
    next_step_en: str
    owes: str
    row: int | None = None
    column: str | None = None

    def sentence(self) -> str:
        """One line for a log or a terminal."""
        where = f"{self.department}/{self.extract} {self.region}"
        if self.row is not None:
            where += f" row {self.row}"
        if self.column is not None:
            where += f" column {self.column}"
        return (
            f"{where}: {self.what_zh} {self.what_en} [{self.rule}]; expected {self.expected}; "
            f"found {self.found}; next: {self.next_step_zh} {self.next_step_en}; owed by {self.owes}"
        )

    def as_dict(self) -> dict[str, str | int | None]:
        """Plain values for JSON, in the order of the fields."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


class StableJobsError(Exception):
    """The root: a message that names what to do next."""


class UsageError(StableJobsError):
    """The command line or a setting is wrong."""


class ContractError(StableJobsError):
    """A contract document is wrong."""


class PolicyError(StableJobsError):
    """A policy file is wrong, or a parameter is missing for a region and date."""


class LedgerRefused(StableJobsError):
    """A rule of the ledger forbids it: an order, a person, a hash, a state."""


class StepError(StableJobsError):
    """A step of the night broke."""


class StepsMissing(StepError):
    """Steps of a run did not succeed; the last one says so, and repeating it mends nothing."""


SHOWN = 120
"""Characters of a found value that a message shows."""


def document_fault(file: object, place: str, expected: str, found: object, next_step: str) -> str:
    """The sentence about a wrong contract or policy file; what was found is shortened."""
    text = str(found)
    shown = text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
    return f"{file}: {place}: expected {expected}; found {shown}; next: {next_step}"


class DeliveryRefused(StableJobsError):
    """One delivery cannot be taken as its contract says."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.sentence())
        self.problem = problem
