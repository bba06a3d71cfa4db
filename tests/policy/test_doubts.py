"""Old numbers: one that is another unit's own key, and a unit that has nothing else."""
# One case a line reads as a table.
# ruff: noqa: E501

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from stable_jobs.credit_code import make_registration_no
from tests.policy.builder import LANZHOU, LIAOYUAN, NIGHT, XIAN, Row, World, clock, code, row_of
from tests.policy.cases import Build, Case, check, decide_cases, params

EARLY = date(2020, 1, 1)


def number(uscc: str) -> str:
    """The old number of a made-up unit."""
    return make_registration_no("6101" + uscc[7:17])


def shares(build: Build, region: str = XIAN) -> Build:
    """The unit's old number is the key of another unit of the region; then rows under it."""

    def one(world: World, uscc: str) -> None:
        world.change("insured_units", uscc, registration_no=number(uscc))
        key: Row = {"uscc": number(uscc), "region_code": region}
        plain: Row = {
            "unit_name": "乙公司",
            "unit_no": "B",
            "legal_form": "enterprise",
            "industry_code": "5211",
        }
        state: Row = {
            "insured_since": date(2010, 1, 1),
            "insured_status": "active",
            "is_labour_dispatch": False,
        }
        world.add("insured_units", **key, **plain, **state)
        build(world, uscc)

    return one


def under(extract: str, **row: Any) -> Build:
    """A row under the shared number."""
    return lambda world, uscc: world.add(extract, **({"uscc": number(uscc), "region_code": XIAN} | row))


def both(*builds: Build) -> Build:
    def build(world: World, uscc: str) -> None:
        for one in builds:
            one(world, uscc)

    return build


def labor(*reasons: str) -> frozenset[tuple[str, str, str]]:
    return frozenset((f"{reason}_unknown", "insured_units", "clash") for reason in reasons)


TAXED = {"taxpayer_status": "normal", "arrears_amount": Decimal("0.00")}
PREMIUM = lambda world, uscc: world.pay(number(uscc), XIAN, 201905)  # noqa: E731 - reads as a row of the table
CASES = [
    Case("shared: no row under the number", "", shares(lambda w, u: None), columns={"months_paid": 12}),
    Case("shared: a premium", "paid_months_unknown", shares(PREMIUM),
         columns={"premium_base": None, "entitlement": None, "payable": None}, owed=labor("paid_months")),
    Case("shared: a quarantined premium", "paid_months_unknown", shares(lambda w, u: w.quarantine("premium_payments", uscc=number(u), region_code=XIAN)), owed=labor("paid_months")),
    Case("shared: a headcount", "layoff_rate_unknown", shares(lambda w, u: w.heads(number(u), XIAN, {201905: 100})), owed=labor("layoff_rate")),
    Case("shared: a claim", "layoff_rate_unknown", shares(lambda w, u: w.claim(number(u), XIAN, 1)), owed=labor("layoff_rate")),
    Case("shared: a taxpayer with arrears fails neither", "active_unknown;no_arrears_unknown;account_known_unknown",
         shares(under("taxpayers", **TAXED | {"arrears_amount": Decimal("5.00")})), owed=labor("active", "no_arrears", "account_known")),
    Case("shared: its own arrears stand", "active_unknown;no_arrears;account_known_unknown",
         shares(both(under("taxpayers", **TAXED), lambda w, u: w.change("taxpayers", u, arrears_amount=Decimal("0.01"))))),
    Case("shared: an account", "account_known_unknown", shares(lambda w, u: w.add("payee_accounts", uscc=number(u), region_code=XIAN,
         account_name="乙公司", account_no="1", bank_code="105002103908", bank_name="行", account_status="verified")), owed=labor("account_known")),
    Case("shared: an exclusion", "not_excluded_unknown", shares(lambda w, u: w.exclude(number(u), XIAN, EARLY)), owed=labor("not_excluded")),
    Case("shared: its own exclusion stands", "not_excluded", shares(both(lambda w, u: w.exclude(number(u), XIAN, EARLY), lambda w, u: w.exclude(u, XIAN, EARLY)))),
    Case("shared: an exclusion elsewhere is the other's", "", shares(lambda w, u: w.exclude(number(u), LANZHOU, EARLY))),
    Case("shared: a size", "size_known_unknown;applied_unknown", shares(lambda w, u: w.size(number(u), XIAN, "large")), columns={"size_class": None}, owed=labor("size_known", "applied")),
    Case("shared: a refund", "", shares(lambda w, u: w.refund(number(u), XIAN, "100.00")), columns={"already_paid": None, "payable": None},
         owed=frozenset({("already_paid_unknown", "insured_units", "clash")})),
    Case("shared: we paid under it", "", shares(lambda w, u: w.pay_out(number(u), XIAN, "100.00")), columns={"already_paid": None, "payable": None}),
    Case("the other unit's row is quarantined itself", "paid_months_unknown", both(lambda w, u: w.change("insured_units", u, registration_no=number(u)),
         lambda w, u: w.quarantine("insured_units", uscc=number(u), region_code=XIAN), PREMIUM)),
    Case("the key of a unit elsewhere: replaced as ever", "", both(lambda w, u: w.change("insured_units", u, registration_no=number(u)),
         lambda w, u: w.add("insured_units", uscc=number(u), region_code=LANZHOU, unit_name="乙", unit_no="B", legal_form="enterprise", industry_code="5211",
                            insured_since=EARLY, insured_status="active", is_labour_dispatch=False), PREMIUM), columns={"premium_base": Decimal("1300.00")}),
]  # fmt: skip
OLD_KEYS = {
    name: make_registration_no(f"610100000009{i:02}")
    for i, name in enumerate(("plain", "listed", "late", "lane"))
}
AWAY = make_registration_no("62010000000977")


def prepare(world: World) -> None:
    """Units that labor knows by an old number alone."""
    for key in (OLD_KEYS["plain"], OLD_KEYS["listed"]):
        world.unit(key)
    world.exclude(OLD_KEYS["listed"], XIAN, EARLY)
    world.unit(OLD_KEYS["late"], LANZHOU)
    world.apply(OLD_KEYS["late"], LANZHOU, submitted_at=clock(2020, 5, 1))
    world.unit(AWAY, LANZHOU)
    world.apply(AWAY, LANZHOU)
    world.unit(OLD_KEYS["lane"], LIAOYUAN)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """All cases, decided in one night."""
    return decide_cases(CASES, tmp_path_factory.mktemp("night"), None, (XIAN, LANZHOU, LIAOYUAN), prepare)


@pytest.mark.parametrize(("number_", "case"), params(CASES))
def test_case(tables: dict[str, list[Row]], number_: int, case: Case) -> None:
    check(tables, number_, case)


def test_both_units_of_a_number_wait(tables: dict[str, list[Row]]) -> None:
    """The one whose key it is, too: the rows under it may be the other's."""
    case = next(
        i for i, c in enumerate(CASES, start=1) if c.name == "shared: a taxpayer with arrears fails neither"
    )
    row = row_of(tables, number(code(case)))
    assert {"active_unknown", "no_arrears_unknown"} <= set(row["reasons"].split(";"))
    lines = {
        r["reason"]: (r["department"], r["cause"]) for r in tables["owed"] if r["uscc"] == number(code(case))
    }
    assert lines["no_arrears_unknown"] == ("labor", "clash")


@pytest.mark.parametrize(
    ("key", "reasons"),
    [
        pytest.param(OLD_KEYS["plain"], "not_excluded_unknown", id="on no list that anybody could be on"),
        pytest.param(OLD_KEYS["listed"], "not_excluded", id="listed by that very number: excluded"),
        pytest.param(OLD_KEYS["late"], "not_excluded_unknown;in_time;applied_unknown", id="applied late"),
        pytest.param(AWAY, "not_excluded_unknown;in_time_unknown;applied_unknown", id="applied in time"),
        pytest.param(
            OLD_KEYS["lane"], "not_excluded_unknown;in_time_unknown;applied_unknown", id="no application"
        ),
    ],
)
def test_a_unit_with_an_old_number_alone(tables: dict[str, list[Row]], key: str, reasons: str) -> None:
    """What lists by codes cannot speak of it: absence from it means nothing."""
    row = row_of(tables, key)
    found = ";".join(r for r in row["reasons"].split(";") if not r.startswith("headcount_held"))
    assert (found, row["already_paid"]) == (reasons, None)
    lines = [r for r in tables["owed"] if r["uscc"] == key and r["reason"] != "headcount_held_unknown"]
    assert {(r["department"], r["cause"]) for r in lines} <= {("labor", "old_number")}
    assert bool(lines) == (row["decision"] == "undecided")
    assert row["business_date"] == NIGHT
