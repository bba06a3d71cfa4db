"""The oracle's unit: what the books say of it under one scheme's parameters, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from tests.policy.builder import Row
from tests.policy.oracle import SIZES, Books, Truth, digits, is_old, plain

CENT = Decimal("0.01")
LARGEST = Decimal("9999999999999999.99")
ZERO = Decimal("0.00")
BY_CODE = ("applications", "prior_refunds")


def fitting(amount: Decimal | None) -> Decimal | None:
    """An amount that can be written down, or nothing."""
    return None if amount is None or amount > LARGEST else amount


@dataclass
class Facts:
    """What does not depend on the scheme."""

    books: Books
    row: Row

    def __post_init__(self) -> None:
        self.region, self.uscc = self.row["region_code"], self.row["uscc"]
        self.key = (self.region, self.uscc)

    def rows(self, extract: str) -> list[Row]:
        """The unit's accepted rows; none of those that may be another's."""
        if ("nobody's", extract, *self.key) in self.books.doubts:
            return []
        return self.books.good.get(extract, {}).get(self.key, [])

    def doubt(self, extract: str) -> bool:
        """A row of the unit is there and cannot be read; or the extract cannot speak of it at all."""
        if extract in BY_CODE and is_old(self.uscc):
            return True
        return (extract, *self.key) in self.books.doubts

    @cached_property
    def counts(self) -> dict[int, int] | None:
        """Headcount by month; None where nobody can say."""
        if self.doubt("monthly_headcount"):
            return None
        found: dict[int, int] = {}
        year = self.books.on.year
        for row in self.rows("monthly_headcount"):
            if row["month"] in found and year - 2 <= row["month"] // 100 <= year:
                return None
            found[row["month"]] = row["insured_count"]
        return found

    @cached_property
    def year_counts(self) -> list[int]:
        last = self.books.on.year - 1
        return [n for m, n in (self.counts or {}).items() if m // 100 == last]

    @cached_property
    def claims(self) -> dict[str, int | None]:
        rows = [r for r in self.rows("benefit_claims") if r["year"] == self.books.on.year - 1]
        found: dict[str, int | None] = {}
        for name in ("claimants", "layoffs", "natural_attrition"):
            values = [r.get(name) for r in rows]
            found[name] = None if None in values else sum(v for v in values if v is not None)
        return found

    @cached_property
    def economy_size(self) -> str | None:
        parent = self.row.get("parent_uscc")
        if parent is not None:
            parent = self.books.name(self.region, parent)
            size, is_known = self.books.sized(parent)
            if is_known or self.books.may_be_sized(parent):
                return size
        return self.books.sized(self.uscc)[0]

    @cached_property
    def account(self) -> str | None:
        if self.doubt("payee_accounts") or self.doubt("taxpayers"):
            return None
        name, payees = plain(self.row["unit_name"]), self.rows("payee_accounts")
        if name and any(
            r["account_status"] == "verified" and plain(r["account_name"]) == name for r in payees
        ):
            return "corporate"
        failed = {digits(r["account_no"]) for r in payees if r["account_status"] == "failed"}
        for r in self.rows("taxpayers"):
            is_whole = r.get("account_no") and r.get("bank_code") and plain(r.get("account_name"))
            is_usable = is_whole and digits(r["account_no"]) not in failed
            if is_usable and (
                plain(r["account_name"]) == name or self.row["legal_form"] == "individual_business"
            ):
                return "premium"
        return None

    @cached_property
    def already_paid(self) -> Decimal | None:
        if self.doubt("prior_refunds"):
            return None
        mine, on = self.books.paid.get(self.key, []), self.books.on
        known = {(n, r[n]) for r in mine for n in ("payment_reference", "voucher_no")}
        theirs = [
            r for r in self.rows("prior_refunds")
            if r["policy_year"] == on.year and r["paid_date"] <= on
            and not any(r[n] is not None and (n, r[n]) in known for n in ("payment_reference", "voucher_no"))
        ]  # fmt: skip
        rows = theirs + [r for r in mine if r["policy_year"] == on.year]
        return fitting(sum((r["amount"] for r in rows), ZERO))

    @cached_property
    def listed(self) -> set[str]:
        """The exclusion lists that the enterprise is on."""
        if ("nobody's", "exclusion_list", self.uscc) in self.books.doubts:
            return set()
        rows, on = self.books.good.get("exclusion_list", {}).get(self.uscc, []), self.books.on
        now = [r for r in rows if r["listed_on"] <= on and (r["removed_on"] is None or on < r["removed_on"])]
        return {r["list_type"] for r in now}

    @cached_property
    def categories(self) -> set[str]:
        rows, on = self.books.good.get("priority_list", {}).get(self.uscc, []), self.books.on
        now = [r for r in rows if r["valid_from"] <= on and (r["valid_to"] is None or on <= r["valid_to"])]
        return {r["category"] for r in now}


@dataclass
class Unit:
    """One unit under one scheme's parameters."""

    facts: Facts
    scheme: str

    def __post_init__(self) -> None:
        self.books, self.on, self.row = self.facts.books, self.facts.books.on, self.facts.row

    def p(self, name: str, size: str | None = None) -> Any:
        return self.books.p(self.facts.region, self.scheme, name, size)

    @cached_property
    def headcount(self) -> int | None:
        if self.facts.counts is None:
            return None
        if self.p("headcount_basis") == "december":
            return self.facts.counts.get((self.on.year - 1) * 100 + 12)
        counts = self.facts.year_counts
        return (2 * sum(counts) + len(counts)) // (2 * len(counts)) if counts else None

    @cached_property
    def is_dispatch(self) -> bool:
        return bool(self.row["is_labour_dispatch"]) or self.row["industry_code"] == "7263"

    @cached_property
    def is_by_reference(self) -> bool:
        return self.row["legal_form"] in self.p("by_reference_forms")

    @cached_property
    def size(self) -> str | None:
        if self.is_by_reference:
            limit = self.p("by_reference_large_headcount")
            if limit is not None and self.headcount is None:
                return None
            is_large = limit is not None and self.headcount is not None and self.headcount >= limit
            return "large" if is_large else str(self.p("by_reference_size"))
        is_finance = self.row["industry_code"][:2] in ("66", "67", "68", "69")
        if is_finance and self.p("finance_section_counts_as_large"):
            return "large"
        if self.is_dispatch and self.p("dispatch_counts_as_large"):
            return "large"
        return self.facts.economy_size

    def of_size(self, name: str) -> Any:
        """The size's value; of an unknown size the one all sizes share, else None."""
        if self.size is not None:
            return self.p(name, self.size)
        values = {self.p(name, s) for s in SIZES}
        return values.pop() if len(values) == 1 else None

    @cached_property
    def lane(self) -> str | None:
        return "application" if self.is_dispatch else self.of_size("lane")

    # the layoff rate

    def fraction(self, formula: str) -> tuple[int, int] | None:
        """By the accepted claims."""
        counts, year = self.facts.counts, self.on.year
        if counts is None:
            return None
        before, last = counts.get((year - 2) * 100 + 12), counts.get((year - 1) * 100 + 12)
        if self.p("new_unit_base_month") and self.row["insured_since"] >= date(year - 1, 1, 1):
            before = counts.get((year - 1) * 100 + 1)
        claimants, layoffs, attrition = self.facts.claims.values()
        total, months = sum(self.facts.year_counts), len(self.facts.year_counts)
        top: int | None
        bottom: int | None
        if formula == "F1":
            top, bottom = (None if None in (before, last) else max(0, before - last)), before  # type: ignore[operator]
        elif formula == "F2":
            top, bottom = claimants, before
        elif formula in ("F3", "F4"):
            top, bottom = (None if claimants is None else claimants * months), total
        elif formula == "F5":
            top, bottom = layoffs, (None if None in (layoffs, last) else layoffs + last)  # type: ignore[operator]
        else:
            known = None not in (before, last, attrition)
            top, bottom = (max(0, before - last - attrition) if known else None), before  # type: ignore[operator]
        return None if top is None or not bottom else (top, bottom)

    def within(self, pair: tuple[int, int] | None) -> Truth:
        """Within the cap under every size and headcount the unit may have, under none, or unknown."""
        if pair is None:
            return None
        heads, limit = self.headcount, self.p("small_unit_headcount")
        has_rule = limit is not None and self.p("small_unit_cap") is not None
        smalls = (False,) if not has_rule else (True, False) if heads is None else (heads <= limit,)
        sizes = SIZES if self.size is None else (self.size,)
        worlds = {self._below(pair, s, is_small) for s in sizes for is_small in smalls}
        return worlds.pop() if len(worlds) == 1 else None

    def _below(self, pair: tuple[int, int], size: str, is_small: bool) -> bool:
        cap: Decimal = self.p("small_unit_cap") if is_small else self.p("layoff_cap", size)
        is_strict = not is_small and self.p("layoff_cap_is_strict", size)
        left, right = Decimal(pair[0]), cap * pair[1]
        return left < right if is_strict else left <= right

    @cached_property
    def layoff(self) -> Truth:
        order = self.p("layoff_formulas")
        found = {f: self.within(self.fraction(f)) for f in order}
        if any(f != "F1" for f in order) and self.facts.doubt("benefit_claims"):
            # More claims lower no rate but F6's, by attrition.
            is_out = all(v is False and f != "F6" for f, v in found.items())
            return False if is_out else None
        return any_of_formulas(found)

    # premium and amounts

    @cached_property
    def months_paid(self) -> int | None:
        rows = self.facts.rows("premium_payments")
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
        rows, year = self.facts.rows("premium_payments"), self.on.year - 1
        if self.facts.doubt("premium_payments") or not rows:
            return None
        earlier = self.p("back_payment_earlier_years")
        total = ZERO
        for r in rows:
            kind = r["payment_kind"]
            if r["paid_date"].year == year and (
                kind == "regular" or (kind == "back_payment" and (r["fee_month"] // 100 == year or earlier))
            ):
                total += r["employer_amount"] + r["employee_amount"]
        return fitting(total)

    @cached_property
    def entitlement(self) -> Decimal | None:
        if self.scheme == "general":
            rate = self.of_size("refund_rate")
            if self.base is None or rate is None:
                return None
            return fitting((self.base * rate).quantize(CENT, rounding=ROUND_HALF_UP))
        chain = tuple(self._levels())
        standard, is_doubted = self.books.place("benefit_standards", self.facts.region, chain)
        if standard is None or is_doubted or self.headcount is None:
            return None
        return fitting(standard["monthly_benefit"] * self.p("benefit_months") * self.headcount)

    def _levels(self) -> list[str]:
        from tests.policy.oracle import levels

        return levels(self.facts.region)

    @cached_property
    def application(self) -> Row | None:
        rows = [
            r for r in self.facts.rows("applications")
            if r["scheme"] == self.scheme and r["submitted_at"].date() <= self.on
        ]  # fmt: skip
        return max(rows, key=lambda r: (r["submitted_at"], r["application_no"]), default=None)


def any_of_formulas(found: dict[str, Truth]) -> Truth:
    """Meeting any one passes."""
    values = list(found.values())
    return True if True in values else None if None in values else False
