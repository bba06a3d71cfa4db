"""Every legal test but the layoff rate: pass, fail, unknown, both sides of each threshold."""
# One case a line reads as a table.
# ruff: noqa: E501

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.policy.builder import (
    CITIES,
    LANZHOU,
    LIAOYUAN,
    NANCHANG,
    NIGHT,
    QIQIHAR,
    XIAN,
    Row,
    World,
    clock,
    months,
)
from tests.policy.cases import Build, Case, check, decide_cases, params, test_regions

DAY = timedelta(days=1)
LANTIAN, ZHOUZHI, ONE, TWO = "610122", "610124", "130100", "130200"


def does(method: str, *args: Any, **kwargs: Any) -> Build:
    """Calls `world.method(uscc, …)`; `region` first where the method wants it."""
    return lambda world, uscc: getattr(world, method)(uscc, *args, **kwargs)


def changes(extract: str, **values: Any) -> Build:
    return lambda world, uscc: world.change(extract, uscc, **values)


def drops(extract: str, **where: Any) -> Build:
    return lambda world, uscc: world.drop(extract, uscc, **where)


def quarantines(extract: str, **where: Any) -> Build:
    return lambda world, uscc: world.quarantine_rows(extract, uscc, **where)


def both(*builds: Build) -> Build:
    def build(world: World, uscc: str) -> None:
        for one in builds:
            one(world, uscc)

    return build


def pays(region: str, gone: int, *more: tuple[int, str, str], **row: Any) -> Build:
    def build(world: World, uscc: str) -> None:
        for month in months(2019)[12 - gone :]:
            world.drop("premium_payments", uscc, fee_month=month)
        for month, amount, kind in more:
            world.pay(uscc, region, month, amount, kind, **row)

    return build


SCOPE = [
    Case("in_scope: enterprise", ""),
    Case("in_scope: by reference, no size needed", "", unit={"legal_form": "law_firm", "size": None}, columns={"size_class": "small"}),
    Case("in_scope: institution fails", "in_scope", unit={"legal_form": "institution"}),
    Case("in_scope: government fails", "in_scope", unit={"legal_form": "government"}),
    Case("in_scope: empty form", "in_scope_unknown", unit={"legal_form": None}, owed=frozenset({("in_scope_unknown", "insured_units", "missing")})),
]  # fmt: skip
ACTIVE = [
    Case("active: insured on the night", "", unit={"insured_since": NIGHT}),
    Case("active: insured the day after", "active", unit={"insured_since": NIGHT + DAY}),
    Case("active: suspended", "active", unit={"insured_status": "suspended"}),
    Case("active: deregistered", "active", unit={"insured_status": "deregistered"}),
    Case("active: taxpayer cancelled", "active", changes("taxpayers", taxpayer_status="cancelled")),
    Case("active: abnormal passes", "", changes("taxpayers", taxpayer_status="abnormal")),
    Case("active: abnormal fails where the region says so", "active", changes("taxpayers", taxpayer_status="abnormal"), TWO),
    Case("active: no taxpayer row", "active_unknown;no_arrears_unknown", drops("taxpayers"),
         owed=frozenset({("active_unknown", "taxpayers", "missing"), ("no_arrears_unknown", "taxpayers", "missing")})),
    Case("active: taxpayer row quarantined", "active_unknown;no_arrears_unknown;account_known_unknown", quarantines("taxpayers"),
         owed=frozenset((f"{t}_unknown", "taxpayers", "quarantined") for t in ("active", "no_arrears", "account_known"))),
    Case("active: suspended proves it, taxpayer quarantined", "active;no_arrears_unknown;account_known_unknown",
         quarantines("taxpayers"), unit={"insured_status": "suspended"}),
    Case("active: suspended, no taxpayer row", "active;no_arrears_unknown", drops("taxpayers"), unit={"insured_status": "suspended"}),
]  # fmt: skip
PAID = [
    Case("paid_months: 12", "", columns={"months_paid": 12}),
    Case("paid_months: 11", "paid_months", pays(XIAN, 1), columns={"months_paid": 11}),
    Case("paid_months: 11 and one quarantined", "paid_months_unknown", quarantines("premium_payments", fee_month=201903),
         columns={"months_paid": 11, "premium_base": None, "entitlement": None, "payable": None},
         owed=frozenset({("paid_months_unknown", "premium_payments", "quarantined")})),
    Case("paid_months: 12 and one more quarantined", "paid_months_unknown",
         lambda w, u: w.quarantine("premium_payments", uscc=u, region_code=XIAN, fee_month=201812)),
    Case("paid_months: no row", "paid_months_unknown", drops("premium_payments"), columns={"months_paid": None, "premium_base": None},
         owed=frozenset({("paid_months_unknown", "premium_payments", "missing")})),
    Case("paid_months: a back payment does not count", "paid_months", pays(XIAN, 1, (201912, "5", "back_payment")), columns={"months_paid": 11}),
    Case("paid_months: a back payment counts where the region says so", "", pays(TWO, 1, (201912, "5", "back_payment")), TWO),
    Case("paid_months: a late fee never counts", "paid_months", pays(TWO, 1, (201912, "5", "late_fee")), TWO),
    Case("paid_months: twice in one month is one", "paid_months", pays(XIAN, 1, (201911, "5", "regular"), paid_date=date(2019, 12, 3))),
    Case("paid_months: 0.00 is no payment", "paid_months", pays(XIAN, 1, (201912, "0.00", "regular"))),
    Case("paid_months: earlier years add up", "", pays(XIAN, 1, (201804, "5", "regular")), columns={"months_paid": 12}),
    Case("paid_months: seven and twenty years ago", "", pays(XIAN, 2, (201304, "5", "regular"), (200004, "5", "regular"), paid_date=date(2019, 2, 1))),
    Case("paid_months: January of Y is too late", "paid_months", pays(XIAN, 1, (202001, "5", "regular"))),
    Case("paid_months: December paid on the night", "", pays(XIAN, 1, (201912, "5", "regular"), paid_date=NIGHT)),
    Case("paid_months: December paid the day after", "paid_months", pays(XIAN, 1, (201912, "5", "regular"), paid_date=NIGHT + DAY)),
]  # fmt: skip
ARREARS = [
    Case("no_arrears: one fen", "no_arrears", changes("taxpayers", arrears_amount=Decimal("0.01"))),
    Case("no_arrears: one fen on an accepted row, another quarantined", "active_unknown;no_arrears;account_known_unknown",
         both(changes("taxpayers", arrears_amount=Decimal("0.01")), lambda w, u: w.quarantine("taxpayers", uscc=u, region_code=XIAN))),
]  # fmt: skip
HELD = [
    Case("headcount_held: half is left", "", does("heads", ONE, {202004: 50}), ONE),
    Case("headcount_held: less than half", "headcount_held", does("heads", ONE, {202004: 49}), ONE),
    Case("headcount_held: the newest month decides", "", does("heads", ONE, {202003: 49, 202004: 50}), ONE),
    Case("headcount_held: no current month", "headcount_held_unknown", region=ONE, owed=frozenset({("headcount_held_unknown", "monthly_headcount", "missing")})),
    Case("headcount_held: June is after the night", "headcount_held_unknown", does("heads", ONE, {202006: 90}), ONE),
]  # fmt: skip
EXCLUDED = [
    Case("not_excluded: listed on the night", "not_excluded", does("exclude", XIAN, NIGHT)),
    Case("not_excluded: listed the day after", "", does("exclude", XIAN, NIGHT + DAY)),
    Case("not_excluded: removed on the night", "", does("exclude", XIAN, date(2019, 1, 1), NIGHT)),
    Case("not_excluded: removed the day after", "not_excluded", does("exclude", XIAN, date(2019, 1, 1), NIGHT + DAY)),
    Case("not_excluded: another region's list counts", "not_excluded", does("exclude", LANZHOU, NIGHT)),
    Case("not_excluded: a list the region does not use", "", does("exclude", QIQIHAR, NIGHT, kind="environmental_penalty"), QIQIHAR),
    Case("not_excluded: the same list where it is used", "not_excluded", does("exclude", QIQIHAR, NIGHT, kind="environmental_penalty")),
    Case("not_excluded: quarantined", "not_excluded_unknown", lambda w, u: w.quarantine("exclusion_list", uscc=u, region_code=LANZHOU),
         owed=frozenset({("not_excluded_unknown", "exclusion_list", "quarantined")})),
    Case("not_excluded: listed, and another row quarantined", "not_excluded",
         both(does("exclude", XIAN, NIGHT), lambda w, u: w.quarantine("exclusion_list", uscc=u, region_code=XIAN))),
]  # fmt: skip
FUND = [
    Case("fund_able: less than 12 months", "fund_able", region=LANTIAN),
    Case("fund_able: the pooling region reports nothing", "fund_able_unknown", region=ZHOUZHI,
         owed=frozenset({("fund_able_unknown", "fund_balances", "missing")})),
]  # fmt: skip
TIME = [
    Case("in_time: applied on the deadline", "", does("apply", LANZHOU, submitted_at=clock(2020, 4, 30, 23, 59)), LANZHOU),
    Case("in_time: applied the day after", "in_time", does("apply", LANZHOU, submitted_at=clock(2020, 5, 1)), LANZHOU),
    Case("in_time: not applied, past the deadline", "in_time;applied", region=LANZHOU),
    Case("in_time: application quarantined", "in_time_unknown;applied_unknown",
         both(does("apply", LANZHOU), quarantines("applications")), LANZHOU),
]  # fmt: skip
LATE = does("apply", LANZHOU, submitted_at=clock(2020, 5, 1))
TIME += [
    Case("in_time: late, another application quarantined", "in_time;applied_unknown",
         both(LATE, lambda w, u: w.quarantine("applications", uscc=u, region_code=LANZHOU)), LANZHOU),
    Case("in_time: in time, another application quarantined", "in_time_unknown;applied_unknown",
         both(does("apply", LANZHOU), lambda w, u: w.quarantine("applications", uscc=u, region_code=LANZHOU)), LANZHOU),
    Case("in_time: a late one, then one in time quarantined: the newest is late all the same", "in_time;applied_unknown",
         both(does("apply", LANZHOU), does("apply", LANZHOU, application_no="Z", submitted_at=clock(2020, 5, 2)),
              lambda w, u: w.quarantine("applications", uscc=u, region_code=LANZHOU)), LANZHOU),
    Case("in_time: late by the other scheme's application", "in_time;applied",
         does("apply", LANZHOU, scheme="difficult", submitted_at=clock(2020, 5, 1)), LANZHOU),
]  # fmt: skip
CLAIMED = [
    Case("layoff_rate: too many claims, more quarantined", "layoff_rate",
         both(does("claim", XIAN, 11), lambda w, u: w.quarantine("benefit_claims", uscc=u, region_code=XIAN)),
         columns={"claimants": None, "layoff_rate": None}),
    Case("layoff_rate: at the cap, more quarantined", "layoff_rate_unknown",
         both(does("claim", XIAN, 10), lambda w, u: w.quarantine("benefit_claims", uscc=u, region_code=XIAN)),
         owed=frozenset({("layoff_rate_unknown", "benefit_claims", "quarantined")})),
    Case("layoff_rate: too many claims, a headcount quarantined", "layoff_rate_unknown",
         both(does("claim", XIAN, 11), quarantines("monthly_headcount", month=201903))),
    Case("layoff_rate: too many layoffs, attrition may lift F6", "layoff_rate_unknown",
         both(does("heads", ONE, {202004: 100}), does("claim", ONE, 0, layoffs=50, natural_attrition=0),
              lambda w, u: w.change("monthly_headcount", u, insured_count=100),
              lambda w, u: w.drop("monthly_headcount", u, month=201812), does("heads", ONE, {201812: 200}),
              lambda w, u: w.quarantine("benefit_claims", uscc=u, region_code=ONE)), ONE),
]  # fmt: skip
UNITS = [
    Case("insured_units: a second row quarantined", "in_scope_unknown;active_unknown",
         lambda w, u: w.quarantine("insured_units", uscc=u, region_code=XIAN),
         owed=frozenset((f"{t}_unknown", "insured_units", "quarantined") for t in ("in_scope", "active"))),
    Case("insured_units: suspended and out of scope on the accepted row", "in_scope;active",
         lambda w, u: w.quarantine("insured_units", uscc=u, region_code=XIAN),
         unit={"insured_status": "suspended", "legal_form": "government"}),
    Case("insured_units: another region's row quarantined", "",
         lambda w, u: w.quarantine("insured_units", uscc=u, region_code=LANZHOU)),
]  # fmt: skip
APPLIED = [
    Case("applied: signed", "", does("apply", LIAOYUAN), LIAOYUAN, columns={"lane": "application"}),
    Case("applied: none", "applied", region=LIAOYUAN),
    Case("applied: not signed", "applied", does("apply", LIAOYUAN, commitment_signed=False), LIAOYUAN),
    Case("applied: last minute of the night", "", does("apply", LIAOYUAN, submitted_at=clock(2020, 5, 11, 23, 59, 59)), LIAOYUAN),
    Case("applied: first minute after", "applied", does("apply", LIAOYUAN, submitted_at=clock(2020, 5, 12)), LIAOYUAN),
    Case("applied: for the other scheme", "applied", does("apply", LIAOYUAN, scheme="difficult"), LIAOYUAN),
    Case("applied: the newest counts", "applied", both(does("apply", LIAOYUAN, application_no="Z"),
         does("apply", LIAOYUAN, application_no="A", commitment_signed=False, submitted_at=clock(2020, 4, 21))), LIAOYUAN),
    Case("applied: of two at once the higher number", "", both(does("apply", LIAOYUAN, application_no="A", commitment_signed=False),
         does("apply", LIAOYUAN, application_no="B")), LIAOYUAN),
    Case("applied: declared within 10 %", "", does("apply", LANZHOU, 110), LANZHOU),
    Case("applied: declared beyond 10 %", "applied_unknown", does("apply", LANZHOU, 111), LANZHOU,
         owed=frozenset({("applied_unknown", "applications", "differs")})),
    Case("applied: declared below", "applied_unknown", does("apply", LANZHOU, 89), LANZHOU),
    Case("applied: declared another size", "applied_unknown", does("apply", LANZHOU, size="micro"), LANZHOU),
    Case("applied: no size to compare with", "size_known_unknown", does("apply", LANZHOU), LANZHOU, unit={"size": None}),
    Case("applied: declared another size, by reference: none is needed", "", does("apply", LANZHOU, size="micro"), LANZHOU,
         unit={"legal_form": "law_firm", "size": "small"}),
    Case("applied: declared headcount differs, by reference", "applied_unknown", does("apply", LANZHOU, 111), LANZHOU,
         unit={"legal_form": "law_firm"}),
    Case("applied: no headcount to compare with", "layoff_rate_unknown;headcount_held_unknown", both(does("apply", LANZHOU, 500), quarantines("monthly_headcount", month=201903)), LANZHOU),
    Case("applied: compared only where a tolerance is set", "", does("apply", LIAOYUAN, 500, "large"), LIAOYUAN),
    Case("applied: dispatch always applies", "applied", region=QIQIHAR, unit={"is_labour_dispatch": True}, columns={"lane": "application"}),
    Case("applied: industry 7263 always applies", "applied", region=QIQIHAR, unit={"industry_code": "7263"}, columns={"lane": "application"}),
    Case("applied: no delivery of applications", "applied_unknown", region=NANCHANG, unit={"is_labour_dispatch": True},
         owed=frozenset({("applied_unknown", "applications", "missing")})),
    Case("applied: lane unknown, none", "size_known_unknown;applied_unknown", region=QIQIHAR, unit={"size": None}, columns={"lane": None}),
    Case("applied: lane unknown, signed", "size_known_unknown", does("apply", QIQIHAR), QIQIHAR, unit={"size": None}),
    Case("applied: lane unknown, not signed", "size_known_unknown;applied_unknown", does("apply", QIQIHAR, commitment_signed=False),
         QIQIHAR, unit={"size": None}),
]  # fmt: skip

CASES = [*SCOPE, *ACTIVE, *PAID, *ARREARS, *HELD, *EXCLUDED, *FUND, *TIME, *CLAIMED, *UNITS, *APPLIED]


def _prepare(world: World) -> None:
    """Lantian's fund has nine months; Zhouzhi's province reports nothing; Nanchang has no applications.

    Lanzhou compares the newest month.
    """
    for row in world.rows[("fund_balances", LANTIAN)]:
        row["rolling_balance"] = Decimal("750000.00")
    world.rows[("fund_balances", ZHOUZHI)] = []
    world.undelivered.add(("applications", NANCHANG))
    claimed = {row["uscc"] for row in world.rows[("benefit_claims", ONE)]}
    for row in world.rows[("insured_units", ONE)]:
        if row["uscc"] not in claimed:
            world.claim(row["uscc"], ONE, 0, layoffs=0, natural_attrition=0)
    for row in world.rows[("insured_units", LANZHOU)]:
        world.heads(row["uscc"], LANZHOU, {202004: 100})


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """All cases, decided in one night."""
    slots = (*CITIES, LANTIAN, ZHOUZHI, ONE, TWO)
    return decide_cases(CASES, tmp_path_factory.mktemp("night"), test_regions(), slots, _prepare)


@pytest.mark.parametrize(("number", "case"), params(CASES))
def test_case(tables: dict[str, list[Row]], number: int, case: Case) -> None:
    check(tables, number, case)


JANUARY = date(2020, 1, 15)
HELD_IN_JANUARY = [
    Case("January: December is the newest month: half is left", "", does("heads", ONE, {201912: 50}), ONE),
    Case("January: less than half", "headcount_held", does("heads", ONE, {201912: 47}), ONE),
    Case("January: a row of January closes nothing", "", does("heads", ONE, {201912: 100, 202001: 1}), ONE),
    Case("January: no December", "layoff_rate_unknown;headcount_held_unknown", drops("monthly_headcount", month=201912), ONE),
]  # fmt: skip


def _in_january(world: World) -> None:
    world.on = JANUARY
    for row in world.rows[("insured_units", ONE)]:
        world.claim(row["uscc"], ONE, 0, layoffs=0, natural_attrition=100)
    rows = world.rows[("monthly_headcount", ONE)]
    last = {(r["uscc"], r["month"]): r for r in rows}
    world.rows[("monthly_headcount", ONE)] = list(last.values())


@pytest.fixture(scope="module")
def january(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """A night on which no month of the year is closed."""
    folder = tmp_path_factory.mktemp("january")
    return decide_cases(HELD_IN_JANUARY, folder, test_regions(), (ONE,), _in_january)


@pytest.mark.parametrize(("number", "case"), params(HELD_IN_JANUARY))
def test_in_january(january: dict[str, list[Row]], number: int, case: Case) -> None:
    check(january, number, case)
