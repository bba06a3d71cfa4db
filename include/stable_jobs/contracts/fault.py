"""How a wrong contract document is reported: file, place, expected, found, next step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from stable_jobs.errors import ContractError, document_fault

NEXT_STEP = "correct this place in the contract file and run again"


def fault(file: Path, place: str, expected: str, found: object, next_step: str = NEXT_STEP) -> ContractError:
    """A ContractError that says all five."""
    return ContractError(document_fault(file, place, expected, found, next_step))


def fault_of(file: Path, place: str, error: ValidationError) -> ContractError:
    """The first thing a model refused, as a fault at its place."""
    first = error.errors(include_url=False)[0]
    where = ".".join([place, *(str(step) for step in first["loc"])])
    return fault(file, where, _expected(first["type"], first["msg"]), _found(first))


def _expected(kind: str, message: str) -> str:
    known = {"missing": "a value", "extra_forbidden": "no such key"}
    return known.get(kind, message)


def _found(error: Any) -> str:
    return "nothing" if error["type"] == "missing" else repr(error["input"])
