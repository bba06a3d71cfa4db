"""The results that other tasks read: as ids, each checked against the catalog and the ledger before its use.

A person who may edit a task's result could pass on anything. So an id counts only if it is of the right kind,
of the run's own date, and, of a decision that promises something, the one in force.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from stable_jobs.contracts.model import DEPARTMENTS
from stable_jobs.errors import UsageError
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.notices import decision_in_force, decision_that_counts, put_in_force
from stable_jobs.night.context import NightContext
from stable_jobs.night.figures import region_figures
from stable_jobs.night.step import Result
from stable_jobs.policy.determine import Decision, decision_by_id
from stable_jobs.rendering.text import visible
from stable_jobs.store.catalog import Validation, current_deliveries, validations_by_id

AGAIN = "next: clear `determine` of this run, so that everything after it runs with what it returns"
VALIDATE_AGAIN = "next: clear the department's `validate` of this run, or trigger the date again"
MANIFEST = re.compile(r"manifest(?:\.[0-9]+)?\.json")
SHOWN = 80


@dataclass(frozen=True)
class Validated(Result[dict[str, Any]]):
    """The validations of one department's extracts."""

    validations: tuple[Validation, ...]

    def as_json(self, night: NightContext) -> dict[str, Any]:
        """`validations` (ids); `received`, `accepted`, `quarantined` rows."""
        outcomes = [o for one in self.validations for o in one.outcomes]
        rows = ("received", "accepted", "quarantined")
        return {
            "validations": [one.id for one in self.validations],
            **{name: sum(getattr(o, name) for o in outcomes) for name in rows},
        }

    @classmethod
    def from_json(cls, night: NightContext, handed: object) -> Self:
        """As `validations_of` checks them."""
        return cls(tuple(validations_of(night, handed)))


@dataclass(frozen=True)
class Determined(Result[dict[str, Any]]):
    """The decision of the night and the validations it rests on, those of the units' joined facts too."""

    decision: Decision
    validations: tuple[Validation, ...]

    def as_json(self, night: NightContext) -> dict[str, Any]:
        """`decision` and `validations` (ids), `rows` decided, `held_regions`, `enterprises` taken, `payable`
        (yuan)."""
        regions = region_figures(night, self.decision, {})
        return {
            "decision": self.decision.id,
            "validations": [one.id for one in self.validations],
            "rows": self.decision.eligibility.rows,
            "held_regions": sum(bool(one.held) for one in regions),
            "enterprises": sum(one.enterprises for one in regions),
            "payable": str(sum((one.payable for one in regions), Decimal("0.00"))),
        }

    @classmethod
    def from_json(cls, night: NightContext, handed: object) -> Self:
        """As `decision_of` and `validations_of` check them. Where the night binds nobody (a backfill, a night
        as known then) the decision needs not be in force."""
        decision = decision_of(night, handed, is_in_force=night.is_binding)
        return cls(decision, tuple(validations_of(night, handed, with_units=True)))


def decide_in_force(night: NightContext, decision: Decision) -> None:
    """Record that this is the date's decision in force: the last one made with all that is known now."""
    with ledger_event(night.database, "decided", business_date=night.business_date) as event:
        put_in_force(event, decision.id)
        event.detail.update(decision=decision.eligibility.fingerprint)


def decision_of(night: NightContext, determined: object, *, is_in_force: bool) -> Decision:
    """The decision that `determine` handed on, if it is one of the business date.

    is_in_force: it must be the date's decision in force, too. UsageError for anything else.
    """
    number = _number(night, "decision", _of(night, determined, "decision"))
    with night.database.connect() as connection:
        try:
            decision = decision_by_id(connection, number)
        except KeyError:
            raise _wrong(night, "decision", number, "the id of a decision", "an id of none") from None
        current = decision_in_force(connection, night.business_date)
    if decision.eligibility.business_date != night.business_date:
        found = f"a decision of {decision.eligibility.business_date}"
        raise _wrong(night, "decision", number, f"a decision of {night.business_date}", found)
    if is_in_force and current != number:
        expected = f"{current}, the one in force" if current else "a decision that `determine` made"
        raise _wrong(night, "decision", number, expected, f"decision {number}")
    return decision


def validations_of(night: NightContext, handed: object, *, with_units: bool = False) -> list[Validation]:
    """The validations that were handed on, if they are the business date's and of its extracts.

    with_units: of the units' joined facts, too. UsageError for anything else.
    """
    numbers = _of(night, handed, "validations")
    if not isinstance(numbers, list):
        raise _wrong(night, "validations", numbers, "a list of ids", type(numbers).__name__)
    ids = [_number(night, "validations", one) for one in numbers]
    with night.database.connect() as connection:
        try:
            found = validations_by_id(connection, ids)
        except KeyError as error:
            raise _wrong(night, "validations", ids, "ids of validations", f"{error} of none") from None
    for one in found:
        if one.business_date != night.business_date:
            what = f"validation {one.id} of {one.business_date}"
            raise _wrong(night, "validations", ids, f"validations of {night.business_date}", what)
    if not with_units:
        require_departments(night, found, DEPARTMENTS)
    return found


def require_departments(
    night: NightContext, validations: Collection[Validation], departments: Collection[str]
) -> None:
    """UsageError where one is of another department's extract than those, or of none."""
    own = {name for name, contract in night.contracts.items() if contract.department in departments}
    for one in validations:
        if one.extract not in own:
            ids = [each.id for each in validations]
            what = f"validation {one.id} of {one.extract}"
            raise _wrong(night, "validations", ids, f"validations of {', '.join(departments)}", what)


def require_newest(night: NightContext, validations: Collection[Validation]) -> None:
    """UsageError where one is of other deliveries of its extract than the last ones of the business date.

    A decision by an earlier validation would bring back what the department has replaced since.
    """
    with night.database.connect() as connection:
        for one in validations:
            last = current_deliveries(connection, night.business_date, one.extract, night.known_at)
            read, sent = ({o.delivery_id for o in one.outcomes}, {d.id for d in last})
            if read != sent:
                expected = f"a validation of the last deliveries of {one.extract}: {_listed(sent)}"
                found = f"one of {_listed(read)}"
                raise _wrong(night, "validations", one.id, expected, found, VALIDATE_AGAIN)


def _listed(numbers: Collection[int]) -> str:
    return ", ".join(map(str, sorted(numbers))) or "none"


def comparison_of(night: NightContext, compared: object) -> Path:
    """The manifest that `compare` handed on, if it is of the date's comparison; else UsageError."""
    handed = _of(night, compared, "manifest")
    folder = night.settings.out_root / night.business_date.isoformat() / "comparison"
    path = Path(handed) if isinstance(handed, str) else Path()
    if path.parent != folder or not MANIFEST.fullmatch(path.name) or not path.is_file():
        raise _wrong(night, "manifest", handed, f"a manifest in {folder}", "another path")
    return path


def decision_to_pay(night: NightContext) -> Decision | None:
    """The decision that the ledger took over for the business date; None if no night of the date counts.

    LedgerRefused where the date was decided again since.
    """
    with night.database.connect() as connection:
        counts = decision_that_counts(connection, night.business_date)
        return None if counts is None else decision_by_id(connection, counts)


def _of(night: NightContext, handed: object, name: str) -> Any:
    if not isinstance(handed, Mapping) or name not in handed:
        raise _wrong(night, name, handed, f"a result with `{name}`", type(handed).__name__)
    return handed[name]


def _number(night: NightContext, name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise _wrong(night, name, value, "an id", type(value).__name__)
    return value


def _wrong(
    night: NightContext, name: str, value: object, expected: str, found: str, again: str = AGAIN
) -> UsageError:
    shown = visible(str(value))[:SHOWN]
    return UsageError(
        f"the run of {night.business_date} was handed `{name}` {shown}: expected {expected}, found {found};"
        f" nothing was done; {again}"
    )
