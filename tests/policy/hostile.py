"""Hostile landings put together at random: every column at and around its boundaries, rows nobody can read.

A landing is one night of some regions, by the packaged or by random policies. Its quarantine is the
product's own: which unit a row is about is never said here.
"""
# One row or one set of values a statement reads as a table.
# ruff: noqa: E501

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from stable_jobs.credit_code import make_credit_code, make_registration_no
from stable_jobs.policy.aggregates import OURS
from stable_jobs.policy.catalogue import CATALOGUE, CATEGORIES, EXCLUSION_LISTS, LEGAL_FORMS, SCHEMES, SIZES
from stable_jobs.policy.extracts import HEAD, TYPES, InputFile, Inputs
from stable_jobs.policy.load import Policies, RegionPolicy, Value, parse
from stable_jobs.validation.quarantine import write_quarantine
from stable_jobs.validation.queries import open_staged
from tests.policy.builder import EXTRACTS, STAGED_TAIL, Row, World, contracts, policies

NATION = "000000"
DAY = timedelta(days=1)
NIGHTS = tuple(
    date.fromisoformat(day)
    for day in (
        "2019-12-31", "2020-01-01", "2020-01-31", "2020-02-29", "2020-04-30", "2020-05-01", "2020-05-11",
        "2020-07-01", "2020-12-31", "2022-01-01", "2022-12-31", "2023-01-01", "2023-12-31", "2024-02-29",
        "2025-12-31",
    )
)  # fmt: skip
PACKAGED = ("220400", "220500", "230200", "360100", "360430", "610100", "610122", "610124", "620100")
RANDOM = ("130000", "130100", "130102", "130200", "130300", "440300", "440305")
SILENT = ("220400", "440100", "510100", "130300", "110000", "610000")
"""Divisions of parents, of regions that may have sent nothing."""
BAD_CODE = make_credit_code("91610100000000001")[:17]
REGIONS_UNREAD = ("61010O", None, "", "999999", "6101")
ONE = Decimal("1.00")
CENT = Decimal("0.01")
HUGE = Decimal("1000000000000.00")


@dataclass
class Landing(World):
    """A world that knows which files there are and which regions take part."""

    participating: tuple[str, ...] = ()
    files: set[tuple[str, str]] = field(default_factory=set)
    policies: Policies | None = None

    def delivered(self) -> set[tuple[str, str]]:
        """Every (extract, slot) of which a delivery is accepted."""
        return self.files

    def put(self, extract: str, row: Row, slot: str | None = None) -> None:
        """An accepted row in the file of its region, or in the file for all."""
        key = (extract, slot or self.slot_of(extract, row["region_code"]))
        if key in self.rows:
            self.rows[key].append(row)
        else:
            self.rows[key] = [row]

    def spoil(self, extract: str, row: Row, slot: str) -> None:
        """A row that broke a rule."""
        self.broken.setdefault((extract, slot), []).append(row)

    def slot_of(self, extract: str, region: str) -> str:
        return region if (extract, region) in self.files or (extract, NATION) not in self.files else NATION


# --- policies


def random_policies(rng: random.Random, on: date) -> Policies:
    """The packaged ones with the regions of `RANDOM`, whose values are drawn; a county inherits some."""
    known = policies()
    regions = dict(known.regions)
    for code in RANDOM:
        names = _drawn(rng, on)
        if code in ("130102", "440305"):
            names = dict(rng.sample(sorted(names.items()), 3))
        regions[code] = _policy(code, names, on)
    return replace(known, regions=regions, fingerprint=f"random {rng.random()}")


def _policy(code: str, names: dict[str, Any], on: date) -> RegionPolicy:
    values = {
        (scheme, name): (
            Value(date(on.year, 1, 1), parse(CATALOGUE[name], raw, on.year), "-", False, None, "-"),
        )
        for name, raw in names.items()
        for scheme in SCHEMES
        if scheme in CATALOGUE[name].schemes
    }
    return RegionPolicy(code, "随机", "Random", values)


def _drawn(rng: random.Random, on: date) -> dict[str, Any]:
    """A whole set of values, each at an edge of what the policy may say."""
    pick = rng.choice

    def sized(*choices: str) -> Any:
        return pick(choices) if rng.random() < 0.5 else {s: pick(choices) for s in SIZES}

    forms = list(LEGAL_FORMS)
    return {
        "scheme_open": pick((True, False)), "min_paid_months": pick((0, 1, 11, 12, 12, 13)),
        "back_payment_counts_as_month": pick((True, False)), "back_payment_earlier_years": pick((True, False)),
        "layoff_formulas": rng.sample(("F1", "F2", "F3", "F4", "F5", "F6"), pick((1, 2, 3))),
        "headcount_basis": pick(("december", "monthly_average")),
        "layoff_cap": sized("0", "0.03", "0.05", "0.055", "0.2", "0.2"),
        "layoff_cap_is_strict": pick((True, False, {s: pick((True, False)) for s in SIZES})),
        "small_unit_headcount": pick((None, 0, 30)), "small_unit_cap": pick((None, "0.2", "0")),
        "new_unit_base_month": pick((None, 1)), "headcount_held_max_drop": pick((None, None, None, "0", "0.5", "1")),
        "in_scope_forms": ["enterprise", *rng.sample(forms[1:], 6)], "by_reference_forms": rng.sample(forms[1:], 5),
        "by_reference_size": pick(SIZES), "by_reference_large_headcount": pick((None, 0, 30, 300)),
        "abnormal_taxpayer_passes": pick((True, False)),
        "finance_section_counts_as_large": pick((True, False)), "dispatch_counts_as_large": pick((True, False)),
        "exclusion_lists": rng.sample(EXCLUSION_LISTS, pick((0, 3, 6))),
        "refund_rate": sized("0", "0.3", "0.5", "0.6", "0.9", "1"),
        "benefit_months": pick((1, 6)), "fund_min_reserve_months": pick((None, 0, 12, 24)),
        "pooling_region": pick((None, None, None, None, "province")), "deadline": _near(rng, on),
        "lane": pick(("application", "no_application", {s: pick(("application", "no_application")) for s in SIZES})),
        "declared_tolerance": pick((None, "0", "0.1")), "priority_order": pick((None, ["catering", "tourism"])),
        "notice_working_days": 5, "bank_answer_days": 5, "approvals": 1,
    }  # fmt: skip


def _near(rng: random.Random, on: date) -> date:
    """A day of the policy year, or the one after, at or beside the night."""
    day = on + rng.choice((-1, 0, 0, 1, 40, 40)) * DAY
    return day if day.year >= on.year else date(on.year, 1, 1)


# --- a landing


def landing(seed: int, units: int) -> Landing:
    """One night with so many units, drawn from a seed."""
    rng = random.Random(seed)
    on = NIGHTS[seed % len(NIGHTS)] if rng.random() < 0.8 else date(2020, 5, 11)
    by = random_policies(rng, on)
    able = [c for c in (*PACKAGED, *RANDOM) if _takes_part(by, c, on)]
    regions = rng.sample(able, min(7, len(able)))
    world = Landing(on=on, slots=tuple(regions), policies=by)
    world.participating = tuple(c for c in able if c in regions or not c.endswith("0000"))
    _files(world, rng)
    for region in regions:
        _region(world, rng, region)
    drawn = Drawn(world, rng, on, tuple(regions))
    for number in range(1, units + 1):
        drawn.unit(number)
    return world


def _takes_part(by: Policies, code: str, on: date) -> bool:
    return any(v.effective_from.year == on.year and v.effective_from <= on
               for versions in by.regions[code].values.values() for v in versions)  # fmt: skip


def _files(world: Landing, rng: random.Random) -> None:
    """Mostly a file a region; of some extracts one for all, beside which some regions send their own."""
    for extract in EXTRACTS:
        if rng.random() < 0.25:
            world.files.add((extract, NATION))
            if rng.random() < 0.2:
                world.held_parts[extract] = (rng.choice(world.slots),)
            world.files |= {(extract, r) for r in rng.sample(world.slots, min(2, len(world.slots)))}
        else:
            world.files |= {(extract, r) for r in world.slots}
    if rng.random() < 0.5:
        world.files.discard(("enterprise_sizes", rng.choice(world.slots)))
    for region in world.slots:
        if rng.random() < 0.1:
            world.files.discard(("applications", region))
        if rng.random() < 0.05:
            world.files.discard(("benefit_standards", region))


def _region(world: Landing, rng: random.Random, region: str) -> None:
    """Balance and benefit of the region or of the levels above it, at the edge; some of them spoiled."""
    year = world.on.year
    for level in dict.fromkeys((region, region[:4] + "00", region[:2] + "0000")):
        if rng.random() < (0.95 if level == region else 0.6):
            payout = rng.choice(("0.00", "1000000.00", "1000000.00", "0.02", "1000000000000.00"))
            months = Decimal(rng.choice(("0.5", "1", "1", "2", "2", "2", "2")))
            balance = min(HUGE, max(Decimal(0), Decimal(payout) * months + rng.choice((-CENT, 0, 0, CENT))))
            row = {"region_code": level, "year": year - rng.choice((1, 1, 1, 1, 2)), "refund_budget": ONE}
            row |= {"rolling_balance": balance, "annual_payout": Decimal(payout)}
            world.put("fund_balances", row, world.slot_of("fund_balances", region))
        if rng.random() < (0.75 if level == region else 0.3):
            for day in (date(year - 1, 1, 1), rng.choice((world.on, world.on + DAY, world.on - DAY))):
                benefit = Decimal(rng.choice(("1350.00", "0.01", "1000000000000.00", "2000.55")))
                row = {"region_code": level, "effective_from": day, "monthly_benefit": benefit}
                world.put("benefit_standards", row, world.slot_of("benefit_standards", region))
    for extract in ("fund_balances", "benefit_standards"):
        if rng.random() < 0.08:
            place = rng.choice((region, region[:2] + "0000", NATION, "130200", *REGIONS_UNREAD))
            world.spoil(extract, {"region_code": place}, world.slot_of(extract, region))


@dataclass
class Drawn:
    """What draws the units of one landing."""

    world: Landing
    rng: random.Random
    on: date
    regions: tuple[str, ...]
    codes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.year = self.on.year
        self.before = (self.year - 2) * 100 + 12
        self.months = [(self.year - 1) * 100 + m for m in range(1, 13)]
        self.odd: tuple[Callable[[str, str, int], None], ...] = (
            self._lists, self._application, self._refund, self._sizes, self._spoil, self._claims,
            self._second_rows,
        )  # fmt: skip

    def near(self, *days: date) -> date:
        """A day at, or beside, a boundary."""
        return self.rng.choice(days) + self.rng.choice((-400, -1, 0, 0, 1, 40)) * DAY

    def maybe(self, share: float) -> bool:
        return self.rng.random() < share

    def code(self, number: int, region: str) -> str:
        """A code whose division is the region's or another's."""
        place = region if self.maybe(0.7) else self.rng.choice((*self.regions, *SILENT, "610103"))
        return make_credit_code(f"91{place}{number:09d}")

    def old(self, number: int) -> str:
        return make_registration_no(f"6101{number:010d}")

    def unit(self, number: int) -> None:
        """A unit, most of which pass the more common tests, with some things odd about it."""
        rng, region = self.rng, self.rng.choice(self.regions)
        uscc = self.old(number) if self.maybe(0.02) else self.code(number, region)
        heads = rng.choice((0, 1, 7, 20, 29, 30, 31, 40, 100, 200, 299, 300, 1000))
        if self.maybe(0.004):
            heads = 10_000_000
        row = self._insured(uscc, region, number)
        self.world.put("insured_units", row)
        self.codes.append(uscc)
        known = self._known_by(uscc, region, number, row)
        self._headcount(known("monthly_headcount"), region, heads)
        self._premium(known("premium_payments"), region)
        self._tax_and_account(known("taxpayers"), known("payee_accounts"), region, row)
        if self.maybe(0.85):
            self._size(known("enterprise_sizes"), region)
        if self.maybe(0.6):
            self._applied(known("applications"), region, heads)
        if self.maybe(0.5):
            self._current(known("monthly_headcount"), region, heads)
        for oddity in self.odd:
            if self.maybe(0.18):
                oddity(known("odd") if self.maybe(0.5) else uscc, region, heads)
        if self.maybe(0.01):
            self._insured_again(uscc, region, number)

    def _insured(self, uscc: str, region: str, number: int) -> Row:
        rng = self.rng
        row: Row = {
            "uscc": uscc, "unit_name": f"单位{number}有限公司", "unit_no": f"U{number}", "region_code": region,
            "legal_form": "enterprise", "industry_code": "5211", "insured_since": date(2010, 1, 1),
            "insured_status": "active", "is_labour_dispatch": False, "parent_uscc": None, "registration_no": None,
        }  # fmt: skip
        if self.maybe(0.25):
            row["legal_form"] = rng.choice((*LEGAL_FORMS, "individual_business", None))
        if self.maybe(0.12):
            row["industry_code"] = rng.choice(("6610", "6599", "6999", "7263", "7000"))
        if self.maybe(0.12):
            row["insured_since"] = self.near(self.on, date(self.year - 1, 1, 1))
        if self.maybe(0.04):
            row["insured_status"] = rng.choice(("suspended", "deregistered"))
        if self.maybe(0.07):
            row["is_labour_dispatch"] = True
        if self.maybe(0.15):
            row["parent_uscc"] = self._parent(number)
        if self.maybe(0.02):
            row["unit_name"] = rng.choice(("　", "张三", "甲（西安）公司"))
        return row

    def _parent(self, number: int) -> str:
        rng = self.rng
        kinds: tuple[Callable[[], str], ...] = (
            lambda: rng.choice(self.codes[-400:] or [BAD_CODE]),
            lambda: make_credit_code(
                f"91{rng.choice((*self.regions, *SILENT, '610103', '100000'))}9{number:08d}"
            ),
            lambda: make_credit_code(f"91{rng.choice(self.regions)}8{number:08d}")[:17] + "I",
            lambda: self.old(rng.choice((number, 5_000_000_000 + number))),
        )
        return rng.choices(kinds, (5, 3, 1, 1))[0]()

    def _known_by(self, uscc: str, region: str, number: int, row: Row) -> Callable[[str], str]:
        """Under which code a department knows it: its own, or the old number that it had."""
        if len(uscc) == 15 or not self.maybe(0.12):
            return lambda _: uscc
        old = self.old(1_000_000_000 + number)
        kind = self.rng.random()
        if kind < 0.2 and len(self.codes) > 1:
            near = [c for c in self.codes[-300:] if len(c) == 15]
            old = self.rng.choice(near) if near else old
        elif kind < 0.3:
            old = self.old(1_000_000_000 + number - self.rng.choice((1, 2)))
        row["registration_no"] = old if self.maybe(0.9) else None
        share = self.rng.choice((0.1, 0.5, 1.0))
        return lambda _: old if self.rng.random() < share else uscc

    def _headcount(self, uscc: str, region: str, heads: int) -> None:
        counts = {self.before: heads, **dict.fromkeys(self.months, heads)}
        if self.maybe(0.3):
            for month in self.rng.sample(sorted(counts), 2):
                counts[month] = heads * self.rng.choice((80, 90, 94, 95, 100, 130)) // 100
                if self.maybe(0.15):
                    del counts[month]
        for month, count in counts.items():
            row = {
                "uscc": uscc,
                "region_code": region,
                "month": month,
                "insured_count": min(count, 10_000_000),
            }
            self.world.put("monthly_headcount", row)

    def _current(self, uscc: str, region: str, heads: int) -> None:
        """Months of Y: January's, the night's own, the next one's."""
        first, now = self.year * 100 + 1, self.year * 100 + self.on.month
        for month in {first, now, max(first, now - 1), min(now + 1, self.year * 100 + 12)}:
            if self.maybe(0.7):
                count = min(heads, 10_000_000) * self.rng.choice((0, 49, 50, 51, 100)) // 100
                row = {"uscc": uscc, "region_code": region, "month": month, "insured_count": count}
                self.world.put("monthly_headcount", row)

    def _premium(self, uscc: str, region: str) -> None:
        months, rng = self.months, self.rng
        if self.maybe(0.2):
            months = rng.sample(months, rng.choice((0, 1, 10, 11, 11)))
        huge = self.maybe(0.003)
        for month in months:
            self._pay(uscc, region, month, HUGE if huge else Decimal("70.00"), "regular",
                      date(month // 100, month % 100, 15))  # fmt: skip
        if self.maybe(0.25):
            for i in range(rng.choice((1, 3))):
                last = (self.year - 1) * 100
                month = rng.choice((last + 12, last + 11, last - 95, last - 599, last - 1988, last + 101))
                paid = self.near(date(self.year - 1, 1, 1), date(self.year - 1, 12, 31), self.on) + i * DAY
                amount = Decimal(rng.choice(("0.00", "0.01", "33.33")))
                self._pay(
                    uscc, region, month, amount, rng.choice(("regular", "back_payment", "late_fee")), paid
                )

    def _pay(self, uscc: str, region: str, month: int, amount: Decimal, kind: str, paid: date) -> None:
        self.world.put("premium_payments", {
            "uscc": uscc, "region_code": region, "fee_month": month, "payment_kind": kind, "paid_date": paid,
            "employer_amount": amount, "employee_amount": amount if amount == HUGE else Decimal("0.00"),
        })  # fmt: skip

    def _tax_and_account(self, tax: str, payee: str, region: str, unit: Row) -> None:
        rng, name = self.rng, unit["unit_name"]
        row: Row = {
            "uscc": tax, "region_code": region, "taxpayer_status": "normal", "arrears_amount": Decimal("0.00"),
            "account_name": None, "account_no": None, "bank_code": None,
        }  # fmt: skip
        account: Row = {
            "uscc": payee, "region_code": region, "account_name": name, "account_no": "62220011", "bank_name": "行",
            "bank_code": "105002103908", "account_status": "verified",
        }  # fmt: skip
        if self.maybe(0.1):
            row["taxpayer_status"] = rng.choice(("abnormal", "cancelled"))
        if self.maybe(0.04):
            row["arrears_amount"] = rng.choice((CENT, HUGE))
        if self.maybe(0.25):
            numbered = {"account_no": rng.choice(("1", "01", "2", None)), "bank_code": "102791000014"}
            row |= numbered | {"account_name": rng.choice((name, name, "丁公司", None, "　 ", ""))}
            account |= {"account_name": rng.choice((name, name.replace("有", "有 "), "丙公司"))}
            account |= {
                "account_status": rng.choice(("verified", "failed")),
                "account_no": rng.choice(("1", "3")),
            }
        if not self.maybe(0.03):
            self.world.put("taxpayers", row)
        if not self.maybe(0.1):
            self.world.put("payee_accounts", account)

    def _size(self, uscc: str, region: str, on: date | None = None) -> None:
        day = on or date(self.year - 1, 3, 1)
        row = {
            "uscc": uscc,
            "region_code": region,
            "size_class": self.rng.choice(SIZES),
            "determined_on": day,
        }
        if self.world.slot_of("enterprise_sizes", region) in (region, NATION):
            self.world.put("enterprise_sizes", row | {"basis": "relief_2020"})

    def _sizes(self, uscc: str, region: str, heads: int) -> None:
        self._size(uscc, self.rng.choice(self.regions), date(self.year - 1, self.rng.choice((2, 3, 4)), 1))

    def _applied(self, uscc: str, region: str, heads: int, i: int = 0) -> None:
        rng = self.rng
        deadline = self._deadline(region)
        at = datetime.combine(rng.choice((deadline, deadline - DAY, self.on, deadline + DAY)), time(8))
        if i or self.maybe(0.3):
            at = datetime.combine(self.near(self.on, deadline), rng.choice((time(0), time(23, 59, 59))))
        size = rng.choice(SIZES)
        self.world.put("applications", {
            "uscc": uscc, "region_code": region, "application_no": f"{rng.choice('AB')}{i}{uscc}", "channel": "online",
            "submitted_at": at, "scheme": "general" if self.maybe(0.8) else "difficult", "declared_size": size,
            "declared_headcount": heads * rng.choice((89, 90, 100, 100, 110, 111)) // 100,
            "commitment_signed": self.maybe(0.85),
        })  # fmt: skip

    def _deadline(self, region: str) -> date:
        by = self.world.policies
        assert by is not None
        found = by.regions[region].values.get(("general", "deadline"))
        value = found[0].value if found else None
        return value if isinstance(value, date) else date(self.year, 12, 31)

    def _application(self, uscc: str, region: str, heads: int) -> None:
        for i in (1, 2):
            self._applied(uscc, region, heads, i)

    def _claims(self, uscc: str, region: str, heads: int) -> None:
        rng = self.rng
        self.world.put("benefit_claims", {
            "uscc": uscc, "region_code": region, "year": self.year - rng.choice((1, 1, 1, 2)),
            "claimants": rng.choice((0, 1, 3, 5, 6, 10, 20, 21, 60)) * heads // 100,
            "layoffs": rng.choice((None, 0, heads // 20, heads // 10)),
            "natural_attrition": rng.choice((None, 0, heads // 20, heads // 10)),
        })  # fmt: skip

    def _lists(self, uscc: str, region: str, heads: int) -> None:
        rng = self.rng
        place = rng.choice((region, rng.choice(self.regions)))
        if self.maybe(0.4):
            removed = rng.choice((None, self.near(self.on)))
            self.world.put("exclusion_list", {
                "uscc": uscc, "region_code": place, "list_type": rng.choice(EXCLUSION_LISTS), "authority": "局",
                "listed_on": self.near(self.on), "removed_on": removed,
            })  # fmt: skip
        for category in sorted({rng.choice(CATEGORIES), "recovering"}):
            valid = {"valid_from": self.near(self.on), "valid_to": rng.choice((None, self.near(self.on)))}
            self.world.put(
                "priority_list", {"uscc": uscc, "region_code": place, "category": category, **valid}
            )

    def _refund(self, uscc: str, region: str, heads: int) -> None:
        rng = self.rng
        reference = f"20-{region}-{uscc}-01-01"
        for i, amount in enumerate(rng.sample(("0.01", "420.00", "419.99", "420.01", "100000.00"), 2)):
            self.world.put("prior_refunds", {
                "uscc": uscc, "region_code": region, "policy_year": self.year - rng.choice((0, 0, 0, 1)),
                "scheme": rng.choice(SCHEMES), "amount": Decimal(amount), "paid_date": self.near(self.on),
                "voucher_no": f"V{i}{uscc}", "payment_reference": reference if self.maybe(0.3) else None,
            })  # fmt: skip
        if self.maybe(0.5):
            year = self.year - rng.choice((0, 0, 0, 1))
            self.world.pay_out(uscc, region, "12.34", reference, year=year)
            if self.maybe(0.3):
                self.world.pay_out(uscc, region, "0.00", voucher=f"V0{uscc}", year=self.year)

    def _second_rows(self, uscc: str, region: str, heads: int) -> None:
        """A second taxpayer row or claim, as under another number."""
        if self.maybe(0.5):
            self._claims(uscc, region, heads)
        else:
            status = self.rng.choice(("normal", "abnormal", "cancelled"))
            amount = self.rng.choice((Decimal("0.00"), CENT))
            row = {"uscc": uscc, "region_code": region, "taxpayer_status": status, "arrears_amount": amount}
            self.world.put("taxpayers", row)

    def _spoil(self, uscc: str, region: str, heads: int) -> None:
        """A row of the unit that nobody can read: in its region's file, or in one for all."""
        rng = self.rng
        extract = rng.choice([e for e in EXTRACTS if e not in ("fund_balances", "benefit_standards")])
        slot = self.world.slot_of(extract, region)
        place = rng.choice((region, region, rng.choice(self.regions), *REGIONS_UNREAD))
        holds = extract in ("prior_refunds", "exclusion_list")
        code: str | None = uscc
        if not holds and self.maybe(0.1):
            code = rng.choice((None, uscc[:-1] + ("0" if uscc[-1] != "0" else "1")))
        if extract == "prior_refunds" and slot == NATION:
            place = region
        if (extract, slot) in self.world.files:
            self.world.spoil(extract, {"uscc": code, "region_code": place}, slot)

    def _insured_again(self, uscc: str, region: str, number: int) -> None:
        """The same enterprise insured elsewhere."""
        other = self.rng.choice(self.regions)
        if other != region:
            self.world.put("insured_units", self._insured(uscc, other, number) | {"registration_no": None})
            self._headcount(uscc, other, 40)
            self._premium(uscc, other)


# --- written down


def write(world: Landing, folder: Path) -> Inputs:
    """Staged files and the product's own quarantine of them, an extract at a time."""
    known = contracts(world.on)
    files = list(_written(world, folder, known))
    return Inputs(tuple(files), known, paid_by_us=_ours(world, folder))


def _written(world: Landing, folder: Path, known: Any) -> Iterator[InputFile]:
    delivery = 0
    with duckdb.connect() as con:
        con.execute("SET threads = 1")
        for extract in EXTRACTS:
            slots = sorted(slot for e, slot in world.files if e == extract)
            rows: list[Row] = []
            spoiled: list[int] = []
            staged, quarantine = folder / f"{extract}.parquet", folder / f"{extract}.quarantine.parquet"
            for slot in slots:
                delivery += 1
                good, bad = world.rows.get((extract, slot), []), world.broken.get((extract, slot), [])
                first = delivery * 10**10 + 1
                for i, row in enumerate((*good, *bad), start=first):
                    head = {
                        "row_id": i,
                        "delivery_id": delivery,
                        "row_no": i - first + 1,
                        "delivery_region": slot,
                    }
                    rows.append(head | row)
                spoiled += range(first + len(good), first + len(good) + len(bad))
                held = world.held_parts.get(extract, ()) if slot == NATION else ()
                yield InputFile(extract, slot, delivery, str(staged), str(quarantine), held)
            _table(staged, rows, HEAD | {c.name: TYPES[c.kind] for c in known[extract].columns} | STAGED_TAIL)
            _quarantined(con, known[extract], staged, quarantine, spoiled)


def _table(path: Path, rows: list[Row], columns: dict[str, str]) -> None:
    schema = ibis.schema(columns).to_pyarrow()
    arrays = [pa.array([row.get(f.name) for row in rows], type=f.type) for f in schema]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path)


def _quarantined(con: Any, contract: Any, staged: Path, quarantine: Path, spoiled: list[int]) -> None:
    open_staged(con, [str(staged)])
    rule = next(r.id for r in contract.rules if r.id.endswith("region_code.known"))
    con.execute("CREATE OR REPLACE TEMP TABLE failures (rule_id VARCHAR, row_id BIGINT)")
    con.execute("INSERT INTO failures SELECT ?, unnest(?::BIGINT[])", [rule, spoiled])
    write_quarantine(con, contract, str(quarantine))


def _ours(world: Landing, folder: Path) -> str | None:
    if not world.ours:
        return None
    _table(folder / "ours.parquet", world.ours, OURS)
    return str(folder / "ours.parquet")
