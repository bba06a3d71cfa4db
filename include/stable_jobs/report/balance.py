"""The reconciliation line: every unit and every yuan that came in, accounted for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar


@dataclass(frozen=True)
class Reconciliation:
    """One region's line: units in = the five counts below; premium in = the six amounts below (yuan).

    `units_held` are the readable units of a held region, about which nothing is decided.
    """

    units_in: int
    units_eligible: int
    units_ineligible: int
    units_undecided: int
    units_quarantined: int
    units_held: int
    premium_in: Decimal
    premium_base: Decimal
    premium_late_fee: Decimal
    premium_outside_year: Decimal
    premium_earlier_back_payment: Decimal
    premium_orphan: Decimal
    premium_quarantined: Decimal

    def __post_init__(self) -> None:
        assert self.units_in == sum(n for _, n in self.units), f"units do not reconcile: {self}"
        assert self.premium_in == sum(n for _, n in self.premium), f"premium does not reconcile: {self}"

    @property
    def units(self) -> tuple[tuple[str, int], ...]:
        """The parts of `units_in`, by their code in `words.SEGMENT`."""
        codes = ("eligible", "ineligible", "undecided", "held", "quarantined")
        return tuple((code, getattr(self, f"units_{code}")) for code in codes)

    STAGES: ClassVar = ("units_in", "readable", "decided", "eligible")

    @property
    def stages(self) -> tuple[tuple[str, int], ...]:
        """What is left of the units in, step by step."""
        readable = self.units_in - self.units_quarantined
        decided = readable - self.units_held - self.units_undecided
        left = (self.units_in, readable, decided, self.units_eligible)
        return tuple(zip(self.STAGES, left, strict=True))

    @property
    def premium(self) -> tuple[tuple[str, Decimal], ...]:
        """The parts of `premium_in`, by their code in `words.SEGMENT`."""
        codes = ("base", "late_fee", "outside_year", "earlier_back_payment", "orphan", "quarantined")
        return tuple((code, getattr(self, f"premium_{code}")) for code in codes)


def totals(lines: Iterable[Reconciliation]) -> Reconciliation | None:
    """All regions' lines added up; None without lines."""
    rows = [vars(line) for line in lines]
    if not rows:
        return None
    return Reconciliation(**{name: sum(row[name] for row in rows) for name in rows[0]})
