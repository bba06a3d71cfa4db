"""What the model is made of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from tests.ledger.conftest import Night
from tests.ledger.plans import FIRST_CODES

ZERO = Decimal(0)
ENDED = ("paid", "withdrawn", "waived")
Said = dict[str, Any]
UnitKey = tuple[str, str, int]
"""Region, code, policy year."""


class Forbidden(Exception):
    """The ledger should refuse this."""


@dataclass
class Notice:
    region: str
    clears_on: date
    is_closed: bool = False


@dataclass
class Attempt:
    end_to_end_id: str
    amount: Decimal
    account_no: str
    outcome: str | None = None


@dataclass
class Correction:
    payment: Payment
    after_attempt: int
    account_no: str
    entered_by: str
    confirmed_by: str | None = None


@dataclass
class Objection:
    payment: Payment
    outcome: str | None = None
    decided_by: str = ""


@dataclass
class Payment:
    unit: UnitKey
    ordinal: int
    scheme: str
    amount: Decimal
    notice: Notice
    state: str = "on_notice"
    attempts: list[Attempt] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    objections: list[Objection] = field(default_factory=list)
    answered_at: int = 0

    def next_id(self) -> str:
        region, uscc, year = self.unit
        return f"{year % 100}-{region}-{uscc}-{self.ordinal:02d}-{len(self.attempts) + 1:02d}"

    def entered_account(self) -> Correction | None:
        """The newest account that two people stand for and that has not failed yet."""
        good = [c for c in self.corrections if c.confirmed_by and c.after_attempt == len(self.attempts)]
        return good[-1] if good else None


@dataclass
class Case:
    amount: Decimal
    outcome: str | None = None


@dataclass
class Entitlement:
    scheme: str
    entitled: Decimal
    outside: Decimal
    payments: list[Payment] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)

    def total(self, *states: str) -> Decimal:
        return sum((p.amount for p in self.payments if p.state in states), ZERO)

    @property
    def open(self) -> Payment | None:
        return next((p for p in self.payments if p.state not in ENDED), None)

    @property
    def open_amount(self) -> Decimal:
        return self.open.amount if self.open else ZERO

    @property
    def settled(self) -> Decimal:
        return self.total("paid", "waived") - self.recovering

    @property
    def recovering(self) -> Decimal:
        return sum((c.amount for c in self.cases if c.outcome != "superseded"), ZERO)

    @property
    def dropped(self) -> Decimal:
        """What a person left the unit: it has had that already."""
        return sum((c.amount for c in self.cases if c.outcome == "dropped"), ZERO)

    def recognise(self) -> None:
        """Entitled is what was settled and what is open."""
        self.entitled = self.outside + self.settled + self.open_amount

    def is_barred(self, scheme: str, amount: Decimal) -> bool:
        """An upheld objection against this very amount."""
        return any(
            (p.scheme, p.amount) == (scheme, amount) and any(o.outcome == "upheld" for o in p.objections)
            for p in self.payments
        )


@dataclass
class Reported:
    unit: UnitKey
    standing: str
    ruling: str | None = None
    ruled_by: str = ""
    ruled_at: int = 0


@dataclass
class Doubt:
    ruling: str = ""
    ruled_by: str = ""


@dataclass
class Line:
    payment: Payment
    end_to_end_id: str
    account_no: str
    is_entered: bool


@dataclass
class Batch:
    region: str
    level: int
    lines: list[Line]
    state: str = "formed"
    preparers: set[str] = field(default_factory=set)
    answers: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Level → person, answer."""

    @property
    def total(self) -> Decimal:
        return sum((line.payment.amount for line in self.lines), ZERO)


@dataclass
class Newest:
    night: Night
    is_held: bool
    at: int
    outside: dict[UnitKey, Decimal] = field(default_factory=dict)
    excused: set[UnitKey] = field(default_factory=set)
    """Units for which the night could decide nothing: money under way, a refund in doubt."""


@dataclass
class Model:
    """The whole ledger."""

    clock: int = 0
    newest: dict[str, Newest] = field(default_factory=dict)
    units: dict[UnitKey, Entitlement] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    batches: dict[str, Batch] = field(default_factory=dict)
    reported: dict[tuple[str, int, str], Reported] = field(default_factory=dict)
    corrections: dict[int, Correction] = field(default_factory=dict)
    objections: dict[int, Objection] = field(default_factory=dict)
    holds: list[tuple[str, str]] = field(default_factory=list)
    budgets: dict[int, tuple[Decimal, set[str]]] = field(default_factory=dict)
    approvers: set[tuple[str, int]] = field(default_factory=set)
    joined: set[tuple[str, str, str]] = field(default_factory=set)
    """Changes of codes that a night gave: region, old, new."""
    stopping: dict[str, str] = field(default_factory=dict)
    doubts: dict[tuple[UnitKey, UnitKey], Doubt] = field(default_factory=dict)
    """The later entitlement and the earlier one → what was ruled."""

    def in_ledger(self, night: Night) -> Night:
        """The night with every unit under the code of its entitlement of the year."""
        known = {(region, FIRST_CODES[code], year): code for region, code, year in self.units}

        def renamed(row: Said) -> Said:
            first = row["region_code"], FIRST_CODES[row["uscc"]], night.on.year
            return row | {"uscc": known.get(first, row["uscc"])}

        return replace(
            night, units=tuple(map(renamed, night.units)), refunds=tuple(map(renamed, night.refunds))
        )

    def is_stopped_by_doubt(self, key: UnitKey) -> bool:
        return any(
            (found.ruling == "same" and key == later)
            or (not found.ruling and key in (later, earlier) and self.stopping.get(key[0]) == "two_regions")
            for (later, earlier), found in self.doubts.items()
        )  # fmt: skip

    def note_doubts(self, year: int) -> None:
        """One firm insured in both regions with the same premiums."""
        same: dict[str, list[UnitKey]] = {}
        for key in self.units:
            if key[2] == year:
                same.setdefault(FIRST_CODES[key[1]], []).append(key)
        for earlier, *later in same.values():
            for key in later:
                self.doubts.setdefault((key, earlier), Doubt())

    def payments(self) -> list[Payment]:
        return [p for e in self.units.values() for p in e.payments]

    def attempts(self) -> dict[str, tuple[Payment, Attempt]]:
        return {a.end_to_end_id: (p, a) for p in self.payments() for a in p.attempts}

    def is_doubtful(self, key: UnitKey) -> bool:
        return any(
            r.unit == key and r.standing == "doubtful" and not r.ruling for r in self.reported.values()
        )

    def outside(self, night: Night, key: UnitKey) -> Decimal:
        """What finance reports as paid to the unit beside us."""
        return sum((r["amount"] for r in night.refunds if unit_of(r) == key and self._counts(r)), ZERO)

    def is_under_way(self, key: UnitKey) -> bool:
        """Money of the unit was instructed and nobody knows yet what became of it."""
        entitlement = self.units.get(key)
        return bool(entitlement and entitlement.open and entitlement.open.state == "instructed")

    def is_current(self, region: str, on: date) -> bool:
        newest = self.newest.get(region)
        return newest is not None and newest.night.on == on and not newest.is_held

    def is_stopped(self, region: str) -> bool:
        return any(held in (region, "000000") for held, _ in self.holds)

    def _counts(self, row: dict[str, Any]) -> bool:
        known = self.reported.get(voucher(row))
        return known is None or (known.standing == "doubtful" and known.ruling == "outside")


def unit_of(row: dict[str, Any]) -> UnitKey:
    return row["region_code"], row["uscc"], row["policy_year"]


def voucher(row: Said) -> tuple[str, int, str]:
    return row["region_code"], row["policy_year"], row["voucher_no"]
