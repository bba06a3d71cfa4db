"""The policy once more, unit by unit in plain Python, written from its text: what the decision must give.

What the departments sent (`Books`): which rows count, whose they are, which are in doubt.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from stable_jobs.credit_code import is_unit_code
from stable_jobs.policy.load import Policies
from stable_jobs.policy.parameters import resolve
from stable_jobs.regions import known_codes
from tests.policy.builder import Row
from tests.policy.hostile import Landing

SIZES = ("large", "medium", "small", "micro")
Truth = bool | None
NATION = "000000"
OWN_FILE = ("enterprise_sizes", "fund_balances", "benefit_standards")
"""Whose rows of a file for all do not give way to a region's own file."""
REGIONAL = ("fund_balances", "benefit_standards")
ENTERPRISE = ("enterprise_sizes", "exclusion_list", "priority_list")
ALWAYS = (
    "insured_units", "monthly_headcount", "benefit_claims", "premium_payments", "taxpayers", "fund_balances",
    "prior_refunds", "payee_accounts", "exclusion_list", "enterprise_sizes",
)  # fmt: skip


def all_of(*values: Truth) -> Truth:
    """False if any is false, else unknown if any is, else true."""
    return False if False in values else None if None in values else True


def any_of(values: Iterable[Truth]) -> Truth:
    """True if any is true, else unknown if any is, else false."""
    found = list(values)
    return True if True in found else None if None in found else False


MOVED = {"\ue81e": "龴", "\ue863": "䶮"}
"""Two of the characters that standards moved out of the private use area."""


def plain(name: str | None) -> str:
    """A name without blanks and of one width; nothing where there is none."""
    if name is None:
        return ""
    if name.isascii():
        return "".join(name.split())
    for private, standard in MOVED.items():
        name = name.replace(private, standard)
    return "".join(unicodedata.normalize("NFKC", name).split())


def digits(account_no: str) -> str:
    return "".join(c for c in account_no.upper() if c.isalnum()).lstrip("0")


def levels(code: str) -> list[str]:
    """From a place upward."""
    return list(dict.fromkeys([code, code[:4] + "00", code[:2] + "0000", NATION]))


def is_old(code: str | None) -> bool:
    return code is not None and len(code) == 15


@dataclass
class Books:
    """Every department's rows of one night, by the unit, the enterprise or the place they are about."""

    world: Landing
    policies: Policies
    on: date
    good: dict[str, dict[Any, list[Row]]] = field(default_factory=dict)
    doubts: set[tuple[str, ...]] = field(default_factory=set)
    unreadable: set[tuple[str, str]] = field(default_factory=set)
    walk: dict[tuple[str, str], str] = field(default_factory=dict)
    clash: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    cache: dict[Any, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.slots: dict[str, set[str]] = defaultdict(set)
        for extract, slot in self.world.delivered():
            self.slots[extract].add(slot)
        self.units = [row for _, row in self._rows("insured_units", self.world.rows)]
        self._number()
        self.insured: dict[str, set[str]] = defaultdict(set)
        for row in self.units:
            self.insured[row["uscc"]].add(row["region_code"])
        for extract in self.slots:
            if extract != "insured_units":
                self._index(extract)
        self._bad()
        self.paid = defaultdict(list)
        for row in {tuple(sorted(r.items(), key=str)): r for r in self._ours()}.values():
            self.paid[row["region_code"], row["uscc"]].append(row)
        for one in self.clash:
            if self.paid.get(one):
                self._nobodys("prior_refunds", one)

    # which rows count

    def covers(self, extract: str, region: str) -> bool:
        """Whether an accepted delivery speaks for the region."""
        held = self.world.held_parts.get(extract, ())
        return region in self.slots[extract] or (NATION in self.slots[extract] and region not in held)

    def _rows(self, extract: str, where: dict[tuple[str, str], list[Row]]) -> list[tuple[str, Row]]:
        own = set() if extract in OWN_FILE else self.slots[extract] - {NATION}
        gone = own | set(self.world.held_parts.get(extract, ()))
        found = []
        for slot in self.slots[extract]:
            for row in where.get((extract, slot), ()):
                place = self.home(slot, row)
                if slot != NATION or place not in gone:
                    found.append((slot, row))
        return found

    def home(self, slot: str, row: Row) -> str:
        """The file says whose row it is; only in a file for all must the row."""
        if slot != NATION:
            return slot
        region = row.get("region_code")
        return str(region) if region in known_codes() else NATION

    # whose they are

    def _number(self) -> None:
        bad = self._rows("insured_units", self.world.broken)
        keys = {(r["region_code"], r["uscc"]) for r in self.units}
        read = [(self.home(s, r), r["uscc"]) for s, r in bad if r.get("uscc") and is_unit_code(r["uscc"])]
        keys |= {key for key in read if key[0] != NATION}
        self.doubts |= {("insured_units", *key) for key in read if key[0] != NATION}
        claimed: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in self.units:
            if is_old(row.get("registration_no")):
                claimed[row["region_code"], row["registration_no"]].add(row["uscc"])
        for key, codes in claimed.items():
            if key in keys and codes - {key[1]}:
                self.clash[key] = codes - {key[1]}
            elif len(codes) == 1:
                self.walk[key] = next(iter(codes))
        self.clashing = {number for _, number in self.clash}

    def name(self, region: str, uscc: str) -> str:
        return self.walk.get((region, uscc), uscc) if is_old(uscc) else uscc

    def _index(self, extract: str) -> None:
        found: dict[Any, list[Row]] = defaultdict(list)
        is_enterprise, is_regional = extract in ENTERPRISE, extract in REGIONAL
        for _, row in self._rows(extract, self.world.rows):
            region = row["region_code"]
            if is_regional:
                found[region].append(row)
                continue
            uscc = row["uscc"]
            if is_old(uscc):
                uscc = self.name(region, uscc)
                self._clashed(extract, region, uscc)
            found[uscc if is_enterprise else (region, uscc)].append(row)
        self.good[extract] = found

    def _clashed(self, extract: str, region: str, number: str) -> None:
        """Rows stand under a number of two units: nobody can say whose they are."""
        if (region, number) in self.clash:
            self._nobodys(extract, (region, number))
        if extract in ENTERPRISE and number in self.clashing:
            self.doubts |= {(extract, number), ("nobody's", extract, number)}

    def _nobodys(self, extract: str, key: tuple[str, str]) -> None:
        if extract in ENTERPRISE:
            self.doubts |= {(extract, code) for code in self.clash[key]}
            return
        self.doubts |= {(extract, key[0], code) for code in (*self.clash[key], key[1])}
        self.doubts.add(("nobody's", extract, *key))

    # which are in doubt

    def _bad(self) -> None:
        for extract in self.slots:
            if extract == "insured_units":
                continue
            for slot, row in self._rows(extract, self.world.broken):
                self._bad_row(extract, slot, row)

    def _bad_row(self, extract: str, slot: str, row: Row) -> None:
        home, uscc = self.home(slot, row), row.get("uscc")
        if extract in REGIONAL:
            region = row.get("region_code")
            self.doubts.add((extract, region if slot != NATION and region in levels(slot) else home))
            return
        if uscc is None or not is_unit_code(uscc) or (extract not in ENTERPRISE and home == NATION):
            self.unreadable.add((extract, home))
            return
        if is_old(uscc):
            uscc = self.name(home, uscc)
            self._clashed(extract, home, uscc)
        if extract not in ENTERPRISE:
            self.doubts.add((extract, home, uscc))
            return
        self.doubts.add((extract, uscc))
        if home == NATION and is_old(uscc):
            self.doubts |= {(extract, code) for (_, number), code in self.walk.items() if number == uscc}

    def _ours(self) -> list[Row]:
        return [r | {"uscc": self.name(r["region_code"], r["uscc"])} for r in self.world.ours]

    # what a region gives

    def p(self, region: str, scheme: str, name: str, size: str | None = None) -> Any:
        """A parameter in force."""
        key = (region, scheme, name, size)
        if key not in self.cache:
            self.cache[key] = resolve(self.policies, region, scheme, name, self.on, size).value
        return self.cache[key]

    def place(self, extract: str, region: str, chain: tuple[str, ...]) -> tuple[Row | None, bool]:
        """The nearest row upward, and whether it is in doubt; None where its values are not known."""
        key = (extract, region, chain)
        if key not in self.cache:
            self.cache[key] = self._place(extract, chain)
        found: tuple[Row | None, bool] = self.cache[key]
        return found

    def _place(self, extract: str, chain: tuple[str, ...]) -> tuple[Row | None, bool]:
        for level in chain:
            is_doubted = (extract, level) in self.doubts
            rows = self._of_now(extract, self.good.get(extract, {}).get(level, []))
            if rows:
                names = (
                    ("rolling_balance", "annual_payout")
                    if extract == "fund_balances"
                    else ("monthly_benefit",)
                )
                values = {tuple(r[n] for n in names) for r in rows}
                return (rows[0] if len(values) == 1 else None), is_doubted
            if is_doubted:
                return None, True
        return None, True

    def _of_now(self, extract: str, rows: list[Row]) -> list[Row]:
        if extract == "fund_balances":
            return [r for r in rows if r["year"] == self.on.year - 1]
        past = [r for r in rows if r["effective_from"] <= self.on]
        return [r for r in past if r["effective_from"] == max(r["effective_from"] for r in past)]

    # which regions are decided

    def schemes(self, region: str) -> list[str]:
        return ["general", "difficult"] if self.p(region, "difficult", "scheme_open") else ["general"]

    def needs(self, region: str) -> set[str]:
        """The extracts without which nothing is decided there."""
        schemes = self.schemes(region)
        lanes = {self.p(region, scheme, "lane", size) for scheme in schemes for size in SIZES}
        found = set(ALWAYS) | ({"applications"} if "application" in lanes else set())
        if "difficult" in schemes or any(self.p(region, scheme, "priority_order") for scheme in schemes):
            found |= {"benefit_standards", "priority_list"}
        return found

    def is_held(self, region: str) -> bool:
        if any(not self.covers(extract, region) for extract in self.needs(region)):
            return True
        return any(
            (e, r) in self.unreadable for e in ("exclusion_list", "prior_refunds") for r in (region, NATION)
        )

    # an enterprise's size

    def sized(self, uscc: str) -> tuple[str | None, bool]:
        """The size, and whether anything is known or in doubt about it."""
        if ("enterprise_sizes", uscc) in self.doubts:
            return None, True
        rows = self.good.get("enterprise_sizes", {}).get(uscc)
        if not rows:
            return None, False
        newest = max(r["determined_on"] for r in rows)
        found = {r["size_class"] for r in rows if r["determined_on"] == newest}
        return (found.pop() if len(found) == 1 else None), True

    def may_be_sized(self, parent: str) -> bool:
        """Whether a parent without a row may have a size all the same: then the branch's is unknown."""
        insured = self.insured.get(parent, set())
        if not is_unit_code(parent) and not insured:
            return True
        if parent in self.clashing or any(not self.covers("enterprise_sizes", r) for r in insured):
            return True
        division = parent[:6] if is_old(parent) else parent[2:8]
        nearest = next((r for r in levels(division) if r in self.tonight), None)
        return not self.covers("enterprise_sizes", nearest or "nowhere")

    @property
    def tonight(self) -> set[str]:
        """Regions that take part, send or insure."""
        if "tonight" not in self.cache:
            sent = {slot for slots in self.slots.values() for slot in slots}
            parts = {r for held in self.world.held_parts.values() for r in held}
            insuring = {r["region_code"] for r in self.units}
            self.cache["tonight"] = (sent | parts | insuring | set(self.world.participating)) - {NATION}
        found: set[str] = self.cache["tonight"]
        return found
