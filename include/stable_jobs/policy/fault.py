"""How a wrong policy file is reported: file, place, expected, found, next step."""

from __future__ import annotations

from stable_jobs.errors import PolicyError, document_fault

NEXT_STEP = "correct this place in the policy file and run again"


def fault(file: str, place: str, expected: str, found: object, next_step: str = NEXT_STEP) -> PolicyError:
    """A PolicyError that says all five."""
    return PolicyError(document_fault(file, place, expected, found, next_step))
