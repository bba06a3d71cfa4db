"""The policy once more, unit by unit in plain Python, written from its text: what the set-based code
must give."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from stable_jobs.policy.load import Policies
from stable_jobs.policy.parameters import resolve
from tests.policy.builder import Row, World

SIZES = ("large", "medium", "small", "micro")
Truth = bool | None
CENT = Decimal("0.01")


def all_of(*values: Truth) -> Truth:
    """False if any is false, else unknown if any is, else true."""
    return False if False in values else None if None in values else True


def any_of(values: Iterable[Truth]) -> Truth:
    """True if any is true, else unknown if any is, else false."""
    found = list(values)
    return True if True in found else None if None in found else False


def unless(is_doubtful: bool, value: Truth) -> Truth:
    return None if is_doubtful else value


MOVED = {"\ue81e": "龴", "\ue863": "䶮"}
"""Two of the characters that standards moved out of the private use area."""


def plain(name: str | None) -> str | None:
    if name is None:
        return None
    for private, standard in MOVED.items():
        name = name.replace(private, standard)
    return "".join(unicodedata.normalize("NFKC", name).split())


def digits(account_no: str) -> str:
    return "".join(c for c in account_no.upper() if c.isalnum()).lstrip("0")


class Books:
    """Every department's rows, looked up by unit or by enterprise."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.good = {k: v for k, v in world.rows.items() if k not in world.undelivered}
        self.bad = {k: v for k, v in world.broken.items() if k not in world.undelivered}

        self.index: dict[tuple[str, str], list[Row]] = {}
        for (extract, _), rows in self.good.items():
            for r in rows:
                self.index.setdefault((extract, r.get("uscc", "")), []).append(r)

    def of(self, extract: str, uscc: str, region: str | None = None) -> list[Row]:
        return [r for r in self.index.get((extract, uscc), []) if region in (None, r["region_code"])]

    def doubt(self, extract: str, uscc: str, region: str | None = None) -> bool:
        return any(
            r.get("uscc") == uscc and region in (None, r["home_region"])
            for (e, _), rows in self.bad.items() if e == extract
            for r in rows
        )  # fmt: skip

    def of_region(self, extract: str, region: str) -> Row:
        """The region's own row; every region of the comparison has one."""
        return self.good[(extract, region)][0]

    def size(self, uscc: str) -> tuple[str | None, bool]:
        """The size, and whether anything is known or in doubt about it."""
        rows = self.of("enterprise_sizes", uscc)
        if self.doubt("enterprise_sizes", uscc):
            return None, True
        if not rows:
            return None, False
        newest = max(r["determined_on"] for r in rows)
        found = {r["size_class"] for r in rows if r["determined_on"] == newest}
        return (found.pop() if len(found) == 1 else None), True


@dataclass
class Unit:
    """One unit under one scheme's parameters."""

    books: Books
    policies: Policies
    row: Row
    scheme: str
    on: date

    def p(self, name: str, size: str | None = None) -> Any:
        return resolve(self.policies, self.row["region_code"], self.scheme, name, self.on, size).value

    def rows(self, extract: str) -> list[Row]:
        return self.books.of(extract, self.row["uscc"], self.row["region_code"])

    def doubt(self, extract: str) -> bool:
        return self.books.doubt(extract, self.row["uscc"], self.row["region_code"])

    @cached_property
    def counts(self) -> dict[int, int]:
        return {r["month"]: r["insured_count"] for r in self.rows("monthly_headcount")}

    @cached_property
    def year_counts(self) -> list[int]:
        last = self.on.year - 1
        return [n for m, n in self.counts.items() if m // 100 == last]

    @cached_property
    def headcount(self) -> int | None:
        if self.doubt("monthly_headcount"):
            return None
        if self.p("headcount_basis") == "december":
            return self.counts.get((self.on.year - 1) * 100 + 12)
        if not self.year_counts:
            return None
        average = Decimal(sum(self.year_counts)) / len(self.year_counts)
        return int(average.quantize(Decimal(1), rounding=ROUND_HALF_UP))

    @cached_property
    def is_dispatch(self) -> bool:
        return bool(self.row["is_labour_dispatch"]) or self.row["industry_code"] == "7263"

    @cached_property
    def economy_size(self) -> str | None:
        parent = self.row["parent_uscc"]
        if parent is not None:
            size, is_known = self.books.size(parent)
            if is_known:
                return size
        return self.books.size(self.row["uscc"])[0]

    @cached_property
    def size(self) -> str | None:
        if self.row["legal_form"] in self.p("by_reference_forms"):
            limit = self.p("by_reference_large_headcount")
            if limit is None:
                return str(self.p("by_reference_size"))
            if self.headcount is None:
                return None
            return "large" if self.headcount >= limit else str(self.p("by_reference_size"))
        is_finance = self.row["industry_code"][:2] in ("66", "67", "68", "69")
        if (is_finance and self.p("finance_section_counts_as_large")) or (
            self.is_dispatch and self.p("dispatch_counts_as_large")
        ):
            return "large"
        return self.economy_size

    def of_size(self, name: str) -> Any:
        """The size's value; of an unknown size the one all sizes share, else None."""
        sizes = SIZES if self.size is None else (self.size,)
        values = {self.p(name, s) for s in sizes}
        return values.pop() if len(values) == 1 else None

    @cached_property
    def lane(self) -> str | None:
        return "application" if self.is_dispatch else self.of_size("lane")

    @cached_property
    def claims(self) -> dict[str, int | None]:
        rows = [r for r in self.rows("benefit_claims") if r["year"] == self.on.year - 1]
        names = ("claimants", "layoffs", "natural_attrition")
        if self.doubt("benefit_claims"):
            return dict.fromkeys(names)
        return {n: rows[0][n] if rows else 0 for n in names}

    def fraction(self, formula: str) -> tuple[int, int] | None:
        year = self.on.year
        before, last = self.counts.get((year - 2) * 100 + 12), self.counts.get((year - 1) * 100 + 12)
        if self.p("new_unit_base_month") and self.row["insured_since"] >= date(year - 1, 1, 1):
            before = self.counts.get((year - 1) * 100 + 1)
        claimants, layoffs, attrition = self.claims.values()
        total, months = sum(self.year_counts), len(self.year_counts)
        pairs: dict[str, tuple[Any, Any]] = {
            "F1": (lambda: max(0, before - last), before),
            "F2": (lambda: claimants + 0, before),
            "F3": (lambda: claimants * months, total),
            "F4": (lambda: claimants * months, total),
            "F5": (lambda: layoffs + 0, None if None in (layoffs, last) else layoffs + last),
            "F6": (lambda: max(0, before - last - attrition), before),
        }
        top, bottom = pairs[formula]
        if self.doubt("monthly_headcount") or not bottom:
            return None
        try:
            return top(), bottom
        except TypeError:  # an input is missing
            return None

    def within(self, pair: tuple[int, int] | None) -> Truth:
        """Within the cap under every size and headcount the unit may have, under none, or unknown."""
        if pair is None:
            return None
        heads, limit = self.headcount, self.p("small_unit_headcount")
        worlds = {
            self._below(pair, s, is_small)
            for s in (SIZES if self.size is None else (self.size,))
            for is_small in ((True, False) if heads is None else (heads <= limit,))
        }
        return worlds.pop() if len(worlds) == 1 else None

    def _below(self, pair: tuple[int, int], size: str, is_small: bool) -> bool:
        cap = self.p("small_unit_cap") if is_small else self.p("layoff_cap", size)
        is_strict = not is_small and self.p("layoff_cap_is_strict", size)
        left, right = Decimal(pair[0]), cap * pair[1]
        return left < right if is_strict else left <= right

    @cached_property
    def layoff(self) -> tuple[Truth, str | None, Decimal | None]:
        order = self.p("layoff_formulas")
        known = {f: self.fraction(f) for f in order}
        found = {f: self.within(pair) for f, pair in known.items()}
        rates = {f: Decimal(a) / Decimal(b) for f, (a, b) in ((f, p) for f, p in known.items() if p)}
        shown = next((f for f in order if found[f]), min(rates, key=lambda f: rates[f], default=None))
        rate = None if shown is None else rates[shown].quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)
        reads_claims = any(f != "F1" for f in order) and self.doubt("benefit_claims")
        return unless(self.doubt("monthly_headcount") or reads_claims, any_of(found.values())), shown, rate

    @cached_property
    def months_paid(self) -> int | None:
        rows = self.rows("premium_payments")
        kinds = ("regular", "back_payment") if self.p("back_payment_counts_as_month") else ("regular",)
        limit = (self.on.year - 1) * 100 + 12
        paid = {
            r["fee_month"] for r in rows
            if r["payment_kind"] in kinds and r["fee_month"] <= limit and r["paid_date"] <= self.on
            and r["employer_amount"] + r["employee_amount"] > 0
        }  # fmt: skip
        return len(paid) if rows else None

    @cached_property
    def base(self) -> Decimal | None:
        rows, year = self.rows("premium_payments"), self.on.year - 1
        if self.doubt("premium_payments") or not rows:
            return None
        counts = [
            r for r in rows
            if r["paid_date"].year == year
            and (
                r["payment_kind"] == "regular"
                or (r["payment_kind"] == "back_payment"
                    and (r["fee_month"] // 100 == year or self.p("back_payment_earlier_years")))
            )
        ]  # fmt: skip
        return sum((r["employer_amount"] + r["employee_amount"] for r in counts), Decimal("0.00"))

    @cached_property
    def entitlement(self) -> Decimal | None:
        if self.scheme == "general":
            factors = (self.base, self.of_size("refund_rate"))
        else:
            standard = self.books.of_region("benefit_standards", self.row["region_code"])["monthly_benefit"]
            factors = (standard * self.p("benefit_months"), self.headcount)
        if None in factors:
            return None
        return (Decimal(factors[0]) * factors[1]).quantize(CENT, rounding=ROUND_HALF_UP)

    @cached_property
    def already_paid(self) -> Decimal | None:
        mine = [r for r in self.books.world.ours if r["uscc"] == self.row["uscc"]]
        mine = [r for r in mine if r["region_code"] == self.row["region_code"]]
        known = {("payment_reference", r["payment_reference"]) for r in mine}
        known |= {("voucher_no", r["voucher_no"]) for r in mine}
        theirs = [
            r
            for r in self.rows("prior_refunds")
            if r["policy_year"] == self.on.year and r["paid_date"] <= self.on
            and not any(r[n] is not None and (n, r[n]) in known for n in ("payment_reference", "voucher_no"))
        ]  # fmt: skip
        rows = theirs + [r for r in mine if r["policy_year"] == self.on.year]
        return None if self.doubt("prior_refunds") else sum((r["amount"] for r in rows), Decimal("0.00"))

    @cached_property
    def account(self) -> str | None:
        if self.doubt("payee_accounts") or self.doubt("taxpayers"):
            return None
        name, payees = plain(self.row["unit_name"]), self.rows("payee_accounts")
        if any(r["account_status"] == "verified" and plain(r["account_name"]) == name for r in payees):
            return "corporate"
        failed = {digits(r["account_no"]) for r in payees if r["account_status"] == "failed"}
        for r in self.rows("taxpayers"):
            is_whole = r.get("account_no") and r.get("bank_code") and digits(r["account_no"]) not in failed
            if is_whole and (
                plain(r["account_name"]) == name or self.row["legal_form"] == "individual_business"
            ):
                return "premium"
        return None

    @cached_property
    def application(self) -> Row | None:
        rows = [
            r
            for r in self.rows("applications")
            if r["scheme"] == self.scheme and r["submitted_at"].date() <= self.on
        ]
        return max(rows, key=lambda r: (r["submitted_at"], r["application_no"]), default=None)
