"""Facts brought to the unit: sizes and branches, old numbers, accounts, enterprises insured twice."""
# One case a line reads as a table.
# ruff: noqa: E501

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from stable_jobs.credit_code import make_registration_no
from tests.policy.builder import LANZHOU, LIAOYUAN, XIAN, Row, World, code, months
from tests.policy.cases import Build, Case, check, decide_cases, params, test_regions

TWO = "130200"
PARENT = {
    name: code(9_000 + i) for i, name in enumerate(("large", "bare", "bad", "torn", "away", "unsized", "old"))
}
OLD_PARENT = make_registration_no("61010000000001")


def old_number(uscc: str) -> str:
    """A valid old number for a made-up code."""
    return make_registration_no("6101" + uscc[7:17])


def renames(extract: str) -> Build:
    """The department still sends the old number, which insured_units knows."""

    def build(world: World, uscc: str) -> None:
        world.change("insured_units", uscc, registration_no=old_number(uscc))
        world.change(extract, uscc, uscc=old_number(uscc))

    return build


def lost(extract: str) -> Build:
    """The department still sends the old number, and nobody knows whose it is."""
    return lambda world, uscc: world.change(extract, uscc, uscc=old_number(uscc))


def shared(extract: str) -> Build:
    """Two units of the region claim the old number."""

    def build(world: World, uscc: str) -> None:
        renames(extract)(world, uscc)
        world.unit(code(int(uscc[7:17]) + 5_000), registration_no=old_number(uscc))

    return build


def sizes(*rows: tuple[str, date]) -> Build:
    def build(world: World, uscc: str) -> None:
        for i, (size, on) in enumerate(rows):
            world.size(uscc, (XIAN, LANZHOU)[i % 2], size, on)

    return build


def branch(parent: str, size: str | None = None) -> dict[str, Any]:
    return {"parent_uscc": PARENT.get(parent, parent), "size": size}


def named(corporate: str | None, tax: str | None, **account: Any) -> Build:
    """A corporate account in this name, a tax account in that; None: no such row or account."""

    def build(world: World, uscc: str) -> None:
        world.change("payee_accounts", uscc, account_name=corporate)
        if corporate is None:
            world.drop("payee_accounts", uscc)
        if tax is not None:
            row = {
                "account_name": tax,
                "account_no": "6217009",
                "bank_code": "102791000014",
                "bank_name": "建设银行",
            }
            world.change("taxpayers", uscc, **(row | account))

    return build


def failed(account_no: str) -> Build:
    """Finance reports the account failed; the tax account is in the unit's name."""

    def build(world: World, uscc: str) -> None:
        world.change("payee_accounts", uscc, account_status="failed", account_no=account_no)
        named("甲公司", "甲公司")(world, uscc)

    return build


def changes(extract: str, **values: Any) -> Build:
    return lambda world, uscc: world.change(extract, uscc, **values)


def both(*builds: Build) -> Build:
    def build(world: World, uscc: str) -> None:
        for one in builds:
            one(world, uscc)

    return build


def size(value: str | None) -> dict[str, Any]:
    return {"size_class": value}


def source(value: str | None) -> dict[str, Any]:
    return {"account_source": value}


def owes(cause: str) -> frozenset[tuple[str, str, str]]:
    lines = {"size_known_unknown", "applied_unknown"}
    return frozenset((line, "enterprise_sizes" if cause != "x" else "", cause) for line in lines)


EARLY, LATE = date(2020, 1, 1), date(2020, 2, 1)
UNSIZED = "size_known_unknown;applied_unknown"
NAME = {"unit_name": "甲公司"}
SIZES = [
    Case("size: none", UNSIZED, unit={"size": None}, columns=size(None), owed=owes("missing")),
    Case("size: the newest holds", "", sizes(("large", EARLY), ("micro", LATE)), unit={"size": None}, columns=size("micro")),
    Case("size: two on one day contradict", UNSIZED, sizes(("small", LATE), ("micro", LATE)), unit={"size": None}, columns=size(None), owed=owes("conflict")),
    Case("size: twice the same on one day", "", sizes(("small", LATE), ("small", LATE)), unit={"size": None}, columns=size("small")),
    Case("size: an old contradiction does not matter", "", sizes(("large", EARLY), ("micro", EARLY), ("small", LATE)), unit={"size": None}, columns=size("small")),
    Case("size: quarantined", UNSIZED, lambda w, u: w.quarantine_rows("enterprise_sizes", u), columns=size(None), owed=owes("quarantined")),
    Case("size: one accepted, one quarantined", UNSIZED, lambda w, u: w.quarantine("enterprise_sizes", uscc=u, region_code=LANZHOU), columns=size(None)),
    Case("branch: a large parent", "", region=TWO, unit=branch("large", "small"), columns=size("large") | {"refund_rate": Decimal("0.3")}),
    Case("branch: nothing known of the parent, its own", "", unit=branch("bare", "small"), columns=size("small")),
    Case("branch: nothing known of either", UNSIZED, unit=branch("bare"), columns=size(None), owed=owes("missing")),
    Case("branch: the parent's row quarantined", UNSIZED, unit=branch("bad", "small"), columns=size(None), owed=owes("quarantined")),
    Case("branch: the parent's rows contradict", UNSIZED, unit=branch("torn", "small"), columns=size(None), owed=owes("conflict")),
    Case("branch: a parent in another region", "", region=TWO, unit=branch("away", "small"), columns=size("large")),
    Case("branch: a parent where no sizes were delivered", UNSIZED, unit=branch("unsized", "small"), columns=size(None), owed=owes("missing")),
    Case("branch: the parent by its old number", "", region=XIAN, unit=branch(OLD_PARENT, "small"), columns=size("medium")),
    Case("branch: own row quarantined, the parent's known", "", lambda w, u: w.quarantine("enterprise_sizes", uscc=u, region_code=TWO), TWO,
         unit=branch("large", "small"), columns=size("large")),
    Case("finance counts as large", "applied", unit={"industry_code": "6610", "size": None}, columns=size("large")),
    Case("division 65 does not", "", unit={"industry_code": "6599"}, columns=size("small")),
    Case("division 69 does", "applied", unit={"industry_code": "6999"}, columns=size("large")),
    Case("finance elsewhere does not", "", region=TWO, unit={"industry_code": "6610"}, columns=size("small")),
    Case("dispatch counts as large", "applied", unit={"is_labour_dispatch": True}, columns=size("large")),
    Case("by reference: 300 heads are large where so set", "", region=TWO, unit={"legal_form": "foundation", "heads": 300, "size": None},
         columns=size("large") | {"refund_rate": Decimal("0.3")}),
    Case("by reference: 299 are not", "", region=TWO, unit={"legal_form": "foundation", "heads": 299, "size": None}, columns=size("small")),
    Case("by reference: headcount unknown where it matters", "layoff_rate_unknown;size_known_unknown",
         lambda w, u: w.quarantine_rows("monthly_headcount", u, month=201912), TWO, unit={"legal_form": "foundation", "size": None},
         owed=frozenset((r, "monthly_headcount", "quarantined") for r in ("layoff_rate_unknown", "size_known_unknown"))),
]  # fmt: skip
NUMBERS = [
    Case("old number: premium", "", renames("premium_payments"), columns={"months_paid": 12}),
    Case("old number: premium, nobody's", "paid_months_unknown", lost("premium_payments")),
    Case("old number: premium, two claim it", "paid_months_unknown", shared("premium_payments")),
    Case("old number: headcount", "", renames("monthly_headcount")),
    Case("old number: taxpayer", "", renames("taxpayers")),
    Case("old number: account", "", renames("payee_accounts")),
    Case("old number: size", "", renames("enterprise_sizes")),
    Case("old number: excluded", "not_excluded",
         lambda w, u: (w.change("insured_units", u, registration_no=old_number(u)), w.exclude(old_number(u), XIAN, EARLY))),
    Case("old number: excluded under another region", "",
         lambda w, u: (w.change("insured_units", u, registration_no=old_number(u)), w.exclude(old_number(u), LANZHOU, EARLY))),
    Case("old number: paid before", "",
         lambda w, u: (w.change("insured_units", u, registration_no=old_number(u)), w.refund(old_number(u), XIAN, "100.00")),
         columns={"already_paid": Decimal("100.00")}),
    Case("old number: a quarantined premium", "paid_months_unknown",
         lambda w, u: (w.change("insured_units", u, registration_no=old_number(u)), w.quarantine("premium_payments", uscc=old_number(u), region_code=XIAN))),
    Case("both numbers: premiums add up", "",
         lambda w, u: (w.change("insured_units", u, registration_no=old_number(u)), w.pay(old_number(u), XIAN, 201901)),
         columns={"premium_base": Decimal("1300.00"), "months_paid": 12}),
    Case("both numbers: two headcounts of a month contradict", "layoff_rate_unknown",
         lambda w, u: (w.change("insured_units", u, registration_no=old_number(u)), w.heads(old_number(u), XIAN, {201905: 3})),
         columns={"headcount": None}, owed=frozenset({("layoff_rate_unknown", "monthly_headcount", "conflict")})),
]  # fmt: skip
ACCOUNTS = [
    Case("account: corporate", "", named("甲公司", "乙公司"), unit=NAME, columns=source("corporate")),
    Case("account: full-width brackets and blanks are the same name", "", named("甲 (西安)　公司", None), unit={"unit_name": "甲（西安）公司"}, columns=source("corporate")),
    Case("account: another name, the tax account", "", named("乙公司", "甲公司"), unit=NAME, columns=source("premium")),
    Case("account: another name on both", "account_known_unknown", named("乙公司", "丙公司"), unit=NAME, columns=source(None),
         owed=frozenset({("account_known_unknown", "payee_accounts", "differs")})),
    Case("account: an individual business may be paid in another name", "", named(None, "张三"), unit=NAME | {"legal_form": "individual_business"}, columns=source("premium")),
    Case("account: but not on a corporate account", "account_known_unknown", named("张三", None), unit=NAME | {"legal_form": "individual_business"}),
    Case("account: none", "account_known_unknown", named(None, None), unit=NAME, owed=frozenset({("account_known_unknown", "payee_accounts", "missing")})),
    Case("account: tax account without bank code", "account_known_unknown", named(None, "甲公司", bank_code=None), unit=NAME),
    Case("account: tax account without number", "account_known_unknown", named(None, "甲公司", account_no=None), unit=NAME),
    Case("account: corporate failed, the tax account is another", "", failed("1"), unit=NAME, columns=source("premium")),
    Case("account: corporate failed, the tax account is the same", "account_known_unknown", failed("6217009"), unit=NAME),
    Case("account: corporate failed, tax writes it with hyphens", "account_known_unknown", failed("62-17-009"), unit=NAME),
    Case("account: corporate failed, tax leaves zeros out", "account_known_unknown", failed("0006217009"), unit=NAME),
    Case("account: corporate failed, tax leaves out a zero at the end", "", failed("62170090"), unit=NAME, columns=source("premium")),
    Case("account: bytes of GB 18030-2022 in one name", "", named("南昌\ue81e公司", None), unit={"unit_name": "南昌龴公司"}, columns=source("corporate")),
    Case("account: code page 936 in the other", "", named("南昌䶮公司", None), unit={"unit_name": "南昌\ue863公司"}, columns=source("corporate")),
    Case("account: private characters that differ", "account_known_unknown", named("南昌\ue000公司", None), unit={"unit_name": "南昌\ue001公司"}),
    Case("account: a zero-width space", "account_known_unknown", named("南昌\u200b公司", None), unit={"unit_name": "南昌公司"}),
    Case("account: an individual business without an account name", "account_known_unknown", named(None, "", account_name=None),
         unit=NAME | {"legal_form": "individual_business"}, columns=source(None), owed=frozenset({("account_known_unknown", "taxpayers", "missing")})),
    Case("account: an individual business under blanks", "account_known_unknown", named(None, "　 "),
         unit=NAME | {"legal_form": "individual_business"}, owed=frozenset({("account_known_unknown", "taxpayers", "missing")})),
    Case("account: a firm without an account name", "account_known_unknown", named(None, "", account_name=None), unit=NAME,
         owed=frozenset({("account_known_unknown", "taxpayers", "missing")})),
    Case("account: nameless, and failed besides", "account_known_unknown",
         both(failed("6217009"), changes("taxpayers", account_name=None)), unit=NAME | {"legal_form": "individual_business"},
         owed=frozenset({("account_known_unknown", "payee_accounts", "differs")})),
    Case("account: nameless at tax, a corporate one in its name", "", named("甲公司", "", account_name=None), unit=NAME, columns=source("corporate")),
    Case("account: a quarantined corporate row", "account_known_unknown", lambda w, u: w.quarantine("payee_accounts", uscc=u, region_code=XIAN),
         columns=source(None), owed=frozenset({("account_known_unknown", "payee_accounts", "quarantined")})),
]  # fmt: skip
TWICE = [
    Case("insured twice: here", "", lambda w, u: w.unit(u, LANZHOU, 7, size=None) and w.apply(u, LANZHOU, 7), columns={"headcount": 100}),
    Case("insured twice: arrears there are not here", "",
         lambda w, u: (w.unit(u, TWO, size=None), w.rows[("taxpayers", TWO)][-1].update(arrears_amount=Decimal("5.00")))),
    Case("insured twice: paid there is not paid here", "", lambda w, u: (w.unit(u, TWO, size=None), w.refund(u, TWO, "9.00")),
         columns={"already_paid": Decimal("0.00")}),
]  # fmt: skip
CASES = [*SIZES, *NUMBERS, *ACCOUNTS, *TWICE]


def prepare(world: World) -> None:
    """The parents, and a region whose sizes were not delivered."""
    world.unit(PARENT["large"], TWO, size="large")
    world.unit(PARENT["torn"], XIAN, size="large")
    world.size(PARENT["torn"], LANZHOU, "small")
    world.quarantine("enterprise_sizes", uscc=PARENT["bad"], region_code=LANZHOU)
    world.size(PARENT["away"], LANZHOU, "large")
    world.unit(PARENT["unsized"], LIAOYUAN, size=None)
    world.unit(PARENT["old"], XIAN, size="medium", registration_no=OLD_PARENT)
    world.undelivered.add(("enterprise_sizes", LIAOYUAN))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """All cases, decided in one night."""
    folder = tmp_path_factory.mktemp("night")
    return decide_cases(CASES, folder, test_regions(), (XIAN, LANZHOU, LIAOYUAN, TWO), prepare)


@pytest.mark.parametrize(("number", "case"), params(CASES))
def test_case(tables: dict[str, list[Row]], number: int, case: Case) -> None:
    check(tables, number, case)


def test_insured_twice_is_two_units(tables: dict[str, list[Row]]) -> None:
    """Each region decides its own unit, with its own rows."""
    number = next(i for i, c in enumerate(CASES, start=1) if c.name == "insured twice: here")
    rows = {r["region_code"]: r["headcount"] for r in tables["eligibility"] if r["uscc"] == code(number)}
    assert rows == {XIAN: 100, LANZHOU: 7}


def test_rows_of_nobody_are_orphans(tables: dict[str, list[Row]]) -> None:
    """An old number nobody knows is listed with its rows and yuan."""
    number = next(i for i, c in enumerate(CASES, start=1) if c.name == "old number: premium, nobody's")
    [found] = [r for r in tables["orphans"] if r["uscc"] == old_number(code(number))]
    expected = {"region_code": XIAN, "department": "tax", "extract": "premium_payments"}
    assert found == expected | {
        "uscc": found["uscc"],
        "rows": len(months(2019)),
        "amount": Decimal("1200.00"),
    }


def test_only_taken_units_have_a_payee(tables: dict[str, list[Row]]) -> None:
    """No account leaves the facts but that of a unit to be paid."""
    taken = {(r["region_code"], r["uscc"]) for r in tables["eligibility"] if r["is_taken"]}
    payees = [(r["region_code"], r["uscc"]) for r in tables["payees"]]
    assert set(payees) == taken
    assert len(payees) == len(taken)
