"""Sums of rows: monthly headcounts, and payments of finance's rows and our ledger's, each counted once."""
# One case a line reads as a table.
# ruff: noqa: E501

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stable_jobs.credit_code import make_registration_no
from stable_jobs.policy.aggregates import OURS, headcounts, ours
from stable_jobs.policy.extracts import rows_of
from stable_jobs.store.working import working_tables
from tests.policy.builder import LANZHOU, NIGHT, XIAN, Row, World, code, row_of
from tests.policy.cases import Build, Case, check, decide_cases, params
from tests.policy.engines import opened

OTHER = code(9001)
"""Another unit of the region, with payments of its own."""
OLD_KEY = make_registration_no("61010000000077")
"""The key of a unit that never got a code."""


def old_number(uscc: str) -> str:
    """A valid old number for a made-up code."""
    return make_registration_no("6101" + uscc[7:17])


def known_by_its_old_number(world: World, uscc: str) -> World:
    """insured_units names the unit's old number."""
    return world.change("insured_units", uscc, registration_no=old_number(uscc))


def ref(uscc: str, attempt: int = 1, region: str = XIAN) -> str:
    """An end-to-end id."""
    return f"20-{region}-{uscc}-01-{attempt:02}"


def pays(amount: str, attempt: int = 1, **row: Any) -> Build:
    """A line of ours."""
    return lambda world, uscc: world.pay_out(uscc, XIAN, amount, ref(uscc, attempt), **row)


def reports(amount: str, reference: int | None = 1, **row: Any) -> Build:
    """Finance reports a payment, with the end-to-end id of that attempt or without any."""
    return lambda world, uscc: world.refund(
        uscc, XIAN, amount, payment_reference=reference and ref(uscc, reference), **row
    )


def ruled(voucher: str) -> Build:
    """A person ruled finance's row to be a payment of ours."""
    return lambda world, uscc: world.pay_out(uscc, XIAN, "0.00", voucher=voucher)


def both(*builds: Build) -> Build:
    def build(world: World, uscc: str) -> None:
        for one in builds:
            one(world, uscc)

    return build


def paid(amount: str | None, left: str | None) -> dict[str, Any]:
    """`already_paid` and `payable`; every unit is entitled to 600.00."""
    yuan = {"already_paid": amount, "payable": left}
    return {name: None if value is None else Decimal(value) for name, value in yuan.items()}


def renumbered(*builds: Build) -> Build:
    """Builds with the unit's old number, which its row of insured_units names."""

    def build(world: World, uscc: str) -> None:
        known_by_its_old_number(world, uscc)
        for one in builds:
            one(world, old_number(uscc))

    return build


CASES = [
    Case("nothing", "", columns=paid("0.00", "600.00")),
    Case("ours, not reported yet", "", pays("400.00"), columns=paid("400.00", "200.00")),
    Case("ours, all of it", "", pays("600.00"), columns=paid("600.00", "0.00")),
    Case("ours, reported by its reference: once", "", both(pays("400.00"), reports("400.00")), columns=paid("400.00", "200.00")),
    Case("ours, reported with another amount: ours counts", "", both(pays("400.00"), reports("399.00")), columns=paid("400.00", "200.00")),
    Case("ours, reported twice by its reference: once", "", both(pays("400.00"), reports("400.00", voucher_no="A"), reports("400.00", voucher_no="B")), columns=paid("400.00", "200.00")),
    Case("ours, reported without its reference: a person has to rule, both count", "", both(pays("300.00"), reports("300.00", None)), columns=paid("600.00", "0.00")),
    Case("ours, ruled to be the same by its voucher: once", "", both(pays("300.00"), reports("300.00", None, voucher_no="PZ1"), ruled("PZ1")), columns=paid("300.00", "300.00")),
    Case("a ruling about one voucher leaves the other", "", both(pays("300.00"), reports("300.00", None, voucher_no="PZ2"), reports("50.00", None, voucher_no="PZ3"), ruled("PZ2")), columns=paid("350.00", "250.00")),
    Case("a ruled voucher not in today's extract", "", both(pays("300.00"), ruled("PZ4")), columns=paid("300.00", "300.00")),
    Case("paid outside as well", "", both(pays("300.00"), reports("100.00", None)), columns=paid("400.00", "200.00")),
    Case("paid outside only", "", reports("100.00", None), columns=paid("100.00", "500.00")),
    Case("a reference that is not ours counts as outside", "", reports("100.00", 7), columns=paid("100.00", "500.00")),
    Case("two attempts of one payment: once", "", both(pays("400.00"), pays("0.00", 2)), columns=paid("400.00", "200.00")),
    Case("two attempts, the second reported: once", "", both(pays("400.00"), pays("0.00", 2), reports("400.00", 2)), columns=paid("400.00", "200.00")),
    Case("two payments of ours add up", "", both(pays("300.00"), pays("250.00", 3)), columns=paid("550.00", "50.00")),
    Case("more than the entitlement", "", pays("700.00"), columns=paid("700.00", "0.00")),
    Case("ours, of another policy year", "", pays("300.00", year=2019), columns=paid("0.00", "600.00")),
    Case("ours of another year, reported under this one: it is still ours", "", both(pays("300.00", year=2019), reports("300.00")), columns=paid("0.00", "600.00")),
    Case("ours, reported by its reference after the night", "", both(pays("400.00"), reports("400.00", paid_date=date(2020, 5, 12))), columns=paid("400.00", "200.00")),
    Case("another unit's reference proves nothing", "", lambda w, u: w.refund(u, XIAN, "100.00", payment_reference=ref(OTHER)), columns=paid("100.00", "500.00")),
    Case("another unit's ruled voucher proves nothing", "", lambda w, u: w.refund(u, XIAN, "100.00", voucher_no="PZ-OTHER"), columns=paid("100.00", "500.00")),
    Case("ours in another region is another unit's", "", lambda w, u: w.pay_out(u, LANZHOU, "300.00", ref(u, region=LANZHOU)), columns=paid("0.00", "600.00")),
    Case("in doubt: a quarantined row hides ours too", "", both(pays("300.00"), lambda w, u: w.quarantine("prior_refunds", uscc=u, region_code=XIAN)), columns=paid(None, None)),
    Case("old number: finance reports by it", "", lambda w, u: (known_by_its_old_number(w, u), w.pay_out(u, XIAN, "400.00", ref(u)), w.refund(old_number(u), XIAN, "400.00", payment_reference=ref(u))), columns=paid("400.00", "200.00")),
    Case("old number: we paid by it before the unit changed its code", "", renumbered(pays("400.00")), columns=paid("400.00", "200.00")),
    Case("old number: we paid by it and finance reports it", "", renumbered(pays("400.00"), reports("400.00")), columns=paid("400.00", "200.00")),
]  # fmt: skip


def prepare(world: World) -> None:
    """The other unit with prior refunds of other years and dates, one nobody insures, one without a code."""
    world.unit(OTHER)
    world.unit(OLD_KEY)
    world.pay_out(OLD_KEY, XIAN, "400.00", ref(OLD_KEY))
    world.pay_out(OTHER, XIAN, "10.00", ref(OTHER))
    world.pay_out(OTHER, XIAN, "0.00", voucher="PZ-OTHER")
    world.refund(OTHER, XIAN, "99.00", policy_year=2019)
    world.refund(OTHER, XIAN, "98.00", paid_date=date(2020, 5, 12))
    world.refund(OTHER, XIAN, "97.00", scheme="difficult", paid_date=NIGHT)
    world.refund(code(9002), XIAN, "96.00", payment_reference="20-x")
    world.pay_out(code(9002), XIAN, "5.00", ref(code(9002)))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """All cases, decided in one night."""
    return decide_cases(CASES, tmp_path_factory.mktemp("night"), None, (XIAN, LANZHOU), prepare)


@pytest.mark.parametrize(("number", "case"), params(CASES))
def test_case(tables: dict[str, list[Row]], number: int, case: Case) -> None:
    check(tables, number, case)


def test_a_key_that_is_an_old_number(tables: dict[str, list[Row]]) -> None:
    """Finance lists by codes: what it paid such a unit nobody can say."""
    row = row_of(tables, OLD_KEY)
    assert (row["already_paid"], row["payable"], row["decision"]) == (None, None, "undecided")


def test_what_finance_reports_is_kept_for_the_ledger(tables: dict[str, list[Row]]) -> None:
    """Accepted rows of the policy year paid by the night, ours and others', of units and of nobody."""
    kept = {
        (r["uscc"], r["amount"], r["scheme"], r["paid_date"]) for r in tables["refunds"] if r["uscc"] >= OTHER
    }
    march = date(2020, 3, 2)
    assert kept == {
        (OTHER, Decimal("97.00"), "difficult", NIGHT),
        (code(9002), Decimal("96.00"), "general", march),
    }
    number = next(
        i
        for i, c in enumerate(CASES, start=1)
        if c.name == "old number: we paid by it and finance reports it"
    )
    [row] = [r for r in tables["refunds"] if r["uscc"] == code(number)]
    assert row == {
        "region_code": XIAN, "uscc": code(number), "policy_year": 2020, "scheme": "general",
        "amount": Decimal("400.00"), "paid_date": march, "voucher_no": f"V{old_number(code(number))}400.00",
        "payment_reference": ref(old_number(code(number))),
    }  # fmt: skip
    assert old_number(code(number)) not in {r["uscc"] for r in tables["refunds"]}


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param(OURS, id="as agreed"),
        pytest.param(
            OURS | {"policy_year": "int32", "amount": "decimal(38,2)"}, id="wider amounts, shorter years"
        ),
        pytest.param(dict(reversed(OURS.items())) | {"remark": "string"}, id="another order, a column more"),
    ],
)
def test_the_ledgers_file(columns: dict[str, str], tmp_path: Path) -> None:
    """Types are ours whatever wrote the file."""
    row = {
        "region_code": XIAN,
        "uscc": OTHER,
        "policy_year": 2020,
        "amount": Decimal("1.00"),
        "payment_reference": "x",
    }
    path = tmp_path / "it's ours.parquet"
    schema = ibis.schema(columns).to_pyarrow()
    pq.write_table(pa.Table.from_pylist([row], schema=schema), path)
    with opened() as backend, working_tables(backend) as working:
        found = ours(working, str(path))
        assert dict(found.schema().items()) == dict(ibis.schema(OURS).items())
        assert rows_of(found) == [row | {"voucher_no": None}]


@pytest.mark.parametrize("counts", [(7, 30), (30, 7)], ids=["smaller first", "larger first"])
def test_of_a_month_that_stands_twice_the_larger_count(counts: tuple[int, int], tmp_path: Path) -> None:
    """The order of the rows in a file decides nothing; the unit's headcount is in conflict anyway."""
    months = [(202003, 99), *((202004, count) for count in counts)]
    rows = [{"region_code": XIAN, "uscc": OTHER, "month": m, "insured_count": n} for m, n in months]
    kinds = {"region_code": "string", "uscc": "string", "month": "int32", "insured_count": "int64"}
    path = tmp_path / "months.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=ibis.schema(kinds).to_pyarrow()), path)
    with opened() as backend, working_tables(backend) as working:
        (found,) = rows_of(headcounts(working.files([str(path)], kinds), NIGHT))
    assert (found["newest_count"], found["is_headcount_conflict"]) == (30, True)
