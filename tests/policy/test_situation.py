"""What a payment goes by: approvals, days, deadline, and whose budget it comes from."""
# One case a line reads as a table.
# ruff: noqa: E501

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.policy.extracts import Extracts, rows_of
from stable_jobs.policy.load import Policies
from stable_jobs.policy.parameters import parameter_table, participating_regions, resolve
from stable_jobs.policy.situation import region_table
from stable_jobs.policy.situation import terms as policy_terms
from stable_jobs.store.working import working_tables
from tests.policy.builder import (
    LANZHOU,
    LIAOYUAN,
    NANCHANG,
    QIQIHAR,
    XIAN,
    Row,
    World,
    code,
    decided,
    policies,
    write,
)
from tests.policy.cases import with_region
from tests.policy.engines import opened

LANTIAN, ZHOUZHI, TONGHUA, PROVINCE = "610122", "610124", "220500", "610000"
AGREED = "990100"
"""Everything the same for all sizes, and a bank that answers in two days."""
BUDGETS = {LIAOYUAN: "100.00", NANCHANG: "200.00", LANZHOU: "300.00", QIQIHAR: "400.00", XIAN: "500.00"}
Terms = dict[tuple[str, str, str], Row]


def fund(world: World, slot: str, region: str, budget: str, balance: str = "2000000.00") -> None:
    """One more row about a fund, in any region's delivery."""
    money = {
        "rolling_balance": Decimal(balance),
        "annual_payout": Decimal(1000000),
        "refund_budget": Decimal(budget),
    }
    world.add("fund_balances", slot, region_code=region, year=2019, **money)


def world() -> World:
    """The cities with their own funds, and counties and cities whose pool is not so plain."""
    made = World(slots=(*BUDGETS, LANTIAN, ZHOUZHI, AGREED))
    for region, budget in BUDGETS.items():
        made.region(region, refund_budget=budget)
        made.unit(code(int(region)), region)
    fund(made, AGREED, "990000", "7.00")
    made.add(
        "fund_balances",
        XIAN,
        region_code=XIAN,
        year=2018,
        rolling_balance=Decimal(1),
        annual_payout=Decimal(1),
        refund_budget=Decimal(1),
    )
    return made


def base() -> Policies:
    return with_region(
        policies(), AGREED, layoff_formulas=["F1"], headcount_basis="december", layoff_cap="0.055", refund_rate="0.5",
        layoff_cap_is_strict=False, lane="no_application", approvals=2, bank_answer_days=2, notice_working_days=3,
    )  # fmt: skip


def by_size(rows: list[Row]) -> Terms:
    found = {(r["region_code"], r["scheme"], r["size_class"]): r for r in rows}
    assert len(found) == len(rows)
    return found


@pytest.fixture(scope="module")
def terms(tmp_path_factory: pytest.TempPathFactory) -> Terms:
    return by_size(decided(world(), tmp_path_factory.mktemp("night"), base())["terms"])


def terms_alone(made: World, folder: Path) -> Terms:
    """The terms of a night without the decision that they stand beside."""
    inputs, by = write(made, folder), base()
    with opened() as backend, working_tables(backend) as working:
        rows = parameter_table(by, made.on, list(participating_regions(by, made.on)))
        region = region_table(Extracts(inputs, working), by, rows, made.on)
        return by_size(rows_of(policy_terms(region, rows)))


def test_the_terms_alone_are_those_of_the_decision(terms: Terms, tmp_path: Path) -> None:
    alone = terms_alone(world(), tmp_path)
    assert {key: alone[key] for key in terms} == terms


def test_every_decided_region_open_scheme_and_size(terms: Terms) -> None:
    """Tonghua is held: it sent nothing."""
    schemes = {(XIAN, "difficult"), (LANTIAN, "difficult"), (ZHOUZHI, "difficult"), (LIAOYUAN, "difficult")}
    schemes |= {(region, "general") for region in (*BUDGETS, LANTIAN, ZHOUZHI, AGREED)}
    sizes = ("large", "medium", "small", "micro", "unknown")
    assert set(terms) == {(region, scheme, size) for region, scheme in schemes for size in sizes}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param((XIAN, "general", "micro"), {"approvals": 0, "notice_working_days": 5, "bank_answer_days": 5, "deadline": date(2020, 12, 31), "same_day_promise": False}, id="Xi'an, micro: nobody"),
        pytest.param((XIAN, "difficult", "medium"), {"approvals": 1}, id="Xi'an, medium: one"),
        pytest.param((XIAN, "general", "large"), {"approvals": 2}, id="Xi'an, large: two"),
        pytest.param((XIAN, "general", "unknown"), {"approvals": None}, id="size unknown and sizes differ: nobody knows"),
        pytest.param((AGREED, "general", "unknown"), {"approvals": 2}, id="size unknown and sizes agree"),
        pytest.param((AGREED, "general", "small"), {"bank_answer_days": 2, "notice_working_days": 3}, id="a region's own days"),
        pytest.param((LANZHOU, "general", "small"), {"deadline": date(2020, 4, 30), "notice_working_days": 5}, id="Lanzhou's deadline"),
        pytest.param((NANCHANG, "general", "small"), {"notice_working_days": 0, "same_day_promise": True}, id="Nanchang: no notice, the same day"),
        pytest.param((XIAN, "general", "small"), {"pooling_region": XIAN, "refund_budget": Decimal("500.00")}, id="its own fund, of Y-1"),
        pytest.param((LANTIAN, "difficult", "small"), {"pooling_region": XIAN, "refund_budget": Decimal("500.00")}, id="a county in its city's pool"),
        pytest.param((AGREED, "general", "small"), {"pooling_region": "990000", "refund_budget": Decimal("7.00")}, id="pooled with the province"),
        pytest.param((ZHOUZHI, "general", "small"), {"pooling_region": None, "refund_budget": None}, id="the set pool reports nothing"),
    ],
)  # fmt: skip
def test_terms(terms: Terms, key: tuple[str, str, str], expected: dict[str, Any]) -> None:
    row = terms[key]
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("change", "budgets"),
    [
        pytest.param(lambda w: fund(w, LANTIAN, LANTIAN, "9.00"), (XIAN, "500.00", LANTIAN, "9.00"), id="a county with a fund of its own"),
        pytest.param(lambda w: fund(w, LANTIAN, XIAN, "500.00"), (XIAN, "500.00", XIAN, "500.00"), id="two deliveries that agree"),
        pytest.param(lambda w: fund(w, LANTIAN, XIAN, "501.00"), (XIAN, None, XIAN, None), id="two deliveries that differ in the budget"),
        pytest.param(lambda w: fund(w, LANTIAN, XIAN, "500.00", "1.00"), (None, None, None, None), id="two deliveries that differ in the balance"),
        pytest.param(lambda w: w.quarantine("fund_balances", LANTIAN, region_code=LANTIAN), (XIAN, "500.00", None, None), id="the county's row quarantined"),
        pytest.param(lambda w: w.quarantine("fund_balances", XIAN, region_code=XIAN), (None, None, None, None), id="a row of the pool quarantined"),
        pytest.param(lambda w: w.quarantine("fund_balances", XIAN, region_code="610000"), (XIAN, "500.00", XIAN, "500.00"), id="a row further up quarantined"),
        pytest.param(lambda w: w.quarantine("fund_balances", XIAN, region_code="61010O"), (None, None, None, None), id="a letter for a nought, in the pool's own file"),
        pytest.param(lambda w: w.quarantine("fund_balances", LANTIAN, region_code=None), (XIAN, "500.00", None, None), id="no region, in the county's own file"),
        pytest.param(lambda w: w.quarantine("fund_balances", LANTIAN, region_code=""), (XIAN, "500.00", None, None), id="an empty region, in the county's own file"),
        pytest.param(lambda w: w.quarantine("fund_balances", LANTIAN, region_code=LANZHOU), (XIAN, "500.00", None, None), id="a region that the county's file may not speak of"),
        pytest.param(lambda w: w.quarantine("fund_balances", LANZHOU, region_code=XIAN), (XIAN, "500.00", XIAN, "500.00"), id="the pool named in a file of another place"),
        pytest.param(lambda w: w.quarantine("fund_balances", LANTIAN, region_code=XIAN), (None, None, None, None), id="the pool's row in its county's file"),
        pytest.param(lambda w: w.quarantine("fund_balances", "000000", "000000", region_code="61010O"), (XIAN, "500.00", XIAN, "500.00"), id="unreadable in a file for all: nobody's"),
        pytest.param(lambda w: w.quarantine("fund_balances", "000000", XIAN, region_code=XIAN), (None, None, None, None), id="the pool's row in a file for all"),
    ],
)  # fmt: skip
def test_a_budget_in_doubt_is_none(change: Any, budgets: tuple[str | None, ...], tmp_path: Path) -> None:
    """Pool and budget of the city and of its county, both schemes alike."""
    made = world()
    change(made)
    found = terms_alone(made, tmp_path)
    for scheme in ("general", "difficult"):
        rows = [found[(region, scheme, "small")] for region in (XIAN, LANTIAN)]
        told = [value for r in rows for value in (r["pooling_region"], r["refund_budget"])]
        assert [None if value is None else str(value) for value in told] == list(budgets)


def test_an_eligible_row_has_a_size(tmp_path: Path) -> None:
    """So that its approvals can be looked up: also where no department knows a size."""
    made = world()
    forms = (
        "social_organisation",
        "foundation",
        "social_service",
        "law_firm",
        "accounting_firm",
        "individual_business",
    )
    for i, form in enumerate(forms, start=1):
        made.unit(code(i), legal_form=form, size=None)
    made.unit(code(99), size=None)
    made.region(LANTIAN)
    made.unit(code(100), LANTIAN)
    fund(made, LANTIAN, XIAN, "501.00")  # a differing budget decides nobody: the fund is as able as before
    rows = [r for r in decided(made, tmp_path)["eligibility"] if r["region_code"] == XIAN]
    found = {r["uscc"]: (r["decision"], r["size_class"]) for r in rows}
    assert {r["meets_fund_able"] for r in rows} == {True}
    assert {found[code(i)] for i in range(1, len(forms) + 1)} == {("eligible", "small")}
    assert found[code(99)] == ("undecided", None)


@pytest.mark.parametrize("year", [pytest.param(y, id=str(y)) for y in range(2019, 2026)])
def test_the_banks_days_hold_in_every_policy_year(year: int) -> None:
    assert resolve(policies(), "610100", "general", "bank_answer_days", date(year, 1, 1)).value == 5


@pytest.mark.parametrize(
    ("place_of", "in_doubt"),
    [
        pytest.param(
            {XIAN: "61010O", LANTIAN: None, LIAOYUAN: "220000"}, {XIAN, LANTIAN},
            id="a letter for a nought, no region; the province, further up, leaves no doubt",
        ),
        pytest.param({XIAN: LANZHOU}, {XIAN}, id="a region the file may not speak of"),
    ],
)  # fmt: skip
def test_a_benefit_in_doubt_is_unknown(
    place_of: dict[str, str | None], in_doubt: set[str], tmp_path: Path
) -> None:
    """In the region's own file: the province's standard never decides over it."""
    made = world()
    for number, (region, place) in enumerate(place_of.items(), start=1):
        if region == LANTIAN:
            made.region(region)
        made.unit(code(number), region)
        made.prioritise(code(number), region, "recovering")
        made.quarantine("benefit_standards", region, region_code=place)
    tables = decided(made, tmp_path)
    found = {
        r["region_code"]: r["entitlement"] is None
        for r in tables["eligibility"]
        if r["scheme"] == "difficult"
    }
    assert found == {region: region in in_doubt for region in place_of}
    owed = {(r["region_code"], r["reason"], r["extract"], r["cause"]) for r in tables["owed"]}
    assert owed == {
        (region, "entitlement_unknown", "benefit_standards", "quarantined") for region in in_doubt
    }
