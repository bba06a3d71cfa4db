"""The set-based decision against the oracle's, on a few thousand units put together at random."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from stable_jobs.policy.catalogue import CATEGORIES, EXCLUSION_LISTS, LEGAL_FORMS, SIZES
from stable_jobs.policy.doubts import UNIT_EXTRACTS
from tests.policy.builder import (
    CITIES,
    NIGHT,
    Row,
    World,
    clock,
    code,
    decided,
    months,
)  # fmt: skip
from tests.policy.cases import test_regions
from tests.policy.oracle_tests import decide

REGIONS = (*CITIES, "130100", "130200")
APRIL = date(2020, 4, 30)
EDGE_CAPS = (0, 1, 3, 4, 5, 6, 7, 10, 11, 20, 21)


def near(rng: random.Random, day: date) -> date:
    """A day at, or beside, a boundary."""
    return day + timedelta(days=rng.choice((-400, -1, 0, 1, 40)))


def maybe(rng: random.Random, share: float) -> bool:
    return rng.random() < share


def build(world: World, rng: random.Random, number: int) -> None:
    """One unit with some things odd about it."""
    region, uscc = rng.choice(REGIONS), code(number)
    heads = rng.choice((0, 1, 7, 20, 29, 30, 31, 40, 100, 200, 299, 300, 1000))
    unit: dict[str, Any] = {}
    if maybe(rng, 0.3):
        unit["legal_form"] = rng.choice((*LEGAL_FORMS, None))
    if maybe(rng, 0.15):
        unit["industry_code"] = rng.choice(("6610", "6599", "6999", "7263", "7000"))
    if maybe(rng, 0.15):
        unit["insured_since"] = near(rng, rng.choice((NIGHT, date(2019, 1, 1))))
    if maybe(rng, 0.05):
        unit["insured_status"] = rng.choice(("suspended", "deregistered"))
    if maybe(rng, 0.1):
        unit["is_labour_dispatch"] = True
    if maybe(rng, 0.2):
        unit["parent_uscc"] = code(rng.randrange(1, 3000))
    world.unit(uscc, region, heads, rng.choice((*SIZES, *SIZES, None)), **unit)
    for oddity in (_headcount, _premium, _tax, _account, _lists, _application, _refund, _sizes, _quarantine):
        if maybe(rng, 0.35):
            oddity(world, rng, uscc, region, heads)
    if maybe(rng, 0.7):
        optional = {
            n: rng.choice((None, 0, heads // 20, heads // 10)) for n in ("layoffs", "natural_attrition")
        }
        world.claim(uscc, region, rng.choice(EDGE_CAPS) * heads // 100, **optional)
    if maybe(rng, 0.8):
        world.apply(
            uscc, region, heads, rng.choice(SIZES), submitted_at=clock(2020, 4, rng.choice((1, 29, 30)), 8)
        )


def _headcount(world: World, rng: random.Random, uscc: str, region: str, heads: int) -> None:
    for month in rng.sample([201812, 201901, 201912, *months(2019)], 2):
        world.drop("monthly_headcount", uscc, month=month)
        if maybe(rng, 0.7):
            world.heads(uscc, region, {month: heads * rng.choice((80, 90, 94, 95, 100, 130)) // 100})
    for month in rng.sample((202001, 202004, 202005, 202006), 2):
        world.heads(uscc, region, {month: heads * rng.choice((49, 50, 51, 100)) // 100})


def _premium(world: World, rng: random.Random, uscc: str, region: str, heads: int) -> None:
    for month in rng.sample(months(2019), rng.choice((0, 1, 1, 2, 12))):
        world.drop("premium_payments", uscc, fee_month=month)
    for i in range(rng.choice((0, 1, 3))):
        month = rng.choice((201912, 201911, 201805, 201301, 199912, 202001))
        kind = rng.choice(("regular", "back_payment", "late_fee"))
        paid = near(rng, rng.choice((date(2019, 1, 1), date(2019, 12, 31), NIGHT))) + timedelta(days=i)
        world.pay(uscc, region, month, rng.choice(("0.00", "0.01", "33.33")), kind, paid_date=paid)


def _tax(world: World, rng: random.Random, uscc: str, region: str, heads: int) -> None:
    status = rng.choice(("normal", "abnormal", "cancelled"))
    world.change(
        "taxpayers",
        uscc,
        taxpayer_status=status,
        arrears_amount=rng.choice((Decimal("0.00"), Decimal("0.01"))),
    )
    if maybe(rng, 0.2):
        world.drop("taxpayers", uscc)


def _account(world: World, rng: random.Random, uscc: str, region: str, heads: int) -> None:
    [unit] = [r for rows in world.rows.values() for r in rows if r.get("uscc") == uscc and "legal_form" in r]
    name = rng.choice((unit["unit_name"], unit["unit_name"].replace("有", " 有"), "丙公司"))
    world.change(
        "payee_accounts",
        uscc,
        account_name=name,
        account_status=rng.choice(("verified", "failed")),
        account_no="1",
    )
    world.change(
        "taxpayers", uscc, account_name=rng.choice((unit["unit_name"], "丁公司", None)),
        account_no=rng.choice(("1", "2", None)), bank_code=rng.choice(("102791000014", None)),
    )  # fmt: skip
    if maybe(rng, 0.3):
        world.drop("payee_accounts", uscc)


def _lists(world: World, rng: random.Random, uscc: str, region: str, heads: int) -> None:
    if maybe(rng, 0.5):
        removed = rng.choice((None, near(rng, NIGHT)))
        world.exclude(uscc, rng.choice(REGIONS), near(rng, NIGHT), removed, rng.choice(EXCLUSION_LISTS))
    for category in rng.sample(CATEGORIES, 2):
        dates = {"valid_from": near(rng, NIGHT), "valid_to": rng.choice((None, near(rng, NIGHT)))}
        world.prioritise(uscc, rng.choice(REGIONS), category, **dates)


def _application(world: World, rng: random.Random, uscc: str, region: str, heads: int) -> None:
    for i in range(2):
        world.apply(
            uscc, region, heads * rng.choice((89, 90, 100, 110, 111)) // 100, rng.choice(SIZES),
            application_no=f"N{i}{uscc}", scheme=rng.choice(("general", "difficult")),
            submitted_at=datetime.combine(near(rng, rng.choice((NIGHT, APRIL))), time(23, 59, 59)),
            commitment_signed=maybe(rng, 0.8),
        )  # fmt: skip


def _refund(world: World, rng: random.Random, uscc: str, region: str, heads: int) -> None:
    for amount in rng.sample(("0.01", "600.00", "599.99", "600.01", "100000.00"), 2):
        row = {"policy_year": rng.choice((2020, 2020, 2019)), "paid_date": near(rng, NIGHT)}
        world.refund(uscc, region, amount, scheme=rng.choice(("general", "difficult")), **row)
    if maybe(rng, 0.5):
        _instructed(world, rng, uscc, region)


def _instructed(world: World, rng: random.Random, uscc: str, region: str) -> None:
    """We paid some of it: finance names our payment, or a person ruled so, or it has not reported it."""
    row = rng.choice(world.rows[("prior_refunds", region)])
    reference = f"20-{region}-{uscc}-01-01"
    if maybe(rng, 0.5):
        row["payment_reference"] = reference
    world.pay_out(uscc, region, "12.34", reference, year=rng.choice((2020, 2020, 2019)))
    if maybe(rng, 0.3):
        world.pay_out(uscc, region, "0.00", voucher=row["voucher_no"])


def _sizes(world: World, rng: random.Random, uscc: str, region: str, heads: int) -> None:
    world.size(uscc, rng.choice(REGIONS), rng.choice(SIZES), date(2020, rng.choice((2, 3, 4)), 1))


def _quarantine(world: World, rng: random.Random, uscc: str, region: str, heads: int) -> None:
    extract = rng.choice((*UNIT_EXTRACTS, "exclusion_list", "enterprise_sizes"))
    if maybe(rng, 0.5):
        world.quarantine_rows(extract, uscc)
    else:
        world.quarantine(extract, uscc=uscc, region_code=region)


@pytest.mark.parametrize("seed", [pytest.param(s, id=f"seed {s}") for s in (20200511, 7)])
def test_every_row_is_the_oracles(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Same rows, same tests, same amounts, same row taken."""
    rng = random.Random(seed)
    world = World(slots=REGIONS)
    for region in REGIONS:
        world.region(region, **({"rolling_balance": "1999999.99"} if region == "230200" else {}))
    for number in range(1, 2001):
        build(world, rng, number)
    policies = test_regions()
    tables = decided(world, tmp_path_factory.mktemp("night"), policies)
    expected = decide(world, policies, NIGHT)
    got = {(r["region_code"], r["uscc"], r["scheme"]): r for r in tables["eligibility"]}
    assert set(got) == set(expected)
    wrong = {
        key: {n: (row[n], want[n]) for n in want if row[n] != want[n]}
        for key, want in expected.items()
        if any((row := got[key])[n] != want[n] for n in want)
    }
    assert wrong == {}
    assert _is_varied(tables["eligibility"])


def _is_varied(rows: list[Row]) -> bool:
    """Every reason but fund_able_unknown and every decision occur: the comparison compares something."""
    reasons = {reason for r in rows for reason in r["reasons"].split(";")}
    taken = {(r["scheme"], r["decision"]) for r in rows if r["is_taken"]}
    return len(reasons) >= 20 and taken == {("general", "eligible"), ("difficult", "eligible")}
