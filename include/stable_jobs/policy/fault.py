"""How a wrong policy file is reported: file, place, expected, found, next step."""

from __future__ import annotations

from stable_jobs.errors import PolicyError

NEXT_STEP = "correct this place in the policy file and run again"


def fault(file: str, place: str, expected: str, found: object, next_step: str = NEXT_STEP) -> PolicyError:
    """A PolicyError that says all five; `found` is shortened to 120 characters."""
    shown = str(found)
    shown = shown if len(shown) <= 120 else shown[:117] + "..."
    return PolicyError(f"{file}: {place}: expected {expected}; found {shown}; next: {next_step}")
