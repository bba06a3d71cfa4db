"""Staged and quarantined Parquet files from Python rows, as staging and validation write them.

A `World` holds rows of every extract; `unit()` adds a unit that passes every test in region 610100 (2020).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.contracts.model import Contract
from stable_jobs.credit_code import make_credit_code
from stable_jobs.policy.aggregates import OURS
from stable_jobs.policy.extracts import HEAD, QUARANTINE, TYPES, InputFile, Inputs
from stable_jobs.policy.load import Policies, load_policies
from stable_jobs.settings import data_folder
from tests.policy.engines import decided_by_engines

NIGHT = date(2020, 5, 11)
XIAN, LIAOYUAN, NANCHANG, LANZHOU, QIQIHAR = "610100", "220400", "360100", "620100", "230200"
CITIES = (XIAN, LIAOYUAN, NANCHANG, LANZHOU, QIQIHAR)
EXTRACTS = (
    "insured_units", "monthly_headcount", "benefit_claims", "benefit_standards", "applications",
    "premium_payments", "taxpayers", "fund_balances", "prior_refunds", "payee_accounts", "exclusion_list",
    "priority_list", "enterprise_sizes",
)  # fmt: skip
STAGED_TAIL = {"raw": "string", "unreadable": "string"}
Row = dict[str, Any]


def policies() -> Policies:
    """The packaged policy files."""
    return load_policies(data_folder("policies"))


def code(number: int) -> str:
    """A valid made-up credit code."""
    return make_credit_code(f"9161013{number:010d}")


def clock(*parts: int) -> datetime:
    """A moment as staged: Asia/Shanghai's wall clock, without a zone."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - as staged


def months(year: int) -> list[int]:
    """The twelve months of a year as YYYYMM."""
    return [year * 100 + m for m in range(1, 13)]


@dataclass
class World:
    """Rows by extract and slot: accepted ones and quarantined ones; slots with no row are still delivered.

    What changes it gives the world back, so that a case may be a lambda of several changes.
    """

    on: date = NIGHT
    slots: tuple[str, ...] = CITIES
    rows: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    broken: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    undelivered: set[tuple[str, str]] = field(default_factory=set)
    held_parts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ours: list[Row] = field(default_factory=list)

    def add(self, extract: str, slot: str | None = None, /, **row: Any) -> World:
        """An accepted row."""
        self.rows.setdefault((extract, slot or row["region_code"]), []).append(row)
        return self

    def quarantine(
        self,
        extract: str,
        slot: str | None = None,
        home: str | None = None,
        /,
        known: bool = True,
        **row: Any,
    ) -> World:
        """A staged row that broke a critical rule."""
        where = slot or row["region_code"]
        extra = {"rules": [f"{extract}.some.rule"], "home_region": home or where, "is_unit_known": known}
        self.broken.setdefault((extract, where), []).append(row | extra)
        return self

    def change(self, extract: str, uscc: str, /, **changes: Any) -> World:
        """Change every row of an enterprise."""
        for rows in (rows for (e, _), rows in self.rows.items() if e == extract):
            for row in rows:
                if row.get("uscc") == uscc:
                    row.update(changes)
        return self

    def drop(self, extract: str, uscc: str, /, **where: Any) -> list[Row]:
        """Take an enterprise's rows out, those with these values; they are given back."""
        gone = []
        for key in [k for k in self.rows if k[0] == extract]:
            hit = [r for r in self.rows[key] if r.get("uscc") == uscc and r.items() >= where.items()]
            gone += hit
            self.rows[key] = [r for r in self.rows[key] if r not in hit]
        return gone

    def quarantine_rows(self, extract: str, uscc: str, **where: Any) -> World:
        """Move an enterprise's accepted rows into the quarantine."""
        for row in self.drop(extract, uscc, **where):
            self.quarantine(extract, **row)
        return self

    def region(self, region: str, **fund: Any) -> World:
        """What a region's own deliveries say of it: its fund and, for the difficult scheme, its benefit."""
        balance = {"rolling_balance": "2000000.00", "annual_payout": "1000000.00", "refund_budget": "1.00"}
        money = {k: Decimal(v) for k, v in (balance | fund).items()}
        self.add("fund_balances", region_code=region, year=self.on.year - 1, **money)
        self.add(
            "benefit_standards", region_code=region, effective_from=date(self.on.year - 1, 1, 1),
            monthly_benefit=Decimal("1350.00"),
        )  # fmt: skip
        return self

    def unit(
        self, uscc: str, region: str = XIAN, heads: int = 100, size: str | None = "small", **unit: Any
    ) -> str:
        """A unit that passes every test of the general scheme; `unit` changes its insured_units row."""
        year = self.on.year
        base: Row = {
            "uscc": uscc, "unit_name": f"单位{uscc[-4:]}有限公司", "unit_no": f"U{uscc[-6:]}",
            "region_code": region, "legal_form": "enterprise", "industry_code": "5211",
            "insured_since": date(2010, 1, 1), "insured_status": "active", "is_labour_dispatch": False,
            "parent_uscc": None, "registration_no": None,
        }  # fmt: skip
        self.add("insured_units", **(base | unit))
        self.heads(uscc, region, {(year - 2) * 100 + 12: heads, **dict.fromkeys(months(year - 1), heads)})
        for month in months(year - 1):
            self.pay(uscc, region, month)
        self.add(
            "taxpayers",
            uscc=uscc,
            region_code=region,
            taxpayer_status="normal",
            arrears_amount=Decimal("0.00"),
        )
        self.add(
            "payee_accounts",
            uscc=uscc,
            region_code=region,
            account_name=(base | unit)["unit_name"],
            account_no="6222" + uscc[-8:],
            bank_code="105002103908",
            bank_name="工商银行",
            account_status="verified",
        )
        if size is not None:
            self.size(uscc, region, size)
        return uscc

    def heads(self, uscc: str, region: str, counts: dict[int, int]) -> World:
        """Headcount rows by month."""
        for month, count in counts.items():
            self.add("monthly_headcount", uscc=uscc, region_code=region, month=month, insured_count=count)
        return self

    def size(
        self, uscc: str, region: str, size: str, on: date | None = None, slot: str | None = None
    ) -> World:
        """A row of enterprise_sizes."""
        self.add(
            "enterprise_sizes", slot, uscc=uscc, region_code=region, size_class=size, basis="relief_2020",
            determined_on=on or date(self.on.year, 3, 1),
        )  # fmt: skip
        return self

    def pay(
        self, uscc: str, region: str, month: int, amount: str = "100.00", kind: str = "regular", **row: Any
    ) -> World:
        """A payment of `amount` in all, 70 % of it the employer's, in the month it is for."""
        total = Decimal(amount)
        employer = (total * Decimal("0.7")).quantize(Decimal("0.01"))
        base = {"paid_date": date(month // 100, month % 100, 15)}
        self.add(
            "premium_payments", uscc=uscc, region_code=region, fee_month=month, payment_kind=kind,
            employer_amount=employer, employee_amount=total - employer, **(base | row),
        )  # fmt: skip
        return self

    def claim(self, uscc: str, region: str, claimants: int, **row: Any) -> World:
        """A row of benefit_claims of Y-1."""
        base = {"year": self.on.year - 1, "layoffs": None, "natural_attrition": None}
        self.add("benefit_claims", uscc=uscc, region_code=region, claimants=claimants, **(base | row))
        return self

    def apply(self, uscc: str, region: str, heads: int = 100, size: str = "small", **row: Any) -> World:
        """A signed application of 20 April for the general scheme."""
        base = {
            "application_no": f"A{uscc}{row.get('scheme', '')}", "channel": "online", "scheme": "general",
            "submitted_at": clock(self.on.year, 4, 20, 9), "declared_headcount": heads,
            "declared_size": size, "commitment_signed": True,
        }  # fmt: skip
        self.add("applications", uscc=uscc, region_code=region, **(base | row))
        return self

    def exclude(
        self, uscc: str, region: str, listed_on: date, removed_on: date | None = None, kind: str = "zombie"
    ) -> World:
        """A row of exclusion_list."""
        self.add(
            "exclusion_list", uscc=uscc, region_code=region, list_type=kind, listed_on=listed_on,
            removed_on=removed_on, authority="发改委",
        )  # fmt: skip
        return self

    def prioritise(
        self, uscc: str, region: str, category: str, valid_to: date | None = None, **row: Any
    ) -> World:
        """A row of priority_list from 1 January on."""
        base = {"valid_from": date(self.on.year, 1, 1), "valid_to": valid_to}
        self.add("priority_list", uscc=uscc, region_code=region, category=category, **(base | row))
        return self

    def refund(self, uscc: str, region: str, amount: str, **row: Any) -> World:
        """A row of prior_refunds of policy year Y, paid in March."""
        base = {
            "policy_year": self.on.year, "scheme": "general", "paid_date": date(self.on.year, 3, 2),
            "voucher_no": f"V{uscc}{amount}", "payment_reference": None,
        }  # fmt: skip
        self.add("prior_refunds", uscc=uscc, region_code=region, amount=Decimal(amount), **(base | row))
        return self

    def pay_out(
        self, uscc: str, region: str, amount: str, reference: str | None = None, voucher: str | None = None,
        year: int | None = None,
    ) -> World:  # fmt: skip
        """A row of our ledger's file."""
        row = {"region_code": region, "uscc": uscc, "policy_year": year or self.on.year}
        paid = {"amount": Decimal(amount), "payment_reference": reference, "voucher_no": voucher}
        self.ours.append(row | paid)
        return self


def contracts(on: date = NIGHT) -> dict[str, Contract]:
    """The packaged contracts; a copy, so that a test may change one."""
    return dict(_packaged(on))


@cache
def _packaged(on: date) -> dict[str, Contract]:
    return contracts_as_of(data_folder("contracts"), on)


def write(world: World, folder: Path) -> Inputs:
    """One staged and one quarantine file per extract and slot."""
    known = contracts(world.on)
    slots = {slot for _, slot in (*world.rows, *world.broken)} | set(world.slots)
    keys = [(e, s) for e in EXTRACTS for s in sorted(slots)]
    wanted = [
        k for k in keys
        if k not in world.undelivered and (k[1] in world.slots or k in world.rows or k in world.broken)
    ]  # fmt: skip
    files = [_write_one(world, folder, known[e], e, s, i + 1) for i, (e, s) in enumerate(wanted)]
    return Inputs(tuple(files), known, paid_by_us=_ours(world, folder))


def _ours(world: World, folder: Path) -> str | None:
    if not world.ours:
        return None
    _parquet(folder / "ours.parquet", world.ours, OURS)
    return str(folder / "ours.parquet")


def _write_one(
    world: World, folder: Path, contract: Contract, extract: str, slot: str, delivery: int
) -> InputFile:
    good = world.rows.get((extract, slot), [])
    bad = world.broken.get((extract, slot), [])
    numbered = [
        row | {"row_id": delivery * 10**10 + i, "delivery_id": delivery, "row_no": i, "delivery_region": slot}
        for i, row in enumerate([*good, *bad], start=1)
    ]
    columns = HEAD | {c.name: TYPES[c.kind] for c in contract.columns} | STAGED_TAIL
    staged, quarantine = folder / f"{delivery}.staged.parquet", folder / f"{delivery}.quarantine.parquet"
    _parquet(staged, numbered, columns)
    _parquet(quarantine, numbered[len(good) :], columns | QUARANTINE)
    held = world.held_parts.get(extract, ()) if slot == "000000" else ()
    return InputFile(extract, slot, delivery, str(staged), str(quarantine), held)


def _parquet(path: Path, rows: list[Row], columns: dict[str, str]) -> None:
    schema = ibis.schema(columns).to_pyarrow()
    unknown = {name for row in rows for name in row} - set(columns) - set(QUARANTINE)
    assert not unknown, unknown
    pq.write_table(
        pa.Table.from_pylist([{n: row.get(n) for n in columns} for row in rows], schema=schema), path
    )


def decided(world: World, folder: Path, by: Policies | None = None) -> dict[str, list[Row]]:
    """The whole decision, every table as Python rows."""
    return decided_by_engines(write(world, folder), by or policies(), world.on, folder / "out")


def row_of(
    tables: dict[str, list[Row]], uscc: str, scheme: str = "general", region: str | None = None
) -> Row:
    """The one eligibility row of an enterprise."""
    found = [
        r for r in tables["eligibility"]
        if r["uscc"] == uscc and r["scheme"] == scheme and region in (None, r["region_code"])
    ]  # fmt: skip
    assert len(found) == 1, found
    return found[0]
