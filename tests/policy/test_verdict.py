"""What a row is worth: base, rates, both schemes, what was paid before, which row is taken, in which order."""
# One case a line reads as a table.
# ruff: noqa: E501

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import ibis
import pytest

from stable_jobs.policy.verdict import general_entitlement
from tests.policy.builder import LANZHOU, LIAOYUAN, QIQIHAR, XIAN, Row, World, code
from tests.policy.cases import Build, Case, check, decide_cases, params, test_regions
from tests.policy.engines import opened

TWO = "130200"
DEAR = "220500"
D = Decimal


def yuan(**amounts: str | None) -> dict[str, Any]:
    return {name: None if amount is None else D(amount) for name, amount in amounts.items()}


def pays(region: str, month: int, amount: str, kind: str = "regular", **row: Any) -> Build:
    return lambda world, uscc: world.pay(uscc, region, month, amount, kind, **row)


def refunds(*amounts: str, **row: Any) -> Build:
    def build(world: World, uscc: str) -> None:
        for amount in amounts:
            world.refund(uscc, XIAN, amount, **row)

    return build


def recovering(region: str, *more: Build, **row: Any) -> Build:
    def build(world: World, uscc: str) -> None:
        world.prioritise(uscc, region, "recovering", **row)
        for one in more:
            one(world, uscc)

    return build


def prioritised(*categories: str, **row: Any) -> Build:
    def build(world: World, uscc: str) -> None:
        for category in categories:
            world.prioritise(uscc, XIAN, category, **row)

    return build


BASE = [
    Case("base: twelve regular payments", "", columns=yuan(premium_base="1200.00", refund_rate="0.5", entitlement="600.00", payable="600.00")),
    Case("base: a late fee never counts", "", pays(XIAN, 201905, "50", "late_fee"), columns=yuan(premium_base="1200.00")),
    Case("base: a back payment for Y-1 counts", "", pays(XIAN, 201905, "50", "back_payment"), columns=yuan(premium_base="1250.00")),
    Case("base: a back payment for Y-2 does not", "", pays(XIAN, 201805, "50", "back_payment", paid_date=date(2019, 2, 1)), columns=yuan(premium_base="1200.00")),
    Case("base: it does where the region says so", "", pays(TWO, 201805, "50", "back_payment", paid_date=date(2019, 2, 1)), TWO,
         columns=yuan(premium_base="1250.00", refund_rate="0.6", entitlement="750.00")),
    Case("base: a regular payment for Y-2 paid in Y-1 counts", "", pays(XIAN, 201812, "50", paid_date=date(2019, 1, 2)), columns=yuan(premium_base="1250.00")),
    Case("base: paid on 31 December Y-2", "", pays(XIAN, 201812, "50", paid_date=date(2018, 12, 31)), columns=yuan(premium_base="1200.00")),
    Case("base: paid on 1 January Y", "", pays(XIAN, 201911, "50", paid_date=date(2020, 1, 1)), columns=yuan(premium_base="1200.00")),
    Case("base: half a fen rounds up", "", pays(XIAN, 201905, "0.01"), columns=yuan(premium_base="1200.01", entitlement="600.01")),
    Case("rate: large", "", unit={"size": "large"}, region=TWO, columns=yuan(refund_rate="0.3", entitlement="360.00")),
    Case("rate: sizes disagree, size unknown", "size_known_unknown", unit={"size": None}, region=TWO,
         columns=yuan(refund_rate=None, entitlement=None, payable=None)),
    Case("rate: all sizes agree, size unknown", "size_known_unknown;applied_unknown", unit={"size": None}, columns=yuan(refund_rate="0.5", entitlement="600.00", payable=None)),
    Case("ineligible: payable 0.00, entitlement stands", "in_scope", unit={"legal_form": "government"}, columns=yuan(entitlement="600.00", payable="0.00")),
]  # fmt: skip
BEFORE = [
    Case("paid before: less", "", refunds("200.00", "99.99"), columns=yuan(already_paid="299.99", payable="300.01")),
    Case("paid before: the same", "", refunds("600.00"), columns=yuan(already_paid="600.00", payable="0.00")),
    Case("paid before: more", "", refunds("700.00"), columns=yuan(already_paid="700.00", payable="0.00")),
    Case("paid before: for the other scheme", "", refunds("200.00", scheme="difficult"), columns=yuan(already_paid="200.00", payable="400.00")),
    Case("paid before: another policy year", "", refunds("200.00", policy_year=2019), columns=yuan(already_paid="0.00", payable="600.00")),
    Case("paid before: on the night", "", refunds("200.00", paid_date=date(2020, 5, 11)), columns=yuan(already_paid="200.00")),
    Case("paid before: the day after", "", refunds("200.00", paid_date=date(2020, 5, 12)), columns=yuan(already_paid="0.00")),
    Case("paid before: quarantined", "", lambda w, u: w.quarantine("prior_refunds", uscc=u, region_code=XIAN),
         columns=yuan(already_paid=None, payable=None, entitlement="600.00") | {"decision": "eligible", "is_taken": True},
         owed=frozenset({("already_paid_unknown", "prior_refunds", "quarantined")})),
]  # fmt: skip
SCHEMES = [
    Case("difficult: six months of benefit a head", "", recovering(XIAN), scheme="difficult", unit={"heads": 31},
         columns=yuan(benefit_months="6", monthly_benefit="1350.00", entitlement="251100.00", refund_rate=None) | {"is_taken": True}),
    Case("difficult better: general is not taken", "", recovering(XIAN), columns={"is_taken": False} | yuan(payable="600.00", monthly_benefit=None)),
    Case("general better", "", recovering(XIAN, pays(XIAN, 201901, "9000000")), columns={"is_taken": True}),
    Case("both equal: general", "", recovering(XIAN, pays(XIAN, 201901, "1618800")), columns={"is_taken": True} | yuan(entitlement="810000.00")),
    Case("both equal: not difficult", "", recovering(XIAN, pays(XIAN, 201901, "1618800")), scheme="difficult", columns={"is_taken": False} | yuan(entitlement="810000.00")),
    Case("difficult undecided beside eligible general", "", recovering(LIAOYUAN, lambda w, u: w.apply(u, LIAOYUAN)), LIAOYUAN, columns={"is_taken": True}),
    Case("difficult not applied for", "applied", recovering(LIAOYUAN, lambda w, u: w.apply(u, LIAOYUAN)), LIAOYUAN, scheme="difficult", columns={"is_taken": False}),
    Case("recovering until the night", "", recovering(XIAN, valid_to=date(2020, 5, 11)), scheme="difficult"),
]  # fmt: skip
QUEUE = [
    Case("queue: catering", "", prioritised("catering"), columns={"priority": 2}),
    Case("queue: the first of two", "", prioritised("shipping", "tourism"), columns={"priority": 4}),
    Case("queue: no category", "", columns={"priority": 7}),
    Case("queue: recovering is none", "", recovering(XIAN), columns={"priority": 7}),
    Case("queue: ended the day before", "", prioritised("catering", valid_to=date(2020, 5, 10)), columns={"priority": 7}),
    Case("queue: ends on the night", "", prioritised("catering", valid_to=date(2020, 5, 11)), columns={"priority": 2}),
    Case("queue: begins the day after", "", prioritised("catering", valid_from=date(2020, 5, 12)), columns={"priority": 7}),
    Case("queue: a region without order", "", region=QIQIHAR, columns={"priority": 1}),
]  # fmt: skip
MOST = D("1000000000000.00")
"""The largest amount that a contract takes."""


def huge(world: World, uscc: str, days: int = 1) -> None:
    """So many days of payments at the contract's maximum, each for the twelve months of 2018."""
    for day in range(days):
        paid: Row = {"paid_date": date(2019, 1, 1) + timedelta(days=day % 365), "payment_kind": "regular"}
        for month in range(201801, 201813):
            row: Row = {"fee_month": month, "employer_amount": MOST, "employee_amount": MOST}
            world.add("premium_payments", uscc=uscc, region_code=XIAN, **row, **paid)


def owes(reason: str, extract: str) -> frozenset[tuple[str, str, str]]:
    return frozenset({(reason, extract, "too_large")})


HUGE = [
    Case("huge: a year at the maximum", "", huge, columns=yuan(premium_base="24000000001200.00", entitlement="12000000000600.00")),
    Case("huge: a base that no column holds", "", lambda w, u: huge(w, u, 417), columns=yuan(premium_base=None, entitlement=None, payable=None) | {"is_taken": False},
         owed=owes("entitlement_unknown", "premium_payments")),
    Case("huge: the base just fits", "", lambda w, u: huge(w, u, 416), columns=yuan(premium_base="9984000000001200.00", entitlement="4992000000000600.00")),
    Case("huge: benefit times headcount", "", recovering(DEAR), DEAR, scheme="difficult", unit={"heads": 10_000_000},
         columns=yuan(monthly_benefit="1000000000000.00", entitlement=None, payable=None) | {"is_taken": False}, owed=owes("entitlement_unknown", "benefit_standards")),
    Case("huge: benefit times a few", "", recovering(DEAR), DEAR, scheme="difficult", unit={"heads": 1666},
         columns=yuan(entitlement="9996000000000000.00") | {"is_taken": True}),
    Case("huge: benefit times one more", "", recovering(DEAR), DEAR, scheme="difficult", unit={"heads": 1667}, columns=yuan(entitlement=None)),
    Case("huge: refunds that no column holds", "", lambda w, u: [w.refund(u, XIAN, str(MOST), voucher_no=f"V{i}{u}") for i in range(10_000)],
         columns=yuan(already_paid=None, payable=None), owed=owes("already_paid_unknown", "prior_refunds")),
    Case("huge: arrears at the maximum", "no_arrears", lambda w, u: w.change("taxpayers", u, arrears_amount=MOST)),
]  # fmt: skip
CASES = [*BASE, *BEFORE, *SCHEMES, *QUEUE, *HUGE]


def prepare(world: World) -> None:
    """Dear's monthly benefit is the contract's maximum."""
    for row in world.rows[("benefit_standards", DEAR)]:
        row["monthly_benefit"] = MOST
    for row in world.rows[("insured_units", DEAR)]:
        world.apply(row["uscc"], DEAR, scheme="difficult")
        world.apply(row["uscc"], DEAR)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """All cases, decided in one night."""
    slots = (XIAN, LIAOYUAN, QIQIHAR, LANZHOU, TWO, DEAR)
    return decide_cases(CASES, tmp_path_factory.mktemp("night"), test_regions(), slots, prepare)


@pytest.mark.parametrize(("number", "case"), params(CASES))
def test_case(tables: dict[str, list[Row]], number: int, case: Case) -> None:
    check(tables, number, case)


def test_difficult_row_only_where_open_and_recovering(tables: dict[str, list[Row]]) -> None:
    """A unit whose place on the list ended, or whose region closed the scheme, has no difficult row."""
    expected = {code(i) for i, c in enumerate(CASES, start=1) if "recovering" in c.name or "difficult" in c.name or "better" in c.name or "equal" in c.name or "benefit times" in c.name}  # fmt: skip
    assert {r["uscc"] for r in tables["eligibility"] if r["scheme"] == "difficult"} == expected


@pytest.mark.parametrize(
    ("base", "rate", "refund"),
    [
        pytest.param("811.45", "0.3", "243.44", id="243.435"),
        pytest.param("0.05", "0.5", "0.03", id="0.025"),
        pytest.param("0.05", "0.1", "0.01", id="0.005"),
        pytest.param("0.04", "0.1", "0.00", id="0.004"),
        pytest.param("1.15", "0.3", "0.35", id="0.345: binary floats say 0.34"),
        pytest.param("2.675", "1", "2.68", id="a base is cut to the fen first: 2.68"),
        pytest.param("99999999999.99", "0.5555", "55549999999.99", id="large"),
        pytest.param(None, "0.5", None, id="unknown base"),
    ],
)
def test_half_up(base: str | None, rate: str, refund: str | None) -> None:
    """The engine rounds half away from zero, in decimals all the way."""
    with opened() as backend:
        t = ibis.memtable([(base, rate)], schema={"b": "string", "r": "string"})
        t = t.mutate(premium_base=t.b.cast("decimal(18,2)"), refund_rate=t.r.cast("decimal(9,4)"))
        expression = general_entitlement(t)
        assert "DOUBLE" not in str(ibis.to_sql(expression, dialect="duckdb")).upper()
        [found] = backend.to_pyarrow(expression.name("e")).to_pylist()
        assert found == (None if refund is None else D(refund))
