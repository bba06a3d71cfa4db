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
    notice_ends_on: date
    opened_on: date
    closed_on: date | None = None

    @property
    def is_closed(self) -> bool:
        return self.closed_on is not None


@dataclass
class Attempt:
    end_to_end_id: str
    amount: Decimal
    account_no: str
    is_entered: bool = False
    outcome: str | None = None
    is_payees: bool = True
    said: set[str] = field(default_factory=set)
    case: str | None = None
    """What the bank said against its first word, until it is settled."""
    is_duplicate: bool = False
    settled_by: set[str] = field(default_factory=set)
    at: int = 0

    @property
    def has_failed(self) -> bool:
        """By the payee's fault."""
        return self.outcome == "returned" and self.is_payees


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

    @property
    def arrived(self) -> int:
        """Lines of it that arrived."""
        return sum(attempt.outcome == "paid" for attempt in self.attempts)

    @property
    def surplus(self) -> Decimal:
        """What arrived beside the line that counts."""
        return self.amount * (self.arrived - (self.state == "paid"))

    def next_id(self) -> str:
        region, uscc, year = self.unit
        return f"{year % 100}-{region}-{uscc}-{self.ordinal:02d}-{len(self.attempts) + 1:02d}"

    def entered_account(self) -> Correction | None:
        """The newest account that two people stand for and that has not failed yet."""
        last = max(
            [n for n, a in enumerate(self.attempts, 1) if a.outcome != "returned" or a.is_payees], default=0
        )
        good = [c for c in self.corrections if c.confirmed_by and c.after_attempt == last]
        return good[-1] if good else None


@dataclass
class Case:
    amount: Decimal
    opened_on: date
    outcome: str | None = None
    closers: set[str] = field(default_factory=set)


@dataclass
class Entitlement:
    scheme: str
    entitled: Decimal
    outside: Decimal
    payments: list[Payment] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    offers: list[str] = field(default_factory=list)
    is_accepted: bool = False
    """The newest offer."""
    accepted: dict[str, set[str]] = field(default_factory=dict)
    """Account of an extract → who accepted it after a return."""

    @property
    def attempts(self) -> list[Attempt]:
        return [a for p in self.payments for a in p.attempts]

    @property
    def failed(self) -> set[str]:
        """Accounts of extracts that failed."""
        return {a.account_no for a in self.attempts if a.has_failed and not a.is_entered}

    @property
    def is_doubtful(self) -> bool:
        """Money came back and has not arrived since."""
        arrived = max((a.at for a in self.attempts if a.outcome == "paid"), default=0)
        return any(a.has_failed and a.at >= arrived for a in self.attempts)

    @property
    def is_stopped(self) -> bool:
        return any(a.case for a in self.attempts)

    @property
    def paid(self) -> Decimal:
        return self.total("paid") + sum((p.surplus for p in self.payments), ZERO)

    def balance(self, on: date, *, came_back: bool) -> None:
        """Sums after the bank's word changed."""
        if came_back or self.excess < 0:
            self.supersede()
        if not came_back and self.excess > 0:
            self.cases.append(Case(self.excess, on))
        self.entitled += self.excess

    def supersede(self) -> None:
        for case in self.cases:
            case.outcome = case.outcome or "superseded"

    @property
    def excess(self) -> Decimal:
        return self.outside + self.settled + self.open_amount - self.entitled

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
        return self.paid + self.total("waived") - self.recovering

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
    is_suspended: bool
    at: int
    outside: dict[UnitKey, Decimal] = field(default_factory=dict)
    excused: set[UnitKey] = field(default_factory=set)
    """Units for which the night could decide nothing: money under way, a refund in doubt."""


@dataclass
class Model:
    """The whole ledger."""

    clock: int = 0
    standing: dict[str, list[Newest]] = field(default_factory=dict)
    """By region, the nights that count, the newest last."""
    decided: dict[date, Night] = field(default_factory=dict)
    """Date → what was decided last."""
    taken: list[tuple[str, date, int]] = field(default_factory=list)
    """Every night that was ever taken over: region, date, clock."""
    released: list[tuple[str, str, int]] = field(default_factory=list)
    """Holds that were released: region, by whom, clock."""
    left: dict[str, Decimal] = field(default_factory=dict)
    """By our reference, what finance says is left of a payment."""
    units: dict[UnitKey, Entitlement] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    batches: dict[str, Batch] = field(default_factory=dict)
    reported: dict[tuple[str, int, str], Reported] = field(default_factory=dict)
    corrections: dict[int, Correction] = field(default_factory=dict)
    objections: dict[int, Objection] = field(default_factory=dict)
    holds: list[tuple[str, str]] = field(default_factory=list)
    budgets: dict[int, tuple[Decimal, set[str]]] = field(default_factory=dict)
    approvers: set[tuple[str, int]] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)
    """What a region's policy files say now."""
    noted: dict[tuple[str, date], str] = field(default_factory=dict)
    """What the night of a date found there last."""
    confirmed: list[tuple[str, date, str]] = field(default_factory=list)

    joined: set[tuple[str, str, str]] = field(default_factory=set)
    """Changes of codes that a night gave: region, old, new."""
    stopping: dict[str, str] = field(default_factory=dict)
    doubts: dict[tuple[UnitKey, UnitKey], Doubt] = field(default_factory=dict)
    """The later entitlement and the earlier one → what was ruled."""

    def confirmed_on(self, region: str, on: date) -> str:
        """The values that two people agreed on last for that date."""
        known = [(since, n, said) for n, (code, since, said) in enumerate(self.confirmed) if code == region]
        return max([one for one in known if one[0] <= on], default=(on, 0, ""))[2]

    def is_unconfirmed(self, region: str, on: date) -> bool:
        noted = self.noted.get((region, on))
        return noted is not None and noted != self.confirmed_on(region, on)

    @property
    def newest(self) -> dict[str, Newest]:
        return {region: nights[-1] for region, nights in self.standing.items() if nights}

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
        """Whether its newest night is of that date, not held, and of the date's decision in force."""
        newest = self.newest.get(region)
        return (
            newest is not None
            and newest.night.on == on
            and not newest.is_suspended
            and self.decided[on] == newest.night
        )

    def is_stopped(self, region: str, on: date) -> bool:
        is_stopped = any(held in (region, "000000") for held, _ in self.holds)
        return is_stopped or self.is_unconfirmed(region, on)

    def _counts(self, row: dict[str, Any]) -> bool:
        known = self.reported.get(voucher(row))
        return known is None or (known.standing == "doubtful" and known.ruling == "outside")


def unit_of(row: dict[str, Any]) -> UnitKey:
    return row["region_code"], row["uscc"], row["policy_year"]


def voucher(row: Said) -> tuple[str, int, str]:
    return row["region_code"], row["policy_year"], row["voucher_no"]
